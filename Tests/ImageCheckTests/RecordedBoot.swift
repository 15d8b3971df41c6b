import FoundationEssentials
import Targets
import TestSupport
import Testing

/// A row of the table whose image is there.
struct RecordedBoot: Sendable, CustomTestStringConvertible {
    var path: String
    var image: String
    /// What was broken, `-` for nothing.
    var breakage: String
    var disk: DiskBus
    var firmware: FirmwareKind
    var boots: String
    var reachable: String
    /// The link that broke, `-` for none.
    var stopped: String

    var testDescription: String { "\(image) \(breakage) on \(disk.rawValue), \(firmware.rawValue)" }

    /// All rows whose image is there; none when `IMAGECHECK_IMAGES` is not set.
    static let all: [RecordedBoot] = {
        guard let folder = FixtureTool.environment("IMAGECHECK_IMAGES"),
            let text = try? Snapshot.file("testimages/recorded-boots.tsv")
        else { return [] }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count > 6, let disk = DiskBus(rawValue: fields[2]),
                let firmware = FirmwareKind(rawValue: fields[3])
            else { return nil }
            let path =
                fields[1] == "-"
                ? "\(folder)/\(fields[0]).raw" : "\(folder)/broken/\(fields[0])+\(fields[1]).raw"
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            return RecordedBoot(
                path: path, image: fields[0], breakage: fields[1], disk: disk, firmware: firmware,
                boots: fields[4], reachable: fields[5], stopped: fields[6])
        }
    }()
}
