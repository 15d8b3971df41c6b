import GuestFacts
import Targets
import Testing

@testable import Checks

/// The traps of the catalogue that checks decide, each with both of its sides.
@Suite struct AccessTrapTests {
    private func fstab(_ change: (inout ExampleFacts) -> Void) -> CheckOutcome {
        GuestOSFstab.evaluate(.example(change))
    }

    private func worst(_ outcome: CheckOutcome) -> Consequence? {
        outcome.findings.first { $0.severity == .error }?.consequence
    }

    private let root = ExampleFacts.mount("UUID=\(ExampleFacts.uuid)", "/")

    @Test("Trap 35: a feature of the root that is newer than the default kernel") func featuresAndKernels() {
        func judged(_ features: [String], kernel: String, kind: String = "xfs") -> CheckOutcome {
            ComplianceFileSystem.evaluate(
                .example {
                    $0.root.kind = kind
                    $0.root.features = features
                    $0.kernel.version = kernel
                })
        }
        let new = judged(["crc", "bigtime"], kernel: "4.15.0-20-generic")
        #expect(worst(new) == .stopsBoot)
        #expect(judged(["crc", "bigtime"], kernel: "5.15.0-20-generic").status == .pass)
        // Readable, so that the root comes up read-only.
        #expect(worst(judged(["crc", "reflink"], kernel: "4.4.0-21-generic")) == .notReady)
        #expect(judged(["crc", "reflink"], kernel: "4.4.21-69-default").status == .unknown)
        #expect(worst(judged(["casefold"], kernel: "4.19.0-1-amd64", kind: "ext4")) == .stopsBoot)
    }

    @Test("Trap 36: a data disk with nofail is a warning, without it the boot stops") func dataDisks() {
        func outcome(required: Bool) -> CheckOutcome {
            fstab {
                $0.fstab(
                    root, ExampleFacts.mount("UUID=x", "/srv", resolution: .notFound, required: required))
            }
        }
        #expect(worst(outcome(required: true)) == .stopsBoot)
        #expect(outcome(required: false).findings.map(\.severity) == [.warning])
    }

    @Test("Trap 40: /dev/sda1 is right on virtio-scsi and wrong on virtio-blk and NVMe") func kernelNames() {
        func outcome(_ launches: [Launch]) -> CheckOutcome {
            fstab {
                $0.target = .kvm
                $0.launches = launches
                let name = KernelDeviceName(prefix: "sd", disk: 0, partition: 1)
                $0.fstab(
                    root, ExampleFacts.mount("/dev/sda1", "/boot", resolution: .kernelName(name, "mbr:1")))
            }
        }
        #expect(worst(outcome([ExampleFacts.scsiBIOS])) == nil)
        #expect(worst(outcome([ExampleFacts.virtioBIOS])) == .stopsBoot)
        let both = outcome([ExampleFacts.scsiBIOS, ExampleFacts.nvmeBIOS])
        #expect(both.findings.first { $0.consequence == .stopsBoot }?.launches == [ExampleFacts.nvmeBIOS])
    }

    @Test func aWrongRootStopsWhatLooksForIt() {
        func outcome(_ failure: MountFailure?, _ resolution: DeviceResolution) -> CheckOutcome {
            fstab {
                var entry = ExampleFacts.mount("x", "/", resolution: resolution)
                entry.ifMissing = failure
                $0.fstab(entry)
            }
        }
        let sda = DeviceResolution.kernelName(KernelDeviceName(prefix: "sd", disk: 0, partition: 1), "mbr:1")
        #expect(worst(outcome(.waits, .notFound)) == .stopsBoot)
        #expect(worst(outcome(.maintenanceShell, sda)) == .stopsBoot)
        #expect(worst(outcome(nil, .notFound)) == .notReady)
        #expect(outcome(nil, sda).status == .pass)
        #expect(outcome(.unknown, .notFound).questions.map(\.consequence) == [.stopsBoot])
    }

    @Test("Trap 42: missing swap is a warning, a missing /boot/efi stops systemd") func swapAndEFI() {
        let swap = fstab {
            $0.fstab(root, ExampleFacts.mount("UUID=x", "none", type: "swap", resolution: .notFound))
        }
        #expect(swap.findings.map(\.severity) == [.warning])
        let efi = fstab {
            $0.fstab(root, ExampleFacts.mount("UUID=1-2", "/boot/efi", type: "vfat", resolution: .notFound))
        }
        #expect(worst(efi) == .stopsBoot)
    }

    @Test("Trap 43: a UUID that several volumes have") func duplicates() {
        let outcome = fstab {
            $0.fstab(root, ExampleFacts.mount("UUID=x", "/srv", resolution: .ambiguous(["mbr:1", "mbr:2"])))
        }
        #expect(outcome.findings.map(\.code) == ["Fstab.DuplicateUuid"])
    }

    @Test("Trap 44: barrier and nobarrier of xfs are gone from 4.19 and Red Hat 8 on") func barriers() {
        #expect(MountOptionTable.refused(["nobarrier"], "xfs", "4.18.0-10-generic").isEmpty)
        #expect(MountOptionTable.refused(["rw", "nobarrier"], "xfs", "4.19.0-27-amd64") == ["nobarrier"])
        #expect(MountOptionTable.refused(["barrier"], "xfs", "4.18.0-80.el8.x86_64") == ["barrier"])
        #expect(MountOptionTable.refused(["nobarrier"], "xfs", "3.10.0-1160.el7.x86_64").isEmpty)
        #expect(MountOptionTable.refused(["nobarrier"], "ext4", "6.1.0-1").isEmpty)
        #expect(MountOptionTable.refused(["nobarrier"], "xfs", nil).isEmpty)
        let remount = fstab {
            $0.root.kind = "xfs"
            $0.kernel.version = "6.1.0"
            $0.fstab(
                ExampleFacts.mount("UUID=\(ExampleFacts.uuid)", "/", type: "xfs", options: ["nobarrier"]))
        }
        #expect(remount.findings.map(\.code) == ["Fstab.BadOption"])
        #expect(worst(remount) == .notReady)
    }

    @Test("Trap 45: a subvolume that is there and one that is not") func subvolumes() {
        func outcome(_ id: UInt64?) -> CheckOutcome {
            fstab {
                var home = ExampleFacts.mount("UUID=\(ExampleFacts.uuid)", "/home", type: "btrfs")
                home.subvolume = SubvolumeReference(
                    stated: "subvol=@home", id: id, path: id.map { _ in "@home" })
                $0.fstab(root, home)
            }
        }
        #expect(outcome(257).status == .pass)
        #expect(worst(outcome(nil)) == .stopsBoot)
    }

    @Test("Trap 46: a mount unit outside fstab stops the boot as a line would") func mountUnits() {
        let outcome = fstab {
            var unit = ExampleFacts.mount("/dev/disk/by-uuid/dead", "/srv", resolution: .notFound)
            unit.evidence = Evidence(path: "/etc/systemd/system/srv.mount", line: 2)
            unit.ifMissing = .emergency
            $0.linux.mounts.units = [unit]
        }
        #expect(worst(outcome) == .stopsBoot)
        #expect(outcome.findings.first?.fixes.first?.commands == ["systemctl disable srv.mount"])
    }

    @Test("Trap 47: a system that is updated as an image needs no line for /") func imageBased() {
        #expect(fstab { $0.fstab() }.findings.map(\.code) == ["Fstab.RootMissing"])
        let ostree = fstab {
            $0.fstab()
            $0.linux.identity.imageBased = Located(.ostree, Evidence(path: "/ostree"))
        }
        #expect(ostree.status == .pass)
    }

    @Test("Trap 70: root is locked where cloud-init unlocks it or makes another user") func lockedRoot() {
        func outcome(cloudInit: Bool) -> CheckOutcome {
            ComplianceRootAccount.evaluate(
                .example {
                    var account = ExampleFacts.rootAccount()
                    account.password = .locked
                    $0.linux.access.accounts = .known([account])
                    if !cloudInit { $0.linux.cloudInit = CloudInitFacts() }
                })
        }
        #expect(outcome(cloudInit: true).status == .pass)
        #expect(outcome(cloudInit: false).findings.map(\.code) == ["Root.Locked"])
    }

    @Test("Trap 73: one machine id is one DHCP identity to systemd-networkd") func machineIDs() {
        func message(networkd: Bool) -> String? {
            SecMachineID.evaluate(
                .example {
                    $0.linux.hygiene.machineID = .known(.set)
                    if !networkd { $0.linux.network.activeManagers = [:] }
                }
            ).findings.first?.message
        }
        #expect(message(networkd: true)?.contains("the same one") == true)
        #expect(message(networkd: false)?.contains("the same one") == false)
    }

    @Test func fixesSpeakTheFamilysLanguage() {
        func fix(_ program: MountProgram, _ change: (inout OSIdentity) -> Void = { _ in }) -> String? {
            fstab {
                var entry = ExampleFacts.mount("UUID=x", "/srv", resolution: .notFound)
                entry.evidence.excerpt = "UUID=x /srv ext4 defaults 0 2"
                $0.linux.mounts.program = Located(program, Evidence(path: "/sbin/init"))
                change(&$0.linux.identity)
                $0.fstab(root, entry)
            }.findings.first?.fixes.compactMap(\.edit?.new).last
        }
        #expect(fix(.mountall) == "UUID=x /srv ext4 defaults,nobootwait 0 2")
        #expect(fix(.scripts) == "UUID=x /srv ext4 defaults,nofail 0 0")
        #expect(fix(.openrc) == "UUID=x /srv ext4 defaults,nofail 0 0")
        #expect(fix(.systemd) == "UUID=x /srv ext4 defaults,nofail,x-systemd.device-timeout=5s 0 2")
        let centos5 = fix(.scripts) {
            $0.family = .rhel
            $0.version = "5.11"
        }
        #expect(centos5 == "UUID=x /srv ext4 defaults 0 0")
    }
}
