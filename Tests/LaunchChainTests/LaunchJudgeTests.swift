import GuestFacts
import Targets
import Testing

@testable import Checks
@testable import LaunchChain

@Suite struct LaunchJudgeTests {
    private func judge(
        _ target: Target = .alibabaECS, disk: DiskBus? = nil, firmware: FirmwareKind? = nil,
        only: Set<String> = [], skip: Set<String> = [], _ change: (inout ExampleFacts) -> Void = { _ in }
    ) -> TargetJudgement {
        var facts = ExampleFacts()
        change(&facts)
        var scan = ScanFacts(image: facts.image)
        scan.systems = [.linux(facts.linux)]
        return LaunchJudge().judge(
            scan: scan, system: .linux(facts.linux), target: target, narrowing: disk, firmware: firmware,
            only: only,
            skip: skip, now: 1_795_400_000)
    }

    @Test func healthyGuestHasAllThreeAnswers() {
        let judgement = judge()
        let verdict = judgement.verdict
        #expect(verdict.boots == .yes && verdict.reachable == .yes && verdict.ready == .yes, "\(verdict)")
        #expect(verdict.register?.firmware == "bios")
        #expect(verdict.launches.map(\.disk) == [.virtioBlk, .nvme])
        #expect(
            verdict.launches.allSatisfy {
                $0.firmware == .bios && $0.stopsAt == nil && $0.unknownBecause == nil
            })
        let failed = judgement.results.filter { $0.outcome.status == .fail || $0.outcome.status == .unknown }
        #expect(failed.map(\.metadata.id) == [], "\(failed.map(\.outcome))")
    }

    @Test func driverMissingForOneBusMakesPartly() throws {
        let judgement = judge { $0.kernel.drivers["nvme"] = DriverFacts(.module) }
        let verdict = judgement.verdict
        #expect(verdict.boots == .partly && verdict.reachable == .partly && verdict.ready == .partly)
        let nvme = try #require(verdict.launches.first { $0.disk == .nvme })
        #expect(nvme.stopsAt?.link == .initramfs && nvme.stopsAt?.code == "Nvme.NotInInitramfs")
        #expect(nvme.boots == .no && nvme.reachable == .no && nvme.ready == .no)
        #expect(nvme.links.first { $0.name == .root }?.state == .notReached)
        #expect(nvme.links.first { $0.name == .hygiene }?.state == .holds)
        let item = try #require(judgement.results.first { $0.metadata.id == "GUESTOS.Nvme" })
        #expect(item.outcome.findings.map(\.severity) == [.warning])
    }

    @Test func findingThatStopsEveryLaunchIsAnError() throws {
        let judgement = judge(.kvm, disk: .nvme) { $0.kernel.drivers["nvme"] = DriverFacts(.module) }
        let item = try #require(judgement.results.first { $0.metadata.id == "GUESTOS.Nvme" })
        #expect(item.outcome.findings.first?.severity == .error)
        #expect(judgement.verdict.boots == .no)
    }

    @Test func virtioStaysAnErrorAlthoughNvmeBoots() throws {
        let judgement = judge { $0.kernel.drivers["virtio_blk"] = DriverFacts(.module) }
        let item = try #require(judgement.results.first { $0.metadata.id == "GUESTOS.Virtio" })
        #expect(item.outcome.findings.first?.severity == .error)
        #expect(judgement.verdict.boots == .partly)
    }

    @Test func unreadableFstabLeavesTheAnswersOpen() throws {
        let verdict = judge { $0.linux.mounts.fstab = .unknown(.example("/etc/fstab")) }.verdict
        #expect(verdict.boots == .unknown && verdict.reachable == .unknown && verdict.ready == .unknown)
        let launch = try #require(verdict.launches.first)
        #expect(launch.unknownBecause == ["/etc/fstab: block 812345 is outside the file system"])
        #expect(launch.links.first { $0.name == .`init` }?.state == .unknown)
    }

    @Test func brokenLoaderIsTheOnlyReason() throws {
        let verdict = judge {
            $0.linux.boot.bios.steps = [
                BootStep(
                    isFirmware: true, state: .broken, code: "BootLoader.CoreMissing", message: "no core image"
                )
            ]
            $0.linux.boot.bios.entry = nil
        }.verdict
        let launch = try #require(verdict.launches.first)
        #expect(launch.stopsAt?.link == .firmware && launch.stopsAt?.code == "BootLoader.CoreMissing")
        #expect(launch.unknownBecause == nil)
        #expect(launch.links.filter { $0.state == .broken }.map(\.name) == [.firmware])
    }

    /// Whoever accepts the first stop has not accepted the next, nor what is not known behind it.
    @Test func whatLiesBehindAStopIsKept() throws {
        let verdict = judge(.kvm, disk: .nvme) {
            $0.kernel.drivers["nvme"] = DriverFacts(.module)
            $0.fstab(ExampleFacts.mount("UUID=\(ExampleFacts.noSuchUUID)", "/data", resolution: .notFound))
        }.verdict
        let launch = try #require(verdict.launches.first)
        #expect(launch.stopsAt?.code == "Nvme.NotInInitramfs")
        #expect(launch.alsoStopsAt?.map(\.code) == ["Fstab.DeviceNotFound"])
        #expect(launch.unknownBecause == nil && launch.alsoUnknown == nil)
        let open = judge(.kvm, disk: .nvme) {
            $0.kernel.drivers["nvme"] = DriverFacts(.module)
            $0.linux.mounts.fstab = .unknown(.example("/etc/fstab"))
        }.verdict
        #expect(
            open.launches.first?.alsoUnknown == ["/etc/fstab: block 812345 is outside the file system"])
        #expect(open.launches.first?.alsoStopsAt == nil)
        #expect(judge().verdict.launches.allSatisfy { $0.alsoStopsAt == nil && $0.alsoUnknown == nil })
    }

    @Test func sameRootNameMeansOtherThingsOnOtherBuses() throws {
        let change = { (facts: inout ExampleFacts) in
            let root = RootReference(
                specification: "/dev/sda1",
                resolution: .kernelName(KernelDeviceName(prefix: "sd", disk: 0, partition: 1), "mbr:1"),
                needsInitramfs: false)
            facts.commandLine("root=/dev/sda1 ro", root: root)
        }
        let verdict = judge(.kvm, change).verdict
        #expect(verdict.boots == .partly)
        let block = try #require(verdict.launches.first { $0.disk == .virtioBlk })
        #expect(block.stopsAt?.link == .root)
        #expect(verdict.launches.first { $0.disk == .virtioSCSI }?.boots == .yes)
    }

    @Test func wrongRootInFstabBootsAndIsNotReady() throws {
        let verdict = judge {
            $0.fstab(
                ExampleFacts.mount("UUID=\(ExampleFacts.noSuchUUID)", "/", resolution: .notFound))
        }.verdict
        #expect(verdict.boots == .yes && verdict.reachable == .yes && verdict.ready == .no)
        #expect(verdict.launches.first?.stopsAt == nil)
    }

    @Test func firmwareIsTheOneTheImageIsMadeFor() {
        #expect(judge { $0.startByUEFI() }.verdict.launches.allSatisfy { $0.firmware == .uefi })
        let none = judge {
            $0.linux.boot.bios = BootPath(firmware: .bios, isPresent: .no)
        }.verdict
        #expect(Set(none.launches.map(\.firmware)) == [.bios, .uefi])
        #expect(none.boots == .no && none.register == nil)
        #expect(none.launches.allSatisfy { $0.stopsAt?.link == .firmware })
        let asked = judge(firmware: .uefi).verdict
        #expect(asked.launches.allSatisfy { $0.firmware == .uefi && $0.boots == .no })
    }

    @Test func narrowingTheItemsDoesNotNarrowTheVerdict() {
        let judgement = judge(only: ["compliance.driver"]) { $0.fstab(ExampleFacts.lostMount) }
        #expect(judgement.results.map(\.metadata.id) == ["GUESTOS.Virtio"])
        #expect(judgement.verdict.boots == .no)
        let rest = judge(skip: ["GUESTOS.Fstab"]) { $0.fstab(ExampleFacts.lostMount) }
        #expect(!rest.results.contains { $0.metadata.id == "GUESTOS.Fstab" })
        #expect(rest.verdict.boots == .no)
    }

    @Test func targetDecidesTheSeverity() throws {
        var target = Target.alibabaECS
        target.rules.severities = ["Nvme.TimeoutMissing": "info"]
        let judgement = judge(target) { $0.commandLine("root=UUID=\(ExampleFacts.uuid) ro") }
        let item = try #require(judgement.results.first { $0.metadata.id == "GUESTOS.Nvme" })
        #expect(item.outcome.findings.first?.severity == .info)
    }

    @Test func dataDiskStopsAtTheFirmware() throws {
        var image = ExampleFacts().image
        image.container.content = .dataDisk
        let judgement = LaunchJudge().judge(
            scan: ScanFacts(image: image), system: nil, target: .alibabaECS, now: 0)
        #expect(judgement.verdict.boots == .no && judgement.verdict.register == nil)
        let launch = try #require(judgement.verdict.launches.first)
        #expect(launch.stopsAt?.link == .firmware && launch.stopsAt?.code == "SystemImage.DataDisk")
    }

    @Test("Trap 40: /dev/sda1 is right on virtio-scsi and Hyper-V, and wrong on virtio-blk and NVMe")
    func sameNameMeansOtherThingsAtOtherTargets() throws {
        let change = { (facts: inout ExampleFacts) in
            let root = RootReference(
                specification: "/dev/sda1",
                resolution: .kernelName(KernelDeviceName(prefix: "sd", disk: 0, partition: 1), "mbr:1"),
                needsInitramfs: false)
            facts.commandLine("root=/dev/sda1 ro", root: root)
            for name in ["ena", "gve", "hv_netvsc"] { facts.kernel.drivers[name] = DriverFacts(.module) }
        }
        func boots(_ id: String) throws -> TargetVerdict.Answer {
            judge(try #require(Target.shipped(id)), change).verdict.boots
        }
        #expect(try boots("azure") == .yes)
        #expect(try boots("kvm") == .partly)
        #expect(try boots("gcp") == .partly)
        #expect(try boots("aws-nitro") == .no)
        #expect(try boots("tencent-cvm") == .no)
    }

    @Test("Trap 40: one initramfs, another verdict for each bus")
    func driversDecideByTarget() throws {
        let change = { (facts: inout ExampleFacts) in
            facts.kernel.drivers["hv_storvsc"] = DriverFacts(.module)
            facts.kernel.drivers["xen_blkfront"] = DriverFacts(.absent)
            facts.kernel.drivers["ena"] = DriverFacts(.absent)
            facts.kernel.drivers["hv_netvsc"] = DriverFacts(.module)
        }
        let azure = judge(try #require(Target.shipped("azure")), change).verdict
        #expect(azure.boots == .no)
        #expect(azure.launches.map(\.disk) == [.vmbus])
        #expect(azure.launches.first?.stopsAt?.code == "DiskDriver.NotInInitramfs")
        let aws = judge(try #require(Target.shipped("aws-nitro")), change).verdict
        #expect(aws.boots == .yes && aws.reachable == .no)
        #expect(aws.launches.first?.stopsAt?.code == "NetDriver.Missing")
        let xen = judge(try #require(Target.shipped("aws-nitro")), disk: .xen, change).verdict
        #expect(xen.boots == .no)
        #expect(judge(.kvm, change).verdict.boots == .yes)
    }

    @Test func disksThatOneFirmwareHasAreJudgedOnThatOnly() throws {
        let azure = try #require(Target.shipped("azure"))
        func launches(_ disk: DiskBus?, _ firmware: FirmwareKind?) -> [Launch] {
            LaunchJudge.launches(
                of: .linux(ExampleFacts().linux), target: azure, disk: disk, firmware: firmware)
        }
        #expect(launches(nil, nil) == [Launch(disk: .vmbus, firmware: .bios)])
        #expect(launches(.nvme, .uefi) == [Launch(disk: .nvme, firmware: .uefi)])
        // What was asked for is judged, although no machine is like that.
        #expect(launches(.nvme, nil) == [Launch(disk: .nvme, firmware: .bios)])
    }

    @Test func healthyGuestBootsAtEveryTarget() throws {
        for target in Target.shipped {
            let verdict = judge(target) { facts in
                for name in ["ena", "gve", "hv_netvsc"] { facts.kernel.drivers[name] = DriverFacts(.module) }
            }.verdict
            #expect(verdict.boots == .yes && verdict.reachable == .yes, "\(target.id): \(verdict)")
        }
    }

    @Test func unreadSystemIsUnknown() {
        let other = OtherSystem(
            family: "freebsd", name: "FreeBSD", root: "mbr:1", evidence: Evidence(path: "/boot/loader.conf"))
        var scan = ScanFacts(image: ExampleFacts().image)
        scan.systems = [.other(other)]
        let verdict = LaunchJudge().judge(scan: scan, system: .other(other), target: .kvm, now: 0).verdict
        #expect(verdict.boots == .unknown && verdict.reachable == .unknown && verdict.ready == .unknown)
    }
}

extension ExampleFacts {
    static var lostMount: MountEntry {
        mount("UUID=\(noSuchUUID)", "/srv", resolution: .notFound)
    }
}
