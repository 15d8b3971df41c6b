import ImageCheck
import Reports
import Targets
import TestSupport

/// The small guests of `testimages/images`.
enum TestImages {
    /// A launch and what it must come to: a row of `testimages/images/expected.tsv`.
    struct Launch: Sendable, Hashable, CustomStringConvertible {
        var image: String
        var disk: DiskBus
        var firmware: FirmwareKind
        /// `yes`, `no`, or `-` when there is no system to judge.
        var boots: String
        var reachable: String
        /// The link of the launch, or `-`.
        var stopsAt: String
        /// The code of what stops it, `-` for nothing, `*` when several would be true.
        var code: String

        var description: String { "\(image) on \(disk.rawValue), \(firmware.rawValue)" }
    }

    /// All rows of the table.
    static let launches: [Launch] = {
        let text = (try? Snapshot.file("testimages/images/expected.tsv")) ?? []
        return String(decoding: text, as: UTF8.self).split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 8, let disk = DiskBus(rawValue: fields[1]),
                let firmware = FirmwareKind(rawValue: fields[2])
            else { return nil }
            return Launch(
                image: fields[0], disk: disk, firmware: firmware, boots: fields[3], reachable: fields[4],
                stopsAt: fields[5], code: fields[6])
        }
    }()

    /// The images of the table, each once, in its order.
    static let names: [String] = launches.reduce(into: []) { names, launch in
        if !names.contains(launch.image) { names.append(launch.image) }
    }

    private static let unpacking = Task { try await unpack() }

    /// Unpacks all `.raw.xz` files beside the build, where they stay until the packed file is newer.
    private static func unpack() async throws {
        try await HostTool.shell(
            """
            cd '\(Snapshot.repository)'
            mkdir -p .build/test-images
            for packed in testimages/images/*.xz; do
                plain=.build/test-images/$(basename "$packed" .xz)
                if [ "$plain" -nt "$packed" ]; then continue; fi
                xz -dkc "$packed" > "$plain.$$"
                mv "$plain.$$" "$plain"
            done
            """)
    }

    /// The host path of an image that can be scanned: packed ones are unpacked first.
    static func path(_ name: String) async throws -> String {
        guard name.hasSuffix(".xz") else { return Snapshot.repository + "testimages/images/" + name }
        try await unpacking.value
        return Snapshot.repository + ".build/test-images/" + name.dropLast(3)
    }

    /// The report on the image at `path` for a plain KVM host.
    static func scan(_ path: String, disk: DiskBus? = nil, firmware: FirmwareKind? = nil) throws
        -> ScanReport
    {
        var options = ScanOptions()
        options.targets = [.kvm]
        options.disk = disk
        options.firmware = firmware
        return try ImageScanner(options).scan(path)
    }
}
