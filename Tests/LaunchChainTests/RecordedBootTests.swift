import GuestFacts
import Targets
import Testing

@testable import Checks
@testable import LaunchChain

/// What real Debian guests did when one thing was broken, told in facts.
@Suite struct RecordedBootTests {
    struct Boot: Sendable, CustomTestStringConvertible {
        var name: String
        var launch = ExampleFacts.virtioBIOS
        var boots: GuestFacts.Answer
        var reachable: GuestFacts.Answer
        var stop: LaunchLink?
        var change: @Sendable (inout ExampleFacts) -> Void

        var testDescription: String { "\(name) on \(launch)" }
    }

    static func broken(_ isFirmware: Bool, _ code: String) -> @Sendable (inout ExampleFacts) -> Void {
        return { facts in
            facts.linux.boot.bios.steps = [
                BootStep(isFirmware: isFirmware, state: .broken, code: code, message: code)
            ]
            facts.linux.boot.bios.entry = nil
        }
    }

    static func root(_ specification: String, _ resolution: DeviceResolution)
        -> @Sendable (inout ExampleFacts) -> Void
    {
        return { facts in
            facts.commandLine(
                "root=\(specification) ro",
                root: RootReference(
                    specification: specification, resolution: resolution, needsInitramfs: true))
        }
    }

    static func condition(_ code: String) -> @Sendable (inout ExampleFacts) -> Void {
        return { facts in
            facts.root.conditions = [
                StructureFinding(code: code, message: code, evidence: Evidence(layer: "mbr:1 › ext4"))
            ]
        }
    }

    /// Without cloud-init, as in the recorded guests: a key of root lets in.
    static func account(_ change: @escaping @Sendable (inout AccountFacts) -> Void)
        -> @Sendable (inout ExampleFacts)
        -> Void
    {
        return { facts in
            var root = ExampleFacts.rootAccount()
            root.password = .locked
            root.authorizedKeys = 1
            change(&root)
            facts.linux.access.accounts = .known([root])
            facts.linux.cloudInit = CloudInitFacts()
        }
    }

    static let sda1 = DeviceResolution.kernelName(
        KernelDeviceName(prefix: "sd", disk: 0, partition: 1), "mbr:1")
    static let vda1 = DeviceResolution.kernelName(
        KernelDeviceName(prefix: "vd", disk: 0, partition: 1), "mbr:1")
    static let lost = "UUID=\(ExampleFacts.noSuchUUID)"
    static let rootLine = ExampleFacts.mount("UUID=\(ExampleFacts.uuid)", "/")

    static let boots: [Boot] = [
        Boot(name: "healthy", boots: .yes, reachable: .yes) { _ in },
        Boot(name: "healthy", launch: ExampleFacts.nvmeBIOS, boots: .yes, reachable: .yes) { _ in },
        Boot(
            name: "mbr-code-zeroed", boots: .no, reachable: .no, stop: .firmware,
            change: { facts in
                facts.linux.boot.bios = BootPath(firmware: .bios, isPresent: .no)
            }),
        Boot(
            name: "core-img-damaged", boots: .no, reachable: .no, stop: .firmware,
            change: broken(true, "BootLoader.CoreMissing")),
        Boot(
            name: "grub-normal-mod-missing", boots: .no, reachable: .no, stop: .bootloader,
            change: broken(false, "Grub.ModulesMissing")),
        Boot(
            name: "grub-cfg-missing", boots: .no, reachable: .no, stop: .bootloader,
            change: broken(false, "Grub.ConfigMissing")),
        Boot(name: "grub-wait-forever", boots: .no, reachable: .no, stop: .bootloader) { facts in
            facts.linux.boot.bios.notes = [
                StructureFinding(
                    code: "Grub.WaitsForever", message: "timeout -1",
                    evidence: Evidence(path: "/boot/grub/grub.cfg"))
            ]
        },
        Boot(name: "grub-default-out-of-range", boots: .yes, reachable: .yes) { facts in
            facts.linux.boot.bios.notes = [
                StructureFinding(
                    code: "Grub.SavedEntryMissing", message: "entry 9",
                    evidence: Evidence(path: "/boot/grub/grub.cfg"))
            ]
        },
        Boot(name: "ext4-inline-data", boots: .no, reachable: .no, stop: .bootloader) {
            $0.root.features.append("inline_data")
        },
        Boot(
            name: "superblock-damaged", boots: .no, reachable: .no, stop: .bootloader,
            change: condition("backupSuperblockUsed")),
        Boot(name: "superblock-damaged of extlinux", boots: .no, reachable: .no, stop: .bootloader) { facts in
            facts.linux.boot.bios.loader = "Syslinux"
            condition("backupSuperblockUsed")(&facts)
        },
        Boot(name: "kernel-missing", boots: .no, reachable: .no, stop: .kernel) { facts in
            facts.entry.problems = [
                StructureFinding(
                    code: "Grub.KernelMissing", message: "not found", evidence: facts.entry.source)
            ]
            facts.entry.commandLine = CommandLineFacts(text: "", parameters: [], evidence: facts.entry.source)
            facts.entry.initramfsPaths = []
            facts.kernel.image = .missing
        },
        Boot(name: "kernel-truncated", boots: .no, reachable: .no, stop: .kernel) {
            $0.kernel.image = .truncated
        },
        Boot(name: "kernel-empty", boots: .no, reachable: .no, stop: .kernel) {
            $0.kernel.image = .notAKernel
        },
        Boot(name: "modules-missing", boots: .yes, reachable: .yes) { $0.kernel.modulesPresent = .no },
        Boot(name: "initrd-missing", boots: .no, reachable: .no, stop: .initramfs) { facts in
            facts.initramfs.state = .missing
            for name in facts.kernel.drivers.keys { facts.kernel.drivers[name] = DriverFacts(.module) }
        },
        Boot(name: "initrd-truncated", boots: .no, reachable: .no, stop: .initramfs) {
            $0.initramfs.state = .corrupt
        },
        Boot(name: "initrd-no-ext4", boots: .no, reachable: .no, stop: .initramfs) {
            $0.kernel.drivers["ext4"] = DriverFacts(.module)
        },
        Boot(name: "initrd-no-virtio", boots: .no, reachable: .no, stop: .initramfs) { facts in
            for name in ["virtio_pci", "virtio_blk", "virtio_net"] {
                facts.kernel.drivers[name] = DriverFacts(.module)
            }
        },
        Boot(name: "initrd-no-virtio", launch: ExampleFacts.nvmeBIOS, boots: .yes, reachable: .yes) { facts in
            for name in ["virtio_pci", "virtio_blk", "virtio_net"] {
                facts.kernel.drivers[name] = DriverFacts(.module)
            }
        },
        Boot(name: "initrd-no-nvme", boots: .yes, reachable: .yes) {
            $0.kernel.drivers["nvme"] = DriverFacts(.module)
        },
        Boot(
            name: "initrd-no-nvme", launch: ExampleFacts.nvmeBIOS, boots: .no, reachable: .no,
            stop: .initramfs
        ) {
            $0.kernel.drivers["nvme"] = DriverFacts(.module)
        },
        Boot(
            name: "initrd-no-sd-mod", launch: ExampleFacts.scsiBIOS, boots: .no, reachable: .no,
            stop: .initramfs
        ) {
            $0.kernel.drivers["sd_mod"] = DriverFacts(.module)
        },
        Boot(name: "initrd-blacklist-virtio", boots: .no, reachable: .no, stop: .initramfs) {
            $0.kernel.drivers["virtio_blk"]?.blockedEarly = Evidence(path: "initrd › /etc/modprobe.d/x.conf")
        },
        Boot(name: "rootfs-blacklist-virtio", boots: .yes, reachable: .yes) {
            $0.kernel.drivers["virtio_blk"]?.blockedLate = Evidence(path: "/etc/modprobe.d/x.conf")
        },
        Boot(name: "rootfs-install-false-virtio-net", boots: .yes, reachable: .yes) {
            $0.kernel.drivers["virtio_net"]?.blockedLate = Evidence(path: "/etc/modprobe.d/x.conf")
        },
        Boot(name: "root-wrong-uuid", boots: .no, reachable: .no, stop: .root, change: root(lost, .notFound)),
        Boot(
            name: "root-uuid-uppercase", boots: .no, reachable: .no, stop: .root,
            change: root("UUID=C8", .caseMismatch("mbr:1"))),
        Boot(name: "root-dev-sda1", boots: .no, reachable: .no, stop: .root, change: root("/dev/sda1", sda1)),
        Boot(
            name: "root-dev-sda1", launch: ExampleFacts.scsiBIOS, boots: .yes, reachable: .yes,
            change: root("/dev/sda1", sda1)),
        Boot(name: "root-dev-vda1", boots: .yes, reachable: .yes, change: root("/dev/vda1", vda1)),
        Boot(
            name: "root-dev-vda1", launch: ExampleFacts.nvmeBIOS, boots: .no, reachable: .no, stop: .root,
            change: root("/dev/vda1", vda1)),
        Boot(
            name: "root-partuuid", boots: .yes, reachable: .yes,
            change: root("PARTUUID=5f0c1b2a-01", .volume("mbr:1"))),
        Boot(name: "root-missing-argument", boots: .no, reachable: .no, stop: .root) {
            $0.entry.commandLine = ExampleFacts.commandLine("ro quiet")
        },
        Boot(name: "rootflags-unknown", boots: .no, reachable: .no, stop: .root) {
            $0.commandLine("root=UUID=\(ExampleFacts.uuid) ro rootflags=nosuchoption")
        },
        Boot(name: "truncated-one-sector", boots: .no, reachable: .no, stop: .root) { facts in
            condition("largerThanDevice")(&facts)
            facts.image.container.virtualSize = (3 << 30) - 512
        },
        Boot(name: "truncated-half", boots: .no, reachable: .no, stop: .container) { facts in
            condition("largerThanDevice")(&facts)
            facts.image.container.virtualSize = 3 << 29
        },
        Boot(name: "journal-dirty", boots: .yes, reachable: .yes, change: condition("journalReplayed")),
        Boot(name: "init-missing", boots: .no, reachable: .no, stop: .`init`) {
            $0.linux.initSystem.program = .known(Located(.missing, Evidence(path: "/sbin/init")))
        },
        Boot(name: "libc-missing", boots: .no, reachable: .no, stop: .`init`) {
            $0.linux.initSystem.missingFiles = [Evidence(path: "libc.so.6")]
        },
        Boot(name: "lib-link-absolute", boots: .yes, reachable: .yes) {
            $0.linux.initSystem.topLevelLinks = [
                TopLevelLink(path: "/lib", state: .absoluteLink, target: "/usr/lib")
            ]
        },
        Boot(name: "proc-dir-missing", boots: .no, reachable: .no, stop: .`init`) {
            $0.linux.initSystem.missingDirectories = ["/proc"]
        },
        Boot(name: "cmdline-init-bash", boots: .no, reachable: .no, stop: .`init`) {
            $0.commandLine("root=UUID=\(ExampleFacts.uuid) ro init=/bin/bash")
        },
        Boot(name: "cmdline-init-missing", boots: .yes, reachable: .yes) {
            $0.commandLine("root=UUID=\(ExampleFacts.uuid) ro init=/sbin/nosuchinit")
        },
        Boot(name: "cmdline-rescue", boots: .no, reachable: .no, stop: .`init`) {
            $0.commandLine("root=UUID=\(ExampleFacts.uuid) ro systemd.unit=rescue.target")
        },
        Boot(name: "fstab-missing-data-disk", boots: .no, reachable: .no, stop: .`init`) {
            $0.fstab(rootLine, ExampleFacts.mount(lost, "/srv", resolution: .notFound))
        },
        Boot(name: "fstab-missing-data-disk-nofail", boots: .yes, reachable: .yes) {
            $0.fstab(rootLine, ExampleFacts.mount(lost, "/srv", resolution: .notFound, required: false))
        },
        Boot(name: "fstab-root-wrong-uuid", boots: .yes, reachable: .yes) {
            $0.fstab(ExampleFacts.mount(lost, "/", resolution: .notFound))
        },
        Boot(name: "fstab-root-sda1", boots: .yes, reachable: .yes) {
            $0.fstab(ExampleFacts.mount("/dev/sda1", "/", resolution: sda1))
        },
        Boot(name: "fstab-boot-sda1", boots: .no, reachable: .no, stop: .`init`) {
            $0.fstab(rootLine, ExampleFacts.mount("/dev/sda1", "/boot", resolution: sda1))
        },
        Boot(name: "fstab-boot-sda1", launch: ExampleFacts.scsiBIOS, boots: .yes, reachable: .yes) {
            $0.fstab(rootLine, ExampleFacts.mount("/dev/sda1", "/boot", resolution: sda1))
        },
        Boot(name: "fstab-swap-missing", boots: .yes, reachable: .yes) {
            $0.fstab(rootLine, ExampleFacts.mount(lost, "none", type: "swap", resolution: .notFound))
        },
        Boot(name: "fstab-crlf", boots: .yes, reachable: .yes) { facts in
            var line = rootLine
            line.oddities = ["it ends in a carriage return"]
            facts.fstab(line)
        },
        Boot(name: "fstab-empty", boots: .yes, reachable: .yes) { $0.fstab() },
        Boot(name: "network-static-old", boots: .yes, reachable: .no, stop: .network) { facts in
            facts.linux.network.interfaces[0].method = .static
            facts.linux.cloudInit = CloudInitFacts()
        },
        Boot(name: "network-nothing-enabled", boots: .yes, reachable: .no, stop: .network) { facts in
            facts.linux.network.activeManagers = [:]
            facts.linux.cloudInit = CloudInitFacts()
        },
        Boot(name: "sshd-disabled", boots: .yes, reachable: .no, stop: .access) {
            $0.linux.access.ssh.starts = .no
        },
        Boot(name: "sshd-hostkeys-missing", boots: .yes, reachable: .no, stop: .access) { facts in
            facts.linux.access.ssh.hostKeyGenerator = nil
            facts.linux.cloudInit = CloudInitFacts()
        },
        Boot(name: "root-password-locked", boots: .yes, reachable: .yes, change: account { _ in }),
        Boot(
            name: "root-account-expired", boots: .yes, reachable: .no, stop: .access,
            change: account { $0.isExpired = true }),
        Boot(
            name: "root-shell-missing", boots: .yes, reachable: .no, stop: .access,
            change: account { $0.shellExists = .no }),
        Boot(
            name: "sshd-allowusers-other", boots: .yes, reachable: .no, stop: .access,
            change: account { $0.sshWithKey = .no }),
        Boot(
            name: "authorized-keys-mode-666", boots: .yes, reachable: .no, stop: .access,
            change: account { $0.authorizedKeys = 0 }),
        Boot(name: "hosts-deny-all", boots: .yes, reachable: .no, stop: .access) {
            $0.linux.access.obstacles = [
                StructureFinding(
                    code: "hostsDeny", message: "refused", evidence: Evidence(path: "/etc/hosts.deny"))
            ]
        },
        Boot(name: "shadow-immutable", boots: .yes, reachable: .yes) {
            $0.linux.access.shadow.immutable = [Evidence(path: "/etc/shadow")]
        },
        Boot(name: "machine-id-missing", boots: .yes, reachable: .no, stop: .network) {
            $0.linux.hygiene.machineID = .known(.missing)
        },
        Boot(
            name: "root-password-must-change", boots: .yes, reachable: .no, stop: .access,
            change: account { $0.mustChangePassword = true }),
        Boot(name: "disk-full", boots: .yes, reachable: .yes) { $0.root.usage?.freeBytes = 0 },
    ]

    @Test(arguments: boots) func verdictIsWhatHappened(_ boot: Boot) throws {
        var facts = ExampleFacts()
        boot.change(&facts)
        var scan = ScanFacts(image: facts.image)
        scan.systems = [.linux(facts.linux)]
        let judgement = LaunchJudge().judge(
            scan: scan, system: .linux(facts.linux), target: .kvm, narrowing: boot.launch.disk,
            firmware: boot.launch.firmware, now: 1_795_400_000)
        let verdict = try #require(judgement.verdict.launches.first)
        // Only the example with cloud-init on a host that gives no data leaves the way in open.
        #expect(
            verdict.boots == boot.boots, "\(verdict.stopsAt.debugDescription) \(verdict.unknownBecause ?? [])"
        )
        #expect(verdict.reachable == boot.reachable, "\(verdict.unknownBecause ?? [])")
        #expect(verdict.stopsAt?.link == boot.stop, "\(verdict.stopsAt.debugDescription)")
        if let stop = verdict.stopsAt, boot.boots == .no {
            let order = LaunchLink.allCases
            let index = try #require(order.firstIndex(of: stop.link))
            for link in verdict.links where link.name != .hygiene {
                let place = try #require(order.firstIndex(of: link.name))
                #expect(place <= index || link.state == .notReached)
            }
        }
    }

    @Test(arguments: ["disk-full", "shadow-immutable", "fstab-root-wrong-uuid", "fstab-empty"])
    func bootsAndIsNotReady(_ name: String) throws {
        let boot = try #require(RecordedBootTests.boots.first { $0.name == name })
        var facts = ExampleFacts()
        boot.change(&facts)
        var scan = ScanFacts(image: facts.image)
        scan.systems = [.linux(facts.linux)]
        let verdict = LaunchJudge().judge(
            scan: scan, system: .linux(facts.linux), target: .alibabaECS, now: 1_795_400_000
        ).verdict
        #expect(verdict.boots == .yes && verdict.reachable == .yes && verdict.ready == .no)
        #expect(verdict.launches.allSatisfy { $0.stopsAt == nil })
    }
}
