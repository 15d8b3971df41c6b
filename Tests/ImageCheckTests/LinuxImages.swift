import Checks
import GuestFacts
import ImageCheck
import Reports
import Targets
import TestSupport

/// The Linux guests that `testimages/recipes/make-linux.sh` composes: families that cannot be had as packages, in the
/// layout of each generation, and one change for each way to break them.
enum LinuxImages {
    /// A launch and what it must come to: a row of `testimages/linux-images.tsv`.
    struct Launch: Sendable, Hashable {
        var target: String
        var disk: DiskBus
        var firmware: FirmwareKind
        /// `yes`, `no`, `unknown`; `!no`: anything but no; `-`: there is no system to judge.
        var boots: String
        var reachable: String
        var ready: String
        /// The link of the launch, or `-`.
        var stopsAt: String
        /// The code that must be among the findings, `-` for none.
        var code: String
    }

    /// An image with all its rows.
    struct Image: Sendable, Hashable, CustomStringConvertible {
        var name: String
        /// The numbers of the traps of the catalogue that the image is a case of.
        var traps: [Int]
        var launches: [Launch]

        var description: String {
            traps.isEmpty ? name : traps.map { "Trap \($0)" }.joined(separator: ", ") + ": " + name
        }
    }

    private static let recipe = "testimages/recipes/make-linux.sh"

    /// Whether they can be made here: XFS and btrfs are filled through mounts, and a few packages are Debian's.
    static let canBeMade: Bool = {
        guard
            HostTool.has(
                "mke2fs", "mkfs.xfs", "mkfs.btrfs", "mkfs.vfat", "mcopy", "sfdisk", "qemu-img", "zstd",
                "objcopy", "cpio",
                "depmod", "rpmdb", "grub-mkimage", "extlinux", "mksquashfs", "apt-get"),
            HostTool.isRoot, FixtureTool.exists("python3")
        else { return false }
        let packages = try? FixtureTool.run("bash", [Snapshot.repository + recipe, "--packages"])
        return packages != nil
    }()

    /// All rows of the table, by image.
    static let all: [Image] = {
        let text = (try? Snapshot.file("testimages/linux-images.tsv")) ?? []
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        guard let names = lines.first else { return [] }
        return lines.dropFirst().reduce(into: []) { images, fields in
            func field(_ name: String) -> String {
                guard let index = names.firstIndex(of: name), index < fields.count else { return "" }
                return fields[index]
            }
            guard let disk = DiskBus(rawValue: field("disk")),
                let firmware = FirmwareKind(rawValue: field("firmware"))
            else { return }
            let launch = Launch(
                target: field("target"), disk: disk, firmware: firmware, boots: field("boots"),
                reachable: field("reachable"), ready: field("ready"), stopsAt: field("stopsAt"),
                code: field("code"))
            if images.last?.name != field("image") {
                let traps = field("traps").split { !$0.isNumber }.compactMap { Int($0) }
                images.append(Image(name: field("image"), traps: traps, launches: []))
            }
            images[images.count - 1].launches.append(launch)
        }
    }()

    private static let folder = Snapshot.repository + ".build/linux-images"

    /// Makes all of them once, and again when the recipe changed.
    private static let making = Task {
        try await HostTool.shell(
            """
            cd '\(Snapshot.repository)'
            mkdir -p '\(folder)'
            wanted=$(cat testimages/recipes/make-linux.* testimages/recipes/parts.py \
                $(find testimages/recipes/linux -type f -name '*.*' ! -name '*.pyc' | sort) | sha256sum)
            if [ "$wanted" != "$(cat '\(folder)/made' 2>/dev/null)" ]; then
                rm -f '\(folder)'/*
                \(recipe) '\(folder)' >'\(folder)/log' 2>&1
                echo "$wanted" > '\(folder)/made'
            fi
            """)
    }

    /// The host path of an image.
    static func path(_ name: String) async throws -> String {
        _ = try await making.value
        return folder + "/" + name
    }

    /// The report on an image for the launches of the targets, or for one launch.
    static func scan(_ path: String, targets: [Target], launch: Launch? = nil) throws -> ScanReport {
        var options = ScanOptions()
        options.targets = targets
        options.disk = launch?.disk
        options.firmware = launch?.firmware
        return try ImageScanner(options).scan(path)
    }
}
