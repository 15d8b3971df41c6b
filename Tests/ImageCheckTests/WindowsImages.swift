import Checks
import ImageCheck
import Reports
import Targets
import TestSupport

/// The Windows disks that `testimages/recipes/make-windows.sh` composes: real NTFS, hives, boot stores and PE files
/// in the layout of each generation, and one change for each way to break them.
enum WindowsImages {
    /// A launch and what it must come to: a row of `testimages/windows-images.tsv`.
    struct Launch: Sendable, Hashable, CustomStringConvertible {
        var image: String
        var disk: DiskBus
        var firmware: FirmwareKind
        var boots: String
        var reachable: String
        var ready: String
        /// The link of the launch, or `-`.
        var stopsAt: String
        /// The code that must be among the findings, `-` for none.
        var code: String

        var description: String { "\(image) on \(disk.rawValue), \(firmware.rawValue)" }
    }

    /// Whether they can be made here: mounting NTFS needs root.
    static let canBeMade =
        HostTool.has("mkntfs", "ntfs-3g", "qemu-img", "mkfs.vfat", "mcopy", "sfdisk", "wimlib-imagex")
        && HostTool.isRoot && FixtureTool.exists("python3")

    /// All rows of the table.
    static let launches: [Launch] = {
        let text = (try? Snapshot.file("testimages/windows-images.tsv")) ?? []
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        guard let names = lines.first else { return [] }
        return lines.dropFirst().compactMap { fields in
            func field(_ name: String) -> String {
                guard let index = names.firstIndex(of: name), index < fields.count else { return "" }
                return fields[index]
            }
            guard let disk = DiskBus(rawValue: field("disk")),
                let firmware = FirmwareKind(rawValue: field("firmware"))
            else { return nil }
            return Launch(
                image: field("image"), disk: disk, firmware: firmware, boots: field("boots"),
                reachable: field("reachable"), ready: field("ready"), stopsAt: field("stopsAt"),
                code: field("code"))
        }
    }()

    private static let folder = Snapshot.repository + ".build/windows-images"

    /// Makes all of them once, and again when the recipe changed.
    private static let making = Task {
        try await HostTool.shell(
            """
            cd '\(Snapshot.repository)'
            mkdir -p '\(folder)'
            wanted=$(cat testimages/recipes/make-windows.* $(find testimages/recipes/windows -type f -name '*.*' \
                ! -name '*.pyc' | sort) | sha256sum)
            if [ "$wanted" != "$(cat '\(folder)/made' 2>/dev/null)" ]; then
                rm -f '\(folder)'/*
                PYTHONDONTWRITEBYTECODE=1 testimages/recipes/make-windows.sh '\(folder)' >'\(folder)/log' 2>&1
                echo "$wanted" > '\(folder)/made'
            fi
            """)
    }

    /// The host path of an image.
    static func path(_ name: String) async throws -> String {
        _ = try await making.value
        return folder + "/" + name
    }

    /// The report on an image for one launch on a plain KVM host.
    static func scan(_ path: String, on launch: Launch, target: Target = .kvm) throws -> ScanReport {
        var options = ScanOptions()
        options.targets = [target]
        options.disk = launch.disk
        options.firmware = launch.firmware
        return try ImageScanner(options).scan(path)
    }
}
