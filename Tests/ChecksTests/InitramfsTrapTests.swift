import GuestFacts
import Targets
import Testing

@testable import Checks

/// The traps of the catalogue that the judgement of an initramfs and of the storage below the root has to know.
@Suite struct InitramfsTrapTests {
    private func codes(_ check: any Check.Type, _ change: (inout ExampleFacts) -> Void) -> Set<String> {
        Set(check.evaluate(.example(change)).findings.map(\.code))
    }

    private func outcome(_ check: any Check.Type, _ change: (inout ExampleFacts) -> Void) -> CheckOutcome {
        check.evaluate(.example(change))
    }

    private static let byUUID = RootReference(
        specification: "UUID=\(ExampleFacts.uuid)", resolution: .volume("mbr:1"), needsInitramfs: true)
    private static let byPartUUID = RootReference(
        specification: "PARTUUID=5f0c1b2a-01", resolution: .volume("mbr:1"), needsInitramfs: false)

    private func alone(_ facts: inout ExampleFacts, _ root: RootReference) {
        for name in facts.kernel.drivers.keys { facts.kernel.drivers[name]?.state = .builtin }
        facts.entry.initramfsPaths = []
        facts.commandLine("root=\(root.specification) ro", root: root)
    }

    @Test("Trap 3: a driver that is only in /lib/modules does not find the root disk")
    func moduleOnly() {
        #expect(
            codes(GuestOSVirtio.self) { $0.kernel.drivers["virtio_blk"] = DriverFacts(.module) }
                == ["Virtio.NotInInitramfs"])
    }

    @Test("Trap 4: an initramfs of another kernel says so with both versions, and nothing else")
    func otherKernel() {
        func result(_ state: DriverFacts.State) -> CheckOutcome {
            outcome(BootInitramfs.self) {
                $0.initramfs.kernelVersions = ["3.10.0-957.el7.x86_64"]
                $0.kernel.version = "3.10.0-1160.el7.x86_64"
                for name in $0.kernel.drivers.keys { $0.kernel.drivers[name]?.state = state }
            }
        }
        let stopped = result(.module)
        #expect(stopped.findings.map(\.code) == ["Initramfs.WrongKernel"])
        #expect(stopped.findings.first?.consequence == .stopsBoot)
        #expect(stopped.findings.first?.message.contains("3.10.0-957.el7.x86_64") == true)
        #expect(stopped.findings.first?.message.contains("3.10.0-1160.el7.x86_64") == true)
        // A kernel that needs no module does not mind.
        let without = result(.builtin)
        #expect(without.findings.map(\.consequence) == [.none])
        let open = result(.unknown)
        #expect(open.findings.isEmpty && open.questions.map(\.consequence) == [.stopsBoot])
    }

    @Test("Trap 8: a kernel with everything built in boots without an initramfs")
    func kernelAlone() {
        #expect(outcome(BootInitramfs.self) { alone(&$0, Self.byPartUUID) }.status == .pass)
        // One driver that is a module is enough to stop it.
        let disk = codes(BootInitramfs.self) {
            alone(&$0, Self.byPartUUID)
            $0.kernel.drivers["virtio_blk"]?.state = .module
        }
        #expect(disk == ["Initramfs.None"])
        let fileSystem = codes(BootInitramfs.self) {
            alone(&$0, Self.byPartUUID)
            $0.kernel.drivers["ext4"]?.state = .module
        }
        #expect(fileSystem.contains("Initramfs.None"))
    }

    @Test("Trap 9: the same kernel cannot resolve root=UUID= by itself")
    func kernelAloneByUUID() {
        #expect(codes(BootInitramfs.self) { alone(&$0, Self.byUUID) } == ["Initramfs.None"])
    }

    @Test("Trap 10: a driver that a line keeps from loading is as good as absent")
    func blocked() {
        let line = Evidence(path: "/etc/modprobe.d/x.conf", line: 1, excerpt: "install virtio_blk /bin/true")
        let result = outcome(BootModuleBlacklist.self) {
            $0.kernel.drivers["virtio_blk"]?.blockedEarly = line
        }
        #expect(result.findings.map(\.code) == ["ModuleBlacklist.RootDisk"])
        #expect(result.findings.first?.consequence == .stopsBoot)
    }

    @Test("Trap 11: a blacklist line for a driver that is built in is no finding")
    func blockedBuiltin() {
        let line = Evidence(path: "/etc/modprobe.d/x.conf", line: 1, excerpt: "blacklist virtio_blk")
        let result = outcome(BootModuleBlacklist.self) {
            $0.kernel.drivers["virtio_blk"]?.state = .builtin
            $0.kernel.drivers["virtio_blk"]?.blockedEarly = line
            $0.kernel.drivers["virtio_blk"]?.blockedLate = line
        }
        #expect(result.status == .pass)
    }

    @Test("Trap 27: system.devices in the initramfs pins the identity of the old disk")
    func devicesFile() {
        func result(_ devices: [LvmDeviceFacts]?) -> CheckOutcome {
            outcome(FSRootStack.self) {
                $0.rootOnLVM()
                $0.initramfs.storage.configuration.lvmDevices = devices
                $0.initramfs.storage.configuration.usesLvmDevices = true
            }
        }
        #expect(result(nil).status == .pass)
        let place = Evidence(path: "/boot/initrd › /etc/lvm/devices/system.devices", line: 2)
        let other = LvmDeviceFacts(
            idType: "sys_wwid", idName: "naa.1", physicalVolume: "another", evidence: place)
        let missing = result([other])
        #expect(missing.findings.map(\.code) == ["RootStack.LvmDevices"])
        #expect(missing.findings.first?.consequence == .stopsBoot)
    }

    @Test("Trap 28: a filter that accepts /dev/sda only stops virtio-blk and NVMe")
    func filter() {
        let result = outcome(FSRootStack.self) {
            $0.rootOnLVM()
            $0.initramfs.storage.configuration.lvmFilters = [ExampleFacts.sdaOnly]
        }
        #expect(result.findings.map(\.code) == ["RootStack.LvmFilter"])
        let launches = result.findings.first?.launches ?? []
        #expect(!launches.contains { $0.disk == .virtioSCSI || $0.disk == .sata })
        // In the system only, it is a matter of the next initramfs.
        let later = outcome(FSRootStack.self) {
            $0.rootOnLVM()
            $0.linux.storage.lvmFilters = [ExampleFacts.sdaOnly]
        }
        #expect(later.findings.allSatisfy { $0.severity == .warning })
    }

    @Test("Trap 29: multipath with find_multipaths no, and a root by the name that multipath gave")
    func multipath() {
        func result(_ value: String?, root: String) -> CheckOutcome {
            outcome(FSRootStack.self) {
                $0.initramfs.tools = ["multipath"]
                $0.initramfs.storage.configuration.findMultipaths = value.map {
                    Located($0, Evidence(path: "/boot/initrd › /etc/multipath.conf", line: 2))
                }
                let reference = RootReference(
                    specification: root, resolution: .volume("mbr:1"), needsInitramfs: true)
                $0.commandLine("root=\(root) ro", root: reference)
            }
        }
        let uuid = "UUID=\(ExampleFacts.uuid)"
        #expect(result(nil, root: uuid).status == .pass)
        #expect(result("yes", root: uuid).status == .pass)
        #expect(result("no", root: uuid).findings.map(\.severity) == [.warning])
        #expect(result("yes", root: "/dev/mapper/mpatha2").findings.first?.consequence == .stopsBoot)
        #expect(result("no", root: "/dev/mapper/mpatha2").status == .unknown)
    }

    @Test("Trap 30: a device to resume from that is gone costs time, not the boot")
    func resume() {
        let result = outcome(BootInitramfs.self) {
            $0.initramfs.resume = Located(
                "UUID=gone", Evidence(path: "/boot/initrd › /conf/conf.d/resume", line: 1))
            $0.initramfs.resumeResolution = .notFound
        }
        #expect(result.findings.map(\.code) == ["Initramfs.ResumeMissing"])
        #expect(result.findings.allSatisfy { $0.severity == .warning && $0.consequence == .none })
    }
}
