import Testing

@testable import imagecheck_dev

/// Every parser on changed copies of its seed: it comes back. A trap ends the test process.
@Suite struct FuzzEntryTests {
    private static let randomRuns = 100

    @Test(arguments: FuzzEntries.all.map(\.name)) func survives(name: String) throws {
        let entry = try #require(FuzzEntries.entry(name))
        entry.feed([])
        entry.feed(entry.seed)
        let places = Mutator.places(in: entry.seed, limit: 100)
        for index in places {
            entry.feed(Array(entry.seed[..<index]))
            for value in [entry.seed[index] ^ 0x80, 0xFF, 0] {
                var changed = entry.seed
                changed[index] = value
                entry.feed(changed)
            }
        }
        for number in 0..<UInt64(Self.randomRuns) {
            var mutator = Mutator(seed: number)
            entry.feed(mutator.changed(entry.seed, at: places))
        }
    }

    @Test func namesAreUnique() {
        #expect(Set(FuzzEntries.all.map(\.name)).count == FuzzEntries.all.count)
    }
}
