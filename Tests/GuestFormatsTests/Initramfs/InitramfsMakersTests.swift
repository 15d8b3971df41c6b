import ByteReading
import GuestFormats
import TestSupport
import Testing

/// What each maker's archives load.
@Suite struct InitramfsMakersTests {
    private let context = ArchiveFixture.context

    private func line(_ text: String) -> InitramfsSummary.DriverContext {
        InitramfsSummary.DriverContext(
            kernel: ArchiveFixture.release, commandLine: KernelCommandLine(text))
    }

    // MARK: dracut

    @Test func dracutSaysItsVersionInSeveralPlaces() {
        #expect(ArchiveFixture.dracut().dracutVersion == 59)
        #expect(ArchiveFixture.dracut().generator == .dracut)
        let seven = ArchiveFixture.summary {
            $0.directories("usr/lib/dracut")
            $0.file("usr/lib/dracut/dracut-033-572.el7", "dracut-033-572.el7\n")
        }
        #expect(seven.dracutVersion == 33)
        let six = ArchiveFixture.summary {
            $0.directories("lib")
            $0.file("lib/dracut-lib.sh", "getarg() { :; }\n")
            $0.file("dracut-004-409.el6", "")
        }
        #expect(six.generator == .dracut && six.dracutVersion == 4)
        #expect(ArchiveFixture.initramfsTools().dracutVersion == nil)
    }

    @Test func dracutLoadsWhatItsParametersName() {
        let archive = ArchiveFixture.dracut {
            $0.file(
                "etc/cmdline.d/20-force_drivers.conf", "rd.driver.pre=nvme rd.driver.blacklist=virtio_blk\n")
            for name in ["nvme", "nvme-core"] {
                $0.file("usr/lib/modules/\(ArchiveFixture.release)/kernel/\(name).ko", "module")
            }
        }
        guard
            case .usable(_, .list("etc/cmdline.d/20-force_drivers.conf", _)) = archive.driverState(
                "nvme", context)
        else {
            Issue.record("\(archive.driverState("nvme", context))")
            return
        }
        guard case .blocked(_, .rule(let rule)) = archive.driverState("virtio_blk", context) else {
            Issue.record("the archive's own blacklist")
            return
        }
        #expect(rule.file == "etc/cmdline.d/20-force_drivers.conf")
    }

    @Test func dracutWaitsForTheDevicesOfItsMachine() {
        let archive = ArchiveFixture.dracut {
            $0.directories("var/lib/dracut/hooks/initqueue/finished")
            $0.file(
                "var/lib/dracut/hooks/initqueue/finished/devexists-\\x2fdev\\x2fdisk\\x2fby-uuid\\x2f12.sh",
                "[ -e \"/dev/disk/by-uuid/12\" ]\n")
        }
        #expect(archive.awaitedDevices.map(\.device) == ["/dev/disk/by-uuid/12"])
        #expect(ArchiveFixture.dracut().awaitedDevices.isEmpty)
    }

    @Test func listsForSystemdNeedItsProgram() {
        func archive(_ hasProgram: Bool) -> InitramfsSummary {
            ArchiveFixture.dracut {
                $0.directories("etc/modules-load.d")
                $0.file("etc/modules-load.d/a.conf", "# c\nvirtio_blk\n")
                $0.file("etc/modprobe.d/b.conf", "blacklist virtio_blk\n")
                if hasProgram { $0.file("usr/lib/systemd/systemd-modules-load", "elf", mode: 0o100755) }
            }
        }
        #expect(archive(true).requestedModules.map(\.name) == ["virtio_blk"])
        #expect(archive(false).requestedModules.isEmpty)
        // systemd-modules-load obeys blacklist lines.
        guard case .blocked = archive(true).driverState("virtio_blk", context) else {
            Issue.record("blacklist and modules-load.d")
            return
        }
    }

    // MARK: Alpine

    private func alpine(_ change: (inout CPIOBuilder) -> Void = { _ in }) -> InitramfsSummary {
        ArchiveFixture.summary {
            for path in ["sbin", "etc/modprobe.d"] { $0.directories(path) }
            $0.file("sbin/nlplug-findfs", "elf", mode: 0o100755)
            $0.file("init", "#!/bin/sh\nVERSION=3.8\necho \"Alpine Init $VERSION\"\n", mode: 0o100755)
            ArchiveFixture.modules(ArchiveFixture.virtio + ["ext4", "sd_mod"], root: "lib/modules", in: &$0)
            change(&$0)
        }
    }

    @Test func alpineLoadsByAliasAndWhatModulesNames() {
        let archive = alpine()
        #expect(archive.generator == .mkinitfs && archive.loadsByAlias == true)
        let path = "lib/modules/\(ArchiveFixture.release)/kernel/virtio_blk.ko"
        #expect(archive.driverState("virtio_blk", context) == .usable(path: path, loading: .alias))
        guard case .unknown = archive.driverState("ext4", context) else {
            Issue.record("nothing names ext4")
            return
        }
        for text in ["modules=sd-mod,usb-storage,ext4", "rootfstype=ext4"] {
            guard case .usable(_, .list) = archive.driverState("ext4", line(text)) else {
                Issue.record("\(text)")
                continue
            }
        }
    }

    @Test func busyboxModprobeTakesNoNoticeOfBlacklists() {
        let archive = alpine { $0.file("etc/modprobe.d/b.conf", "blacklist virtio_blk\nblacklist sd_mod\n") }
        guard case .blocked = archive.driverState("virtio_blk", context) else {
            Issue.record("nlplug-findfs obeys it")
            return
        }
        guard case .usable = archive.driverState("sd_mod", line("modules=sd-mod,ext4")) else {
            Issue.record("modprobe without -b does not")
            return
        }
        guard case .blocked = archive.driverState("virtio_pci", line("blacklist=virtio_pci")) else {
            Issue.record("blacklist= writes a line before anything is loaded")
            return
        }
    }

    // MARK: Arch

    private func arch(systemd: Bool, _ change: (inout CPIOBuilder) -> Void = { _ in }) -> InitramfsSummary {
        ArchiveFixture.summary {
            ArchiveFixture.udev(in: &$0)
            $0.link("lib", to: "usr/lib")
            ArchiveFixture.modules(suffix: ".ko.zst", in: &$0)
            $0.file("buildconfig", "HOOKS=(base udev autodetect block filesystems)\n")
            $0.file("config", "MODULES=\"virtio_blk nvme\"\nEARLYHOOKS=\"udev\"\n")
            if systemd {
                $0.file("usr/lib/systemd/systemd", "elf", mode: 0o100755)
                $0.link("init", to: "usr/lib/systemd/systemd")
                $0.directories("etc/modules-load.d")
                $0.file("etc/modules-load.d/MODULES.conf", "virtio_blk\n")
                $0.file("usr/lib/systemd/systemd-modules-load", "elf", mode: 0o100755)
            }
            change(&$0)
        }
    }

    @Test func archLoadsItsListUnderBothHooks() {
        for systemd in [false, true] {
            let archive = arch(systemd: systemd)
            #expect(archive.generator == .mkinitcpio && archive.usesSystemd == systemd)
            guard case .usable(_, .list) = archive.driverState("virtio_blk", context),
                case .usable(_, .alias) = archive.driverState("virtio_pci", context)
            else {
                Issue.record("systemd: \(systemd)")
                continue
            }
        }
        // modprobe -b.
        let blocked = arch(systemd: false) {
            $0.directories("usr/lib/modprobe.d")
            $0.file("usr/lib/modprobe.d/b.conf", "blacklist virtio_blk\n")
        }
        guard case .blocked = blocked.driverState("virtio_blk", context) else {
            Issue.record("\(blocked.driverState("virtio_blk", context))")
            return
        }
        guard
            case .usable(_, .list("kernel command line", _)) =
                arch(systemd: false).driverState("virtio_pci", line("earlymodules=virtio_pci"))
        else {
            Issue.record("earlymodules=")
            return
        }
    }

    // MARK: booster

    private func booster(aliases: String, yaml: String) -> InitramfsSummary {
        ArchiveFixture.summary {
            for path in ["etc", "usr/lib/modules"] { $0.directories(path) }
            $0.file("etc/booster.init.yaml", yaml)
            for name in ArchiveFixture.virtio { $0.file("usr/lib/modules/\(name).ko", "module") }
            $0.file("usr/lib/modules/booster.alias", aliases)
            $0.file("init", "elf", mode: 0o100755)
        }
    }

    private let yaml = """
        moduledependencies:
            virtio_blk:
                - virtio
                - virtio_ring
            virtio_pci: [virtio, virtio_ring]
        builtinmodules:
            ext4: true
        kernel: \(ArchiveFixture.release)
        mounttimeout: 180
        enablelvm: true

        """

    @Test func boosterKnowsOnlyTheAliasesOfItsMachine() {
        let universal = booster(
            aliases: "virtio:d00000002v* virtio_blk\npci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci\n", yaml: yaml)
        #expect(universal.generator == .booster && universal.kernelVersions == [ArchiveFixture.release])
        #expect(
            universal.driverState("virtio_blk", context)
                == .usable(path: "usr/lib/modules/virtio_blk.ko", loading: .alias))
        #expect(universal.driverState("ext4", context) == .builtIn)
        #expect(universal.driverState("nvme", context) == .absent)
        #expect(universal.boosterEnables("enablelvm"))
        #expect(!universal.boosterEnables("enablemdraid"))
        #expect(
            universal.driverState("virtio_blk", .init(kernel: "7.0.0"))
                == .otherKernel([ArchiveFixture.release]))
        let other = booster(aliases: "pci:v000015ADd000007C0sv*sd*bc*sc*i* vmw_pvscsi\n", yaml: yaml)
        guard case .notLoaded = other.driverState("virtio_blk", context) else {
            Issue.record("\(other.driverState("virtio_blk", context))")
            return
        }
    }

    @Test func boosterLoadsWhatItIsForcedTo() {
        for list in [
            "modulesforceload:\n    - virtio_blk\n    - e1000\n", "modulesforceload: [virtio-blk]\n",
        ] {
            let archive = booster(aliases: "", yaml: list + yaml)
            guard
                case .usable(_, .list("etc/booster.init.yaml", _)) = archive.driverState(
                    "virtio_blk", context)
            else {
                Issue.record("\(archive.driverState("virtio_blk", context))")
                continue
            }
            guard case .notLoaded = archive.driverState("virtio_pci", context) else {
                Issue.record("not forced")
                continue
            }
        }
    }

    // MARK: SUSE, Gentoo

    @Test func suseLoadsTheModulesOfItsConfiguration() {
        let archive = ArchiveFixture.summary {
            for path in ["boot", "config", "sbin", "lib/udev/rules.d"] { $0.directories(path) }
            ArchiveFixture.modules(ArchiveFixture.virtio + ["sd_mod"], root: "lib/modules", in: &$0)
            $0.file(
                "run_all.sh", "source boot/04-udev.sh\nmodules=\"$block_modules\"\nsource boot/03-block.sh\n")
            $0.file("boot/03-block.sh", "#%modules: $block_modules\n")
            $0.file(
                "config/block.sh", "[ \"$block_modules\" ] || block_modules='virtio_blk mptspi'\n")
            $0.file("sbin/udevd", "elf", mode: 0o100755)
            $0.file("lib/udev/rules.d/80-drivers.rules", "rule")
        }
        #expect(archive.generator == .suseMkinitrd)
        #expect(archive.requestedModules.map(\.name) == ["virtio_blk", "mptspi"])
        guard case .usable(_, .list("config/block.sh", 1)) = archive.driverState("virtio_blk", context),
            case .usable(_, .alias) = archive.driverState("virtio_pci", context)
        else {
            Issue.record("\(archive.driverState("virtio_blk", context))")
            return
        }
    }

    @Test func genkernelIsRecognised() {
        let archive = ArchiveFixture.summary {
            $0.directories("etc")
            $0.file("etc/initrd.scripts", "start_dev_mgr() { :; }\n")
            $0.file("etc/initrd.defaults", "NORMAL=1\n")
            $0.file("init", "#!/bin/sh\n", mode: 0o100755)
        }
        #expect(archive.generator == .genkernel)
        #expect(archive.loadsByAlias == nil)
    }

    // MARK: Devices

    @Test func devicesOfOtherHypervisorsLoadByAlias() {
        let names = ["hv_vmbus", "hv_storvsc", "xen-blkfront", "ahci", "sd_mod", "nvme", "nvme-core"]
        let archive = ArchiveFixture.initramfsTools(ArchiveFixture.virtio + names)
        for name in names where name != "nvme-core" {
            guard case .usable(_, .alias) = archive.driverState(name, context) else {
                Issue.record("\(name): \(archive.driverState(name, context))")
                continue
            }
        }
        // The module is there and no device leads to it.
        let bare = ArchiveFixture.summary {
            $0.directories("conf")
            $0.file("conf/initramfs.conf", "MODULES=most\n")
            ArchiveFixture.udev(in: &$0)
            $0.link("lib", to: "usr/lib")
            ArchiveFixture.modules(["hv_storvsc", "hv_vmbus"], aliases: "alias vmbus:00 other\n", in: &$0)
        }
        guard case .notLoaded = bare.driverState("hv_storvsc", context) else {
            Issue.record("\(bare.driverState("hv_storvsc", context))")
            return
        }
    }

    /// The patterns of a real kernel match what the devices say of themselves.
    @Test(.enabled(if: realAliases != nil)) func realAliasesKnowTheDevices() throws {
        let aliases = ModuleAliases(parsing: Bytes(try #require(realAliases)))
        var found = 0
        for (module, devices) in ModuleAliases.devices {
            let isThere = devices.contains { aliases.modules(matching: $0.rawValue).contains(module) }
            if isThere { found += 1 }
            // A cloud kernel leaves out what no cloud has; whatever it has must match.
            let text = String(decoding: realAliases ?? [], as: UTF8.self)
            if text.contains(" \(module)\n") { #expect(isThere, "\(module)") }
        }
        #expect(found >= 4)
    }
}

private let realAliases: [UInt8]? = {
    for release in FixtureTool.list("/lib/modules") {
        if let bytes = try? FixtureTool.contents("/lib/modules/\(release)/modules.alias") { return bytes }
    }
    return nil
}()
