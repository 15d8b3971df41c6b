import BlockIO
import Btrfs
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

/// Subvolumes, snapshots and the default one, as the kernel and btrfs-progs show them.
@Suite(.enabled(if: BtrfsImage.canMount), .serialized)
struct SubvolumeTests {
    /// The layout of snapper, and a snapshot of a subvolume that holds another.
    static let script = """
        btrfs -q subvolume create $D/@ 2>/dev/null || btrfs subvolume create $D/@ >/dev/null
        btrfs subvolume create $D/@/.snapshots >/dev/null; mkdir -p $D/@/.snapshots/1 $D/plain/deep
        btrfs subvolume snapshot $D/@ $D/@/.snapshots/1/snapshot >/dev/null
        echo inside > $D/@/.snapshots/1/snapshot/file; echo top > $D/top; echo at > $D/@/at
        btrfs subvolume create $D/plain/deep/nested >/dev/null; echo n > $D/plain/deep/nested/n
        btrfs subvolume snapshot -r $D $D/copy >/dev/null; chown 7:8 $D/plain/deep
        btrfs subvolume snapshot -r $D/plain/deep/nested $D/plain/frozen >/dev/null
        btrfs subvolume create $D/gone >/dev/null; btrfs subvolume delete $D/gone >/dev/null
        """

    /// A directory that stands for a subvolume elsewhere has the time of the mount.
    private func withoutTimes(_ lines: [String]) -> [String] {
        lines.map { line in
            var fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            fields[7] = "-"
            return fields.joined(separator: "\t")
        }
    }

    @Test func `enters subvolumes as the kernel does`() async throws {
        let folder = try await ScratchFolder()
        let images = try await BtrfsImage.make("", SubvolumeTests.script, in: folder)
        let (expected, listed) = try await BtrfsImage.mounted(images, options: "ro", in: folder) { point in
            (
                try await Listing.ofDirectory(point),
                try await HostTool.shell(
                    "btrfs subvolume list -puqR \(point); btrfs subvolume list -r \(point)")
            )
        }
        let fileSystem = try BtrfsImage.open(images)
        #expect(withoutTimes(try Listing.of(fileSystem)) == withoutTimes(expected))
        #expect(fileSystem.conditions == [])

        let subvolumes = try fileSystem.subvolumes()
        #expect(subvolumes.first?.id == 5 && subvolumes.first?.path == "" && subvolumes.first?.parent == nil)
        let found = subvolumes.dropFirst().map { subvolume in
            "ID \(subvolume.id) parent \(subvolume.parent ?? 0) parent_uuid \(subvolume.snapshotOf ?? "-") "
                + "uuid \(subvolume.uuid ?? "-") path \(subvolume.path ?? "?")"
        }
        // ID 256 gen 7 parent 5 top level 5 parent_uuid - received_uuid - uuid … path @
        let lines = listed.split(separator: "\n").filter { $0.contains("received_uuid") }.map { line in
            let words = line.split(separator: " ").map(String.init)
            func after(_ name: String) -> String {
                words.firstIndex(of: name).map { words[$0 + 1] } ?? "?"
            }
            return "ID \(after("ID")) parent \(after("parent")) parent_uuid \(after("parent_uuid")) "
                + "uuid \(after("uuid")) path \(after("path"))"
        }
        #expect(found == lines)
        #expect(subvolumes.filter(\.isReadOnly).map(\.path) == ["copy", "plain/frozen"])
        #expect(subvolumes.filter(\.isDefault).map(\.id) == [5])
    }

    @Test func `shows the default subvolume`() async throws {
        let folder = try await ScratchFolder()
        let images = try await BtrfsImage.make(
            "", SubvolumeTests.script + "\nbtrfs subvolume set-default $D/@/.snapshots/1/snapshot", in: folder
        )
        let (expected, whole) = (
            try await BtrfsImage.mounted(images, options: "ro", in: folder) {
                try await Listing.ofDirectory($0)
            },
            try await BtrfsImage.mounted(images, options: "ro,subvolid=5", in: folder) {
                try await Listing.ofDirectory($0)
            }
        )
        let fileSystem = try BtrfsImage.open(images)
        #expect(withoutTimes(try Listing.of(fileSystem)) == withoutTimes(expected))
        let subvolumes = try fileSystem.subvolumes()
        let standard = try #require(subvolumes.filter(\.isDefault).first)
        #expect(standard.path == "@/.snapshots/1/snapshot")
        #expect(standard.top == fileSystem.root)
        #expect(withoutTimes(try Listing.of(fileSystem, top: subvolumes[0].top)) == withoutTimes(whole))
        #expect(fileSystem.features.contains("default_subvol"))
    }
}
