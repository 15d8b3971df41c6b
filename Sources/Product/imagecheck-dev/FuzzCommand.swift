import ArgumentParser
import ByteReading
import FoundationEssentials

/// The parsers that can be fed with files: each takes any bytes and comes back, with a value or a fault.
enum FuzzEntries {
    static let all: [String: @Sendable ([UInt8]) -> Void] = [
        "bytes": { bytes in
            let window = Bytes(bytes)
            var cursor = ByteCursor(window)
            while let width: UInt8 = try? cursor.little() {
                _ = try? window.slice(at: Int(width), count: Int(width))
                _ = try? window.little(UInt64.self, at: Int(width))
                guard (try? cursor.skip(Int(width))) != nil else { break }
            }
            _ = window.textToNUL
        },
        "guid": { bytes in
            let window = Bytes(bytes)
            _ = try? GUID(mixedEndian: window).description
        },
    ]
}

struct FuzzCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz", abstract: "Feed files to a parser; a trap or a hang is a defect.",
        discussion:
            "With --mutate, each file is also fed with single bytes changed and cut short at every length.")

    @Argument(help: "The entry: \(FuzzEntries.all.keys.sorted().joined(separator: ", ")).")
    var entry: String

    @Argument(help: "The files.")
    var files: [String]

    @Flag(help: "Feed changed copies too.")
    var mutate = false

    private static let mutatedBytes = 64 << 10

    func run() throws {
        guard let feed = FuzzEntries.all[entry] else {
            throw ValidationError("There is no entry “\(entry)”.")
        }
        var runs = 0
        for path in files {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            feed(bytes)
            runs += 1
            guard mutate else { continue }
            for index in bytes.indices.prefix(FuzzCommand.mutatedBytes) {
                feed(Array(bytes[..<index]))
                for value in [bytes[index] ^ 0xFF, bytes[index] ^ 1, 0, 0x7F, 0x80, 0xFF]
                where value != bytes[index] {
                    var changed = bytes
                    changed[index] = value
                    feed(changed)
                    runs += 1
                }
                runs += 1
            }
        }
        print("\(entry): \(runs) runs")
    }
}
