import ByteReading
import GuestFormats
import Testing

/// The traps of the catalogue that an archive sets.
@Suite struct InitramfsTrapTests {
    private let context = ArchiveFixture.context

    private func isUsable(_ state: InitramfsDriverState) -> Bool {
        if case .usable = state { true } else { false }
    }

    @Test("Trap 1: a driver without a file is there when it is built in")
    func builtin() {
        let listed = ArchiveFixture.initramfsTools([], builtin: "kernel/drivers/block/virtio_blk.ko\n")
        #expect(listed.driverState("virtio_blk", context) == .builtIn)
        #expect(listed.driverState("virtio_pci", context) == .absent)
        // Without a list the configuration says it.
        let bare = ArchiveFixture.summary { $0.directories("usr/bin") }
        let configuration = KernelConfig(parsing: Bytes(Array("CONFIG_VIRTIO_BLK=y\nCONFIG_XFS_FS=m\n".utf8)))
        let known = InitramfsSummary.DriverContext(
            kernel: ArchiveFixture.release, configuration: configuration)
        #expect(bare.driverState("virtio_blk", known) == .builtIn)
        #expect(bare.driverState("xfs", known) == .absent)
    }

    @Test(
        "Trap 2: compressed modules and dashes in their names",
        arguments: [".ko.xz", ".ko.zst", ".ko.gz", ".ko"])
    func compressedModules(_ suffix: String) {
        let archive = ArchiveFixture.initramfsTools(
            ArchiveFixture.virtio + ["nvme", "nvme-core", "xen-blkfront"], suffix: suffix)
        for name in ["virtio_blk", "virtio-pci", "nvme", "nvme_core", "xen_blkfront"] {
            #expect(isUsable(archive.driverState(name, context)), "\(name)\(suffix)")
        }
    }

    @Test("Trap 3: a module that is not in the archive is absent from it, whatever the system has")
    func notInArchive() {
        let archive = ArchiveFixture.initramfsTools(["ext4"]) { _ in }
        let dependencies = ModuleDependencies(
            parsing: Bytes(Array("kernel/drivers/block/virtio_blk.ko: kernel/virtio.ko\n".utf8)))
        let known = InitramfsSummary.DriverContext(kernel: ArchiveFixture.release, dependencies: dependencies)
        #expect(archive.driverState("virtio_blk", known) == .absent)
    }

    @Test("Trap 4: modules of another kernel do not count")
    func otherKernel() {
        let archive = ArchiveFixture.initramfsTools()
        #expect(
            archive.driverState("virtio_blk", .init(kernel: "6.1.0-10-amd64"))
                == .otherKernel([ArchiveFixture.release]))
    }

    @Test("Trap 5: the archive behind that of the microcode is read")
    func microcodeFirst() {
        var first = CPIOBuilder()
        first.directories("kernel/x86/microcode")
        first.file("early_cpio", "1\n")
        first.file("kernel/x86/microcode/GenuineIntel.bin", String(repeating: "m", count: 3000))
        first.trailer()
        first.pad(to: 512)
        var second = CPIOBuilder()
        second.link("lib", to: "usr/lib")
        second.directories("usr/lib/modules")
        ArchiveFixture.modules(in: &second)
        second.trailer()
        let contents = InitramfsReader().read(Bytes(first.bytes + second.bytes))
        #expect(contents.segments.count == 2 && contents.segments[0].isEarlyMicrocode)
        #expect(isUsable(InitramfsSummary(contents).driverState("virtio_blk", context)))
    }

    @Test("Trap 6: what may be in a payload that is not read is unknown, never absent")
    func unreadPayload() {
        for name in ["erofs-root.img", "squashfs-root.img", "squash/root.img"] {
            let archive = ArchiveFixture.initramfsTools(["loop", "overlay"]) {
                $0.directories("squash")
                $0.file(name, "payload")
            }
            guard case .unknown(let why) = archive.driverState("virtio_blk", context) else {
                Issue.record("\(name): \(archive.driverState("virtio_blk", context))")
                continue
            }
            #expect(why.contains(name))
            #expect(archive.payloads == [name])
        }
    }

    @Test("Trap 7: virtio_blk without virtio_pci, virtio_scsi without sd_mod")
    func halfADriver() {
        let disk = ArchiveFixture.initramfsTools(["virtio_blk", "virtio", "virtio_ring", "virtio_scsi"])
        #expect(isUsable(disk.driverState("virtio_blk", context)))
        #expect(disk.driverState("virtio_pci", context) == .absent)
        #expect(disk.driverState("sd_mod", context) == .absent)
        // A module that another needs is missed, too.
        let transport = ArchiveFixture.initramfsTools(["virtio_pci", "virtio", "virtio_ring"])
        #expect(transport.driverState("virtio_pci", context) == .missingDependency("virtio_pci_modern_dev"))
    }

    @Test("Trap 10: every form of line that keeps a module from loading")
    func blacklists() {
        func state(_ line: String, _ commandLine: String = "") -> InitramfsDriverState {
            ArchiveFixture.dracut { if !line.isEmpty { $0.file("etc/modprobe.d/x.conf", line + "\n") } }
                .driverState(
                    "virtio_blk",
                    .init(kernel: ArchiveFixture.release, commandLine: KernelCommandLine(commandLine)))
        }
        func isBlocked(_ state: InitramfsDriverState) -> Bool {
            if case .blocked = state { true } else { false }
        }
        #expect(isUsable(state("")))
        for line in [
            "blacklist virtio_blk", "blacklist virtio-blk", "install virtio_blk /bin/true",
            "install virtio_blk /bin/false", "install virtio-blk :", "alias virtio_blk off",
            "install virtio_ring /usr/bin/false", "install virtio_blk \\\n /bin/false",
        ] {
            #expect(isBlocked(state(line)), "\(line)")
        }
        for parameter in [
            "modprobe.blacklist=virtio_blk", "modprobe.blacklist=nvme,virtio-blk",
            "rd.driver.blacklist=virtio_blk",
            "rdblacklist=virtio_blk", "module_blacklist=virtio_blk", "module_blacklist=virtio_ring",
        ] {
            #expect(isBlocked(state("", parameter)), "\(parameter)")
        }
        for harmless in [
            "# blacklist virtio_blk", "blacklist virtio_ring",
            "install virtio_blk /sbin/modprobe -i virtio_blk",
            "options virtio_blk num_request_queues=1",
        ] {
            #expect(isUsable(state(harmless)), "\(harmless)")
        }
        #expect(isUsable(state("", "modprobe.blacklist=virtio_ring blacklist=virtio_blk")))
        // What dracut is told to load by name it loads in spite of a blacklist, but not of an install line.
        #expect(isUsable(state("blacklist virtio_blk", "rd.driver.pre=virtio_blk")))
        #expect(isBlocked(state("install virtio_blk /bin/false", "rd.driver.pre=virtio_blk")))
    }

    @Test("Trap 11: a blacklist line for a driver that is built in does nothing")
    func builtinBlacklist() {
        let archive = ArchiveFixture.initramfsTools([], builtin: "kernel/virtio_blk.ko\n") {
            $0.file("etc/modprobe.d/x.conf", "blacklist virtio_blk\ninstall virtio_blk /bin/true\n")
        }
        #expect(archive.driverState("virtio_blk", context) == .builtIn)
    }

    @Test("Trap 12: a nash initrd without the insmod line loads nothing")
    func nash() {
        let kernel = InitramfsSummary.DriverContext(kernel: "2.6.18-398.el5")
        func archive(_ script: String) -> InitramfsSummary {
            ArchiveFixture.summary {
                for path in ["bin", "lib", "etc", "sbin"] { $0.directories(path) }
                $0.file("bin/nash", "elf", mode: 0o100755)
                for name in ["virtio", "virtio_ring", "virtio_pci", "virtio_blk", "ext3"] {
                    $0.file("lib/\(name).ko", "module")
                }
                $0.file("etc/modprobe.conf", "blacklist virtio_blk\n")
                $0.file("init", "#!/bin/nash\n\n\(script)", mode: 0o100755)
            }
        }
        let good = archive("echo \"Loading virtio_blk.ko module\"\ninsmod /lib/virtio_blk.ko \nmkblkdevs\n")
        #expect(
            good.driverState("virtio_blk", kernel)
                == .usable(path: "lib/virtio_blk.ko", loading: .list(file: "init", line: 4)))
        guard case .notLoaded = archive("mkblkdevs\n").driverState("virtio_blk", kernel) else {
            Issue.record("loaded by nothing")
            return
        }
    }

    @Test("Trap 13: virtio_pci built in, with its helpers built in or as modules")
    func splitTransport() {
        let archive = ArchiveFixture.initramfsTools(
            ["virtio_blk", "virtio", "virtio_ring"],
            builtin: "kernel/drivers/virtio/virtio_pci.ko\nkernel/drivers/virtio/virtio_pci_modern_dev.ko\n")
        #expect(archive.driverState("virtio_pci", context) == .builtIn)
        #expect(isUsable(archive.driverState("virtio_blk", context)))
        #expect(isUsable(ArchiveFixture.initramfsTools().driverState("virtio_pci", context)))
    }

    @Test("Trap 14: a module in weak-updates is a link into the tree of another kernel")
    func weakUpdates() {
        let archive = ArchiveFixture.summary {
            $0.link("lib", to: "usr/lib")
            $0.directories("usr/lib/modules/5.14.0-70.el9/extra/ena")
            $0.file("usr/lib/modules/5.14.0-70.el9/extra/ena/ena.ko.xz", "module")
            $0.directories("usr/lib/modules/5.14.0-503.el9/weak-updates/ena")
            $0.link(
                "usr/lib/modules/5.14.0-503.el9/weak-updates/ena/ena.ko.xz",
                to: "/lib/modules/5.14.0-70.el9/extra/ena/ena.ko.xz")
            $0.link(
                "usr/lib/modules/5.14.0-503.el9/weak-updates/ena/gone.ko.xz", to: "/lib/modules/no/gone.ko.xz"
            )
        }
        let kernel = InitramfsSummary.DriverContext(kernel: "5.14.0-503.el9")
        #expect(
            archive.driverState("ena", kernel)
                == .usable(
                    path: "usr/lib/modules/5.14.0-70.el9/extra/ena/ena.ko.xz", loading: .other))
        #expect(archive.driverState("gone", kernel) == .absent)
    }

    @Test("Trap 15: modules below usr/lib are found through lib, and not without that link")
    func missingLink() {
        func archive(_ link: String?) -> InitramfsSummary {
            ArchiveFixture.summary {
                if let link { $0.link("lib", to: link) }
                $0.directories("conf")
                $0.file("conf/initramfs.conf", "MODULES=most\n")
                ArchiveFixture.udev(in: &$0)
                ArchiveFixture.modules(in: &$0)
            }
        }
        for link in ["usr/lib", "/usr/lib", "./usr/../usr/lib"] {
            #expect(isUsable(archive(link).driverState("virtio_blk", context)), "\(link)")
        }
        for link in [nil, "usr/lib64", "/gone"] {
            guard case .unknown = archive(link).driverState("virtio_blk", context) else {
                Issue.record("\(link ?? "no link")")
                continue
            }
        }
    }

    @Test("Trap 28: the copy of lvm.conf inside the archive is what counts")
    func lvmFilter() {
        let archive = ArchiveFixture.dracut {
            $0.directories("etc/lvm/devices")
            $0.file("etc/lvm/lvm.conf", "devices {\n filter = [ \"a|^/dev/sda|\", \"r|.*|\" ]\n}\n")
            $0.file("etc/lvm/devices/system.devices", "IDTYPE=sys_wwid IDNAME=naa.1 PVID=x\n")
        }
        #expect(archive.lvmConfiguration?.path == "etc/lvm/lvm.conf")
        #expect(archive.lvmDevices?.text.hasPrefix("IDTYPE") == true)
    }
}
