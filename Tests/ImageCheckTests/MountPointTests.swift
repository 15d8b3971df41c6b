import ImageCheck
import Reports
import TestSupport
import Testing

/// Where the systems of an image have its volumes, as the layers tell.
@Suite(.enabled(if: HostTool.has("xz")))
struct MountPointTests {
    /// Kind and place of each file system, in the order of the disk.
    private func mounted(_ layers: [ScanReport.Layer]) -> [String] {
        layers.flatMap { layer in
            (layer.used == nil ? [] : ["\(layer.kind) \(layer.identity?["mounted"] ?? "-")"])
                + mounted(layer.children ?? [])
        }
    }

    @Test(arguments: [
        ("healthy-bios-mbr.qcow2", ["ext4 /"]),
        ("healthy-lvm-xfs.qcow2", ["ext4 /boot", "xfs /"]),
        ("healthy-btrfs.qcow2", ["btrfs /, /home"]),
        ("healthy-uefi-gpt.qcow2", ["vfat /boot/efi", "ext4 /"]),
        // What fstab names is not there; the root is, whatever the command line says.
        ("fstab-missing-data-disk.raw.xz", ["ext4 /"]),
        ("root-wrong-uuid.raw.xz", ["ext4 /"]),
        ("windows-2022-uefi.qcow2", ["vfat -", "ntfs C:"]),
        ("windows-2008r2-bios.qcow2", ["ntfs -", "ntfs C:"]),
        ("data-disk.qcow2", ["ext4 -"]),
    ])
    func layersSayWhereTheyAreMounted(_ image: String, _ places: [String]) async throws {
        let report = try ImageScanner().inspect(try await TestImages.path(image))
        #expect(mounted(report.image.layers) == places)
    }
}
