import BlockIO
import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import TestSupport
import Testing

@testable import GuestInspection

/// dracut's squashed archives, made by mksquashfs and cpio as dracut does (99squash/module-setup.sh).
@Suite(.enabled(if: HostTool.has("mksquashfs", "cpio", "gzip")), .serialized)
struct InitramfsPayloadTests {
    private static let release = "6.1.0-9-amd64"

    /// The tree of an archive, below `$D`; what mounts it below `$O`.
    private static let fill = """
        K=\(release)
        mkdir -p $D/usr/lib/modules/$K/kernel $D/usr/lib/udev/rules.d $D/usr/lib/systemd $D/usr/bin $D/usr/sbin
        mkdir -p $D/etc/cmdline.d $D/etc/modprobe.d $D/usr/lib/dracut $D/etc/lvm
        ln -s usr/lib $D/lib; ln -s usr/bin $D/bin; ln -s usr/sbin $D/sbin
        for m in virtio_blk virtio_pci virtio virtio_ring xfs; do echo $m > $D/usr/lib/modules/$K/kernel/$m.ko; done
        printf 'kernel/virtio_blk.ko: kernel/virtio.ko kernel/virtio_ring.ko\\n' > $D/usr/lib/modules/$K/modules.dep
        printf 'kernel/virtio_pci.ko: kernel/virtio.ko kernel/virtio_ring.ko\\nkernel/virtio.ko:\\n' \
            >> $D/usr/lib/modules/$K/modules.dep
        printf 'kernel/virtio_ring.ko:\\nkernel/xfs.ko:\\n' >> $D/usr/lib/modules/$K/modules.dep
        echo binary > $D/usr/lib/modules/$K/modules.dep.bin
        printf 'alias virtio:d00000002v* virtio_blk\\nalias pci:v00001AF4d* virtio_pci\\n' \
            > $D/usr/lib/modules/$K/modules.alias
        echo elf > $D/usr/lib/systemd/systemd-udevd; chmod 755 $D/usr/lib/systemd/systemd-udevd
        echo rule > $D/usr/lib/udev/rules.d/80-drivers.rules
        echo ' rd.lvm.lv=vg/root ' > $D/etc/cmdline.d/90lvm.conf
        echo 'DRACUT_VERSION="059-4"' > $D/usr/lib/initrd-release
        for p in lvm lvm_scan; do echo elf > $D/usr/sbin/$p; chmod 755 $D/usr/sbin/$p; done
        cp /bin/true $D/usr/bin/tool; cp /bin/true $D/init
        mkdir -p $O/usr/lib/modules/$K/kernel $O/usr/lib/dracut $O/squash $O/usr/bin
        ln -s usr/lib $O/lib; ln -s usr/bin $O/bin
        for m in loop squashfs overlay; do echo $m > $O/usr/lib/modules/$K/kernel/$m.ko; done
        printf 'kernel/loop.ko:\\nkernel/squashfs.ko:\\nkernel/overlay.ko:\\n' > $O/usr/lib/modules/$K/modules.dep
        echo '#!/bin/sh' > $O/init; chmod 755 $O/init; cp /bin/true $O/usr/bin/sh
        """

    /// - Parameter pack: shell that makes `initrd` from `outer` and `inner`.
    private func archive(
        _ change: String = "", options: String = "-no-xattrs -no-exports -always-use-fragments",
        image: String = "squashfs-root.img", pack: String = "cat", early: Bool = true
    ) async throws -> [UInt8] {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            mkdir inner outer; D=$PWD/inner; O=$PWD/outer
            \(Self.fill)
            \(change)
            mksquashfs inner outer/\(image) -noappend -no-progress -quiet \(options)
            mkdir -p micro/kernel/x86/microcode; echo microcode > micro/kernel/x86/microcode/AuthenticAMD.bin
            : > initrd
            \(early ? "(cd micro && find . | cpio -o -H newc --quiet) > initrd" : "")
            (cd outer && find . | sort | cpio -o -H newc --quiet) | \(pack) >> initrd
            """, in: folder.path)
        return try FixtureTool.contents(folder.place("initrd"))
    }

    /// What inspection makes of an archive that lies on a disk, padding before it when `before` says so.
    private func inspect(
        _ archive: [UInt8], before: [UInt8]? = nil, commandLine: String = ""
    ) throws -> InitramfsInspection.Result {
        var disk = MemoryFileSystem(uuid: "feed")
        disk.file("boot/initrd", bytes: archive)
        if let before { disk.file("boot/early", bytes: before) }
        let volume = Compose.partition(1, "ext4", uuid: "feed")
        let layout = Compose.layout([volume], [volume.id: disk])
        let reader = GuestReader(tree: FileTree(root: disk))
        let grub = GrubDisk(layout: layout, mendsPartitionTable: true)
        let files = BootFiles(disk: grub, mounts: MountTable(root: volume.id))
        let inspection = InitramfsInspection(
            reader: reader, files: files,
            resolver: DeviceResolver(volumes: layout.image.volumes) { _ in .unknown },
            image: layout.image)
        let device = GrubDevice("hd0,gpt1")
        var archives = [files.file(device, "/boot/initrd")]
        if before != nil { archives.insert(files.file(device, "/boot/early"), at: 0) }
        return inspection.inspect(archives, commandLine: KernelCommandLine(commandLine))
    }

    private let context = InitramfsSummary.DriverContext(kernel: release)

    private func isUsable(_ state: InitramfsDriverState?) -> Bool {
        if case .usable = state { true } else { false }
    }

    @Test(
        "Trap 6: a squashed archive of dracut is read",
        arguments: [
            "-no-xattrs -no-exports -no-recovery -always-use-fragments", "-comp xz -Xdict-size 100%",
            "-comp zstd -Xcompression-level 22", "-comp lz4 -Xhc", "-comp lzo -no-fragments",
        ])
    func readsInPlace(_ options: String) async throws {
        let result = try inspect(try await archive(options: options))
        let facts = try #require(result.facts.first)
        #expect(facts.state == .good && facts.unreadPayload == nil, "\(facts)")
        #expect(facts.payload?.path == "squashfs-root.img")
        #expect(facts.generator == "dracut" && facts.generatorVersion == 59)
        #expect(facts.tools == ["lvm"] && facts.storage.lvm == [.dracut])
        #expect(facts.storage.parameters == [.init(name: "rd.lvm.lv", value: "vg/root")])
        for name in ["virtio_blk", "virtio_pci", "xfs", "loop", "squashfs", "overlay"] {
            #expect(isUsable(result.summary?.driverState(name, context)), "\(name)")
        }
        #expect(result.summary?.driverState("nvme", context) == .absent)
    }

    @Test func everyNameOfTheImageIsKnown() async throws {
        // Under the old name the archive keeps the lists of all modules, which then cover those of the image.
        let lists = "cp $D/usr/lib/modules/$K/modules.* $O/usr/lib/modules/$K"
        for (image, change) in [("squash-root.img", ""), ("squash/root.img", lists)] {
            let result = try inspect(try await archive(change, image: image))
            #expect(result.facts.first?.unreadPayload == nil)
            #expect(isUsable(result.summary?.driverState("virtio_blk", context)), "\(image)")
        }
    }

    @Test func behindAnotherFileAndWithoutMicrocode() async throws {
        let bytes = try await archive(early: false)
        var first: [UInt8] = []
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            "echo x > x; find . -name x | cpio -o -H newc --quiet > early", in: folder.path)
        first = try FixtureTool.contents(folder.place("early"))
        // The loader starts the second file at a multiple of four bytes.
        for padding in 0..<4 {
            let result = try inspect(bytes, before: first + [UInt8](repeating: 0, count: padding))
            #expect(isUsable(result.summary?.driverState("virtio_blk", context)), "\(padding)")
        }
    }

    @Test func aSmallPayloadInACompressedArchiveIsUnpacked() async throws {
        let result = try inspect(try await archive(pack: "gzip -1"))
        #expect(isUsable(result.summary?.driverState("virtio_blk", context)))
        let large = try inspect(
            try await archive("head -c 13000000 /dev/urandom > $D/usr/lib/large", pack: "gzip -1"))
        #expect(large.facts.first?.unreadPayload == "squashfs-root.img")
        guard case .unknown? = large.summary?.driverState("virtio_blk", context) else {
            Issue.record("a payload that is not read")
            return
        }
    }

    @Test func aPayloadOfErofsStaysUnknown() async throws {
        let result = try inspect(try await archive(image: "erofs-root.img"))
        #expect(result.facts.first?.unreadPayload == "erofs-root.img")
        guard case .unknown? = result.summary?.driverState("virtio_blk", context) else {
            Issue.record("a payload that is not read")
            return
        }
    }

    @Test func whatMountsThePayloadHasToLieBesideIt() async throws {
        let result = try inspect(
            try await archive(
                "rm $O/usr/lib/modules/*/kernel/overlay.ko; echo x > $D/usr/lib/modules/$K/kernel/overlay.ko")
        )
        #expect(result.summary?.driverState("overlay", context) == .absent)
        #expect(result.facts.first?.payload?.drivers == ["loop", "squashfs", "overlay"])
    }

    /// Damage ends in a result: what could not be read is not absent.
    @Test func damageInThePayload() async throws {
        let good = try await archive(options: "-noI -noD -noF -no-fragments")
        let start = try #require(Bytes(good).firstIndex(of: Array("hsqs".utf8)))
        for offset in stride(from: start, to: min(good.count, start + 96), by: 5) {
            var bad = good
            bad[offset] ^= 0xFF
            let result = try inspect(bad)
            if result.facts.first?.unreadPayload == nil, result.facts.first?.state == .good {
                #expect(isUsable(result.summary?.driverState("virtio_blk", context)), "\(offset)")
            } else if result.summary?.driverState("virtio_blk", context) == .absent {
                Issue.record("absent after damage at \(offset)")
            }
        }
    }

    /// Archives that dracut made: `dracut-NAME-KERNEL.img` in the directory that IMAGECHECK_BOOT names.
    @Test(.enabled(if: FixtureTool.environment("IMAGECHECK_BOOT") != nil))
    func judgesRealOnes() throws {
        let directory = try #require(FixtureTool.environment("IMAGECHECK_BOOT"))
        for name in FixtureTool.list(directory) where name.hasPrefix("dracut-") {
            let result = try inspect(try FixtureTool.contents(directory + "/" + name))
            let facts = try #require(result.facts.first)
            #expect(facts.state == .good && facts.hasInit == .yes, "\(name): \(facts)")
            #expect(facts.generator == "dracut" && (facts.generatorVersion ?? 0) > 0, "\(name): \(facts)")
            #expect((facts.payload != nil) == name.contains("squash"), "\(name): \(facts)")
            let kernel = InitramfsSummary.DriverContext(kernel: facts.kernelVersions.first)
            for driver in [
                "virtio_blk", "virtio_pci", "virtio_scsi", "nvme", "ahci", "hv_storvsc", "xen_blkfront",
                "ext4",
            ] {
                let state = result.summary?.driverState(driver, kernel)
                #expect(
                    isUsable(state) || state == .builtIn, "\(name), \(driver): \(String(describing: state))")
            }
        }
    }
}
