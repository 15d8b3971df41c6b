import ArgumentParser
import FoundationEssentials

struct FuzzCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz", abstract: "Feed files to a parser; a trap or a hang is a defect.",
        discussion: """
            With --mutate, each file is also fed with single bytes changed and cut short at every length; with \
            --random, with random changes, the same ones for the same number. Without files, the entry's own seed \
            is taken. The entry “all” stands for every entry.

            Entries: \(FuzzEntries.all.map(\.name).joined(separator: ", ")).
            """)

    @Argument(help: "The entry, or “all”.")
    var entry: String

    @Argument(help: "The files.")
    var files: [String] = []

    @Flag(help: "Feed copies with one byte changed and copies cut short.")
    var mutate = false

    @Option(help: ArgumentHelp("Feed so many randomly changed copies of each file.", valueName: "count"))
    var random = 0

    @Option(help: "Where the random changes begin.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Report an input that takes longer than this.", valueName: "seconds"))
    var slow = 2.0

    @Option(help: "Write each input to this file before it is fed, so that the one that traps can be had.")
    var save: String?

    private static let mutatedBytes = 64 << 10

    func run() throws {
        let chosen = entry == "all" ? FuzzEntries.all : FuzzEntries.entry(entry).map { [$0] } ?? []
        guard !chosen.isEmpty else { throw ValidationError("There is no entry “\(entry)”.") }
        for entry in chosen {
            var session = Session(entry: entry, slow: slow, save: save)
            let inputs =
                files.isEmpty
                ? [entry.seed] : try files.map { [UInt8](try Data(contentsOf: URL(filePath: $0))) }
            for input in inputs { try feed(input, to: &session) }
            print(session.summary)
        }
    }

    private func feed(_ bytes: [UInt8], to session: inout Session) throws {
        try session.feed(bytes)
        let places = Mutator.places(in: bytes, limit: FuzzCommand.mutatedBytes)
        if mutate {
            for index in places {
                try session.feed(Array(bytes[..<index]))
                for value in [bytes[index] ^ 0xFF, bytes[index] ^ 1, 0, 0x7F, 0x80, 0xFF]
                where value != bytes[index] {
                    var changed = bytes
                    changed[index] = value
                    try session.feed(changed)
                }
            }
        }
        for number in 0..<max(0, random) {
            var mutator = Mutator(seed: seed &+ UInt64(number) &<< 8)
            try session.feed(mutator.changed(bytes, at: places))
        }
    }

    /// Counts and times what one parser is fed.
    private struct Session {
        let entry: FuzzEntry
        let slow: Double
        let save: String?
        private var runs = 0
        private var slowest = 0.0

        init(entry: FuzzEntry, slow: Double, save: String?) {
            self.entry = entry
            self.slow = slow
            self.save = save
        }

        mutating func feed(_ bytes: [UInt8]) throws {
            if let save { try Data(bytes).write(to: URL(filePath: save)) }
            let seconds = Stopwatch.best(of: 1) { entry.feed(bytes) }
            runs += 1
            slowest = max(slowest, seconds)
            if seconds > slow {
                print(
                    "\(entry.name): run \(runs), \(bytes.count) bytes, took \(Stopwatch.rounded(seconds)) s")
            }
        }

        var summary: String {
            "\(entry.name): \(runs) runs, slowest \(Stopwatch.rounded(slowest * 1000)) ms"
        }
    }
}
