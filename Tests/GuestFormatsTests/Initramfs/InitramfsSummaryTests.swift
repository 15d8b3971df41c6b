import ByteReading
import GuestFormats
import TestSupport
import Testing

private let release = "6.1.0-9-amd64"

/// A healthy archive as initramfs-tools makes it, in small; `change` adds to it before the end.
private func archive(
    modules: [String] = ["virtio_blk", "virtio", "virtio_ring", "virtio-pci"],
    dependencies: String? = nil, _ change: (inout CPIOBuilder) -> Void = { _ in }
) -> InitramfsSummary {
    var builder = CPIOBuilder()
    builder.directories("usr/lib/modules/\(release)/kernel")
    for path in ["usr/bin", "usr/sbin", "usr/lib/udev/rules.d", "usr/lib/systemd", "etc/modprobe.d", "conf"] {
        builder.directories(path)
    }
    builder.link("lib", to: "usr/lib")
    builder.link("bin", to: "usr/bin")
    for name in modules { builder.file("lib/modules/\(release)/kernel/\(name).ko.xz", "module") }
    builder.file(
        "lib/modules/\(release)/modules.dep",
        dependencies
            ?? """
            kernel/virtio_blk.ko.xz: kernel/virtio.ko.xz kernel/virtio_ring.ko.xz
            kernel/virtio-pci.ko.xz: kernel/virtio.ko.xz
            kernel/virtio.ko.xz:
            kernel/virtio_ring.ko.xz:

            """)
    builder.file("lib/modules/\(release)/modules.dep.bin", "binary")
    builder.file(
        "lib/modules/\(release)/modules.alias",
        "alias virtio:d00000002v* virtio_blk\nalias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci\n")
    builder.file("lib/modules/\(release)/modules.builtin", "kernel/fs/ext4.ko\n")
    builder.file("usr/lib/systemd/systemd-udevd", "elf", mode: 0o100755)
    builder.file("usr/lib/udev/rules.d/80-drivers.rules", "rule")
    builder.file("conf/initramfs.conf", "# c\nMODULES=most\n")
    change(&builder)
    builder.trailer()
    return InitramfsSummary(InitramfsReader().read(Bytes(builder.bytes)))
}

@Suite struct InitramfsSummaryTests {
    private let context = InitramfsSummary.DriverContext(kernel: release)

    @Test(arguments: [
        ("pre-mount/99growroot.sh", true), ("usr/lib/dracut/hooks/pre-mount/99growroot.sh", true),
        ("usr/lib/dracut/hooks/pre-pivot/00-growroot.sh", true), ("scripts/local-bottom/growroot", true),
        ("hooks/growrootfs", true), ("cmdline/99growroot-dummy.sh", false), ("usr/bin/growroot.sh", false),
        ("usr/share/hooks/growroot", false),
    ])
    func growthOfTheRoot(path: String, grows: Bool) {
        func grown(_ program: String) -> String? {
            archive {
                $0.directories(path.split(separator: "/").dropLast().joined(separator: "/"))
                $0.file(path, "#!/bin/sh\n", mode: 0o100755)
                $0.file("usr/bin/\(program)", "#!/bin/sh\n", mode: 0o100755)
            }.rootGrowth
        }
        #expect(grown("growpart") == (grows ? path : nil))
        #expect(grown("sfdisk") == nil)
    }

    @Test func healthy() {
        let summary = archive()
        #expect(summary.contents.fault == nil)
        #expect(summary.generator == .initramfsTools)
        #expect(summary.kernelVersions == [release])
        #expect(summary.modulesPolicy == "most")
        #expect(summary.loadsByAlias == true)
        let path = "usr/lib/modules/\(release)/kernel/virtio_blk.ko.xz"
        #expect(summary.driverState("virtio-blk", context) == .usable(path: path, loading: .alias))
        #expect(summary.driverState("ext4", context) == .builtIn)
        #expect(summary.driverState("nvme", context) == .absent)
        #expect(summary.driverState("virtio_blk", .init(kernel: "6.1.0-10-amd64")) == .otherKernel([release]))
        #expect(summary.driverState("virtio_blk", .init(kernel: nil)) == .usable(path: path, loading: .alias))
    }

    @Test func missingParts() {
        let summary = archive(modules: ["virtio_blk", "virtio"])
        #expect(summary.driverState("virtio_blk", context) == .missingDependency("virtio_ring"))
        #expect(summary.driverState("virtio_pci", context) == .absent)
        let unlisted = archive(dependencies: "kernel/other.ko:\n")
        guard case .notLoaded = unlisted.driverState("virtio_blk", context) else {
            Issue.record("not listed in modules.dep")
            return
        }
    }

    @Test func blocked() {
        let byRule = archive { $0.file("etc/modprobe.d/x.conf", "\nblacklist virtio-blk\n") }
        guard case .blocked("virtio_blk", .rule(let rule)) = byRule.driverState("virtio_blk", context) else {
            Issue.record("blacklist")
            return
        }
        #expect(rule.line == 2 && rule.file == "etc/modprobe.d/x.conf")
        let dependency = archive { $0.file("etc/modprobe.d/x.conf", "blacklist virtio_ring\n") }
        guard case .usable = dependency.driverState("virtio_blk", context) else {
            Issue.record("a dependency is loaded in spite of blacklist")
            return
        }
        let install = archive { $0.file("etc/modprobe.d/x.conf", "install virtio_ring /bin/false\n") }
        guard case .blocked("virtio_ring", .rule) = install.driverState("virtio_blk", context) else {
            Issue.record("install")
            return
        }
        var line = context
        line.commandLine = KernelCommandLine("module_blacklist=virtio")
        #expect(
            archive().driverState("virtio_blk", line)
                == .blocked(
                    module: "virtio", by: .commandLine("module_blacklist=virtio")))
        line.commandLine = KernelCommandLine("rd.driver.blacklist=virtio_blk")
        guard case .usable = archive().driverState("virtio_blk", line) else {
            Issue.record("dracut's parameter means nothing to initramfs-tools")
            return
        }
    }

    @Test func unreadPayload() {
        let summary = archive(modules: []) { $0.file("squashfs-root.img", "hsqs") }
        guard case .unknown = summary.driverState("virtio_blk", context) else {
            Issue.record("payload")
            return
        }
        #expect(summary.payloads == ["squashfs-root.img"])
    }

    @Test func nash() {
        var builder = CPIOBuilder()
        builder.directories("lib")
        builder.directories("bin")
        builder.file("bin/nash", "elf", mode: 0o100755)
        builder.file("lib/virtio_blk.ko", "module")
        builder.file("lib/virtio_pci.ko", "module")
        builder.file("init", "#!/bin/nash\necho hi\ninsmod /lib/virtio_blk.ko \n", mode: 0o100755)
        builder.trailer()
        let summary = InitramfsSummary(InitramfsReader().read(Bytes(builder.bytes)))
        #expect(summary.generator == .nash)
        let context = InitramfsSummary.DriverContext(kernel: "2.6.18-398.el5")
        #expect(
            summary.driverState("virtio_blk", context)
                == .usable(path: "lib/virtio_blk.ko", loading: .list(file: "init", line: 3)))
        guard case .notLoaded = summary.driverState("virtio_pci", context) else {
            Issue.record("no insmod")
            return
        }
    }

    @Test func judgesInit() {
        #expect(archive().initState == .missing)
        #expect(
            archive { $0.link("init", to: "usr/lib/systemd/systemd") }.initState
                == .dangling(target: "usr/lib/systemd/systemd"))
        #expect(archive { $0.file("init", "#!/bin/sh\n") }.initState == .notExecutable)
        #expect(archive { $0.file("init", "#!/bin/sh\n", mode: 0o100755) }.initState == .needs("/bin/sh"))
        #expect(archive { $0.file("init", "junk", mode: 0o100755) }.initState == .notAProgram)
    }

    /// A shell of the host inside the archive: its loader and libraries have to be there too.
    @Test(.enabled(if: FixtureTool.exists("sh"))) func needsLoaderAndLibraries() throws {
        let shell = try FixtureTool.contents("/bin/sh")
        let elf = try ElfFile(parsing: Bytes(shell))
        let loader = try #require(elf.interpreter)
        let library = try #require(elf.needed?.first)
        func summary(_ change: (inout CPIOBuilder) -> Void) -> InitramfsInit {
            archive {
                $0.file("init", "#!/bin/sh\n", mode: 0o100755)
                $0.add("bin/sh", mode: 0o100755, body: shell)
                change(&$0)
            }.initState
        }
        #expect(summary { _ in } == .needs(loader))
        func addLoader(_ builder: inout CPIOBuilder) {
            let directory = loader.split(separator: "/").dropLast().joined(separator: "/")
            builder.directories(directory)
            builder.file(String(loader.dropFirst()), "loader", mode: 0o100755)
        }
        #expect(summary(addLoader) == .needs(library))
        let complete = summary {
            addLoader(&$0)
            for name in elf.needed ?? [] { $0.file("usr/lib/\(name)", "library") }
        }
        #expect(complete == .runnable(interpreter: "usr/bin/sh", machine: elf.machine))
    }

    /// Real ones: the answer for the drivers of a cloud.
    @Test(.enabled(if: FixtureTool.environment("IMAGECHECK_BOOT") != nil))
    func judgesRealOnes() throws {
        let directory = try #require(FixtureTool.environment("IMAGECHECK_BOOT"))
        for name in FixtureTool.list(directory) where name.hasPrefix("initrd.img-") {
            let summary = InitramfsSummary(
                InitramfsReader().read(Bytes(try FixtureTool.contents(directory + "/" + name))))
            let kernel = String(name.dropFirst(11))
            #expect(summary.kernelVersions == [kernel])
            guard case .runnable = summary.initState else {
                Issue.record("\(summary.initState)")
                continue
            }
            for driver in ["virtio_blk", "virtio_pci", "virtio_scsi", "sd_mod", "nvme", "ext4"] {
                let state = summary.driverState(driver, .init(kernel: kernel))
                switch state {
                case .usable, .builtIn: break
                default: Issue.record("\(driver): \(state)")
                }
            }
            #expect(summary.driverState("no_such_driver", .init(kernel: kernel)) == .absent)
        }
    }
}
