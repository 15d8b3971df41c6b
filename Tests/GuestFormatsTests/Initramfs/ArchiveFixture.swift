import ByteReading
import GuestFormats

/// Archives in small, as each maker lays them out.
enum ArchiveFixture {
    static let release = "6.1.0-9-amd64"

    /// What is known of the kernel in these tests.
    static let context = InitramfsSummary.DriverContext(kernel: release)

    static func contents(_ fill: (inout CPIOBuilder) -> Void) -> InitramfsContents {
        var builder = CPIOBuilder()
        fill(&builder)
        builder.trailer()
        return InitramfsReader().read(Bytes(builder.bytes))
    }

    static func summary(_ fill: (inout CPIOBuilder) -> Void) -> InitramfsSummary {
        InitramfsSummary(contents(fill))
    }

    private static let dependencies = """
        kernel/virtio_blk.ko: kernel/virtio.ko kernel/virtio_ring.ko
        kernel/virtio_pci.ko: kernel/virtio_pci_modern_dev.ko kernel/virtio.ko kernel/virtio_ring.ko
        kernel/virtio_pci_modern_dev.ko:
        kernel/virtio.ko:
        kernel/virtio_ring.ko:
        kernel/virtio_scsi.ko: kernel/virtio.ko kernel/virtio_ring.ko
        kernel/sd_mod.ko:
        kernel/nvme.ko: kernel/nvme-core.ko
        kernel/nvme-core.ko:
        kernel/hv_vmbus.ko:
        kernel/hv_storvsc.ko: kernel/hv_vmbus.ko
        kernel/xen-blkfront.ko:
        kernel/ahci.ko:
        kernel/ext4.ko:
        kernel/xfs.ko:

        """

    static let virtio = ["virtio_blk", "virtio_pci", "virtio_pci_modern_dev", "virtio", "virtio_ring"]

    private static let aliases = """
        alias virtio:d00000002v* virtio_blk
        alias virtio:d00000008v* virtio_scsi
        alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci
        alias pci:v*d*sv*sd*bc01sc08i02* nvme
        alias scsi:t-0x00* sd_mod
        alias vmbus:d96361baa104294db60572e2ffb1dc7f hv_storvsc
        alias acpi*:VMBUS:* hv_vmbus
        alias xen:vbd xen_blkfront
        alias pci:v*d*sv*sd*bc01sc06i01* ahci

        """

    /// The module tree of `release`, with what depmod writes beside it.
    static func modules(
        _ names: [String] = virtio, suffix: String = ".ko", root: String = "usr/lib/modules",
        release: String = release, builtin: String = "", aliases: String = aliases,
        in builder: inout CPIOBuilder
    ) {
        let directory = "\(root)/\(release)"
        builder.directories("\(directory)/kernel")
        for name in names { builder.file("\(directory)/kernel/\(name)\(suffix)", "module") }
        let lines = dependencies.split(separator: "\n").map { line in
            line.split(separator: " ").map { word in
                word.hasSuffix(".ko:") ? word.dropLast(4) + suffix + ":" : word.dropLast(3) + suffix
            }.joined(separator: " ")
        }
        builder.file("\(directory)/modules.dep", lines.joined(separator: "\n") + "\n")
        builder.file("\(directory)/modules.dep.bin", "binary")
        builder.file("\(directory)/modules.alias", aliases)
        builder.file("\(directory)/modules.builtin", builtin)
    }

    static func udev(in builder: inout CPIOBuilder) {
        for path in ["usr/bin", "usr/sbin", "usr/lib/udev/rules.d", "usr/lib/systemd"] {
            builder.directories(path)
        }
        builder.file("usr/lib/systemd/systemd-udevd", "elf", mode: 0o100755)
        builder.file("usr/lib/udev/rules.d/80-drivers.rules", "rule")
    }

    /// Debian's.
    static func initramfsTools(
        _ names: [String] = virtio, suffix: String = ".ko", builtin: String = "",
        _ change: (inout CPIOBuilder) -> Void = { _ in }
    ) -> InitramfsSummary {
        summary {
            for path in ["etc/modprobe.d", "conf"] { $0.directories(path) }
            udev(in: &$0)
            $0.link("lib", to: "usr/lib")
            modules(names, suffix: suffix, builtin: builtin, in: &$0)
            $0.file("conf/initramfs.conf", "MODULES=most\n")
            change(&$0)
        }
    }

    /// dracut's, under systemd.
    static func dracut(
        _ names: [String] = virtio, version: String = "059-4",
        _ change: (inout CPIOBuilder) -> Void = { _ in }
    ) -> InitramfsSummary {
        summary {
            for path in ["etc/cmdline.d", "etc/modprobe.d", "usr/lib/dracut/hooks"] { $0.directories(path) }
            udev(in: &$0)
            $0.link("lib", to: "usr/lib")
            modules(names, in: &$0)
            $0.file("usr/lib/initrd-release", "ID=debian\nDRACUT_VERSION=\"\(version)\"\n")
            change(&$0)
        }
    }
}
