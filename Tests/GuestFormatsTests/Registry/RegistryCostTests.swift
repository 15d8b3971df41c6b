import ByteReading
import Testing

@testable import GuestFormats

/// What reading costs, in bytes.
struct RegistryCostTests {
    @Test func openingReadsTheHeaderOnly() throws {
        let large = LargeHive()
        let hive = try Hive(large.source)
        #expect(hive.state == .clean)
        #expect(large.bytesRead <= 4096)
    }

    @Test(arguments: [0, 1, 499_999, 500_000, 777_777, 999_999])
    func lookupReadsItsPathOnly(_ index: Int) throws {
        let large = LargeHive()
        let hive = try Hive(large.source)
        #expect(try hive.key(LargeHive.name(index).uppercased())?.name == LargeHive.name(index))
        #expect(large.bytesRead < 150 << 10, "\(large.bytesRead)")
    }

    @Test(arguments: ["A", "Key", "Key0500000x", "Key9999999", "Z"])
    func soDoesTheAnswerThatThereIsNone(_ name: String) throws {
        let large = LargeHive()
        #expect(try Hive(large.source).key(name) == nil)
        #expect(large.bytesRead < 150 << 10, "\(large.bytesRead)")
    }

    @Test func tooManyKeysAreALimit() throws {
        let hive = try Hive(LargeHive().source)
        let fault = #expect(throws: ImageFault.self) { try hive.root.subkeys() }
        #expect(fault?.kind == .limit)
    }

    @Test func verificationReadsBinHeadersOnly() throws {
        let large = LargeHive()
        let result = try Hive(large.source).verify(limit: 300)
        #expect(result.binCount == 300 && !result.isComplete)
        // The keys of the root are more than are read; that is all that is found.
        #expect(result.faults.map(\.kind) == [.limit])
        #expect(large.bytesRead < 4 << 20)
    }
}
