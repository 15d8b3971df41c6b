import GuestFacts
import Targets
import Testing

@testable import Checks
@testable import LaunchChain

/// What is not known never becomes a yes.
@Suite struct HonestyTests {
    /// A guest of which nothing could be read.
    static var darkGuest: LinuxFacts {
        let gap = Gap.example("mbr:1")
        var initSystem = InitFacts(program: .unknown(gap))
        initSystem.defaultTarget = .unknown(gap)
        var linux = LinuxFacts(
            rootVolume: "mbr:1", identity: OSIdentity(),
            boot: BootFacts(
                bios: BootPath(firmware: .bios, isPresent: .unknown),
                uefi: BootPath(firmware: .uefi, isPresent: .unknown)),
            mounts: MountFacts(fstab: .unknown(gap)), initSystem: initSystem, services: ServiceFacts(),
            network: NetworkFacts(naming: Located(.unknown, Evidence(path: "/"))),
            access: AccessFacts(
                ssh: SSHFacts(starts: .unknown), accounts: .unknown(gap),
                shadow: ShadowFacts(present: .unknown),
                firewall: FirewallFacts(allowsSSH: .unknown)),
            cloudInit: CloudInitFacts(), operation: OperationFacts(), hygiene: HygieneFacts())
        linux.network.gap = gap
        linux.access.ssh.gap = gap
        linux.cloudInit.gap = gap
        linux.operation.rtcInUTC = .unknown(gap)
        linux.hygiene.machineID = .unknown(gap)
        return linux
    }

    @Test(arguments: Target.shipped.map(\.id)) func nothingReadMeansUnknown(_ id: String) throws {
        let target = try #require(Target.shipped(id))
        var image = ImageFacts(
            container: ContainerFacts(format: "raw", virtualSize: 3 << 30, fileSize: 3 << 30))
        var root = VolumeFacts(id: "mbr:1", size: 3 << 30)
        root.gap = .example("mbr:1")
        image.volumes = [root]
        var scan = ScanFacts(image: image)
        scan.systems = [.linux(HonestyTests.darkGuest)]
        let verdict = LaunchJudge().judge(
            scan: scan, system: .linux(HonestyTests.darkGuest), target: target, now: 0
        )
        .verdict
        #expect(verdict.boots == .unknown && verdict.reachable == .unknown)
        #expect(verdict.ready == .unknown)
        #expect(verdict.launches.allSatisfy { !($0.unknownBecause ?? []).isEmpty && $0.stopsAt == nil })
    }

    /// A Windows that was recognised and of which nothing could be read.
    static let darkWindows: WindowsFacts = {
        let gap = Gap(where: "gpt:3 › ntfs", kind: .corrupt, message: "the MFT cannot be read")
        var windows = WindowsFacts(
            rootVolume: "gpt:3", systemRoot: "/Windows", identity: WindowsIdentity(),
            services: .unknown(gap))
        windows.identity.gaps = [gap]
        for name in ["SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT"] {
            var hive = HiveFacts(
                name: name, path: "C:\\Windows\\System32\\config\\\(name)", state: .unreadable)
            hive.message = gap.message
            windows.hives.append(hive)
        }
        windows.gaps = [gap]
        return windows
    }()

    @Test(arguments: Target.shipped.map(\.id)) func nothingReadOfWindowsMeansUnknown(_ id: String) throws {
        let target = try #require(Target.shipped(id))
        var image = ImageFacts(
            container: ContainerFacts(format: "raw", virtualSize: 40 << 30, fileSize: 40 << 30))
        image.volumes = [VolumeFacts(id: "gpt:3", size: 39 << 30)]
        var scan = ScanFacts(image: image)
        scan.systems = [.windows(HonestyTests.darkWindows)]
        let judgement = LaunchJudge().judge(scan: scan, system: scan.systems[0], target: target, now: 0)
        let verdict = judgement.verdict
        #expect(verdict.boots == .unknown && verdict.reachable == .unknown)
        #expect(verdict.ready == .unknown)
        #expect(verdict.launches.allSatisfy { !($0.unknownBecause ?? []).isEmpty && $0.stopsAt == nil })
        let claims = judgement.results.flatMap(\.outcome.findings).filter { $0.consequence != .none }
        #expect(claims.isEmpty, "\(claims.map(\.code))")
    }

    /// Every example of every check goes through the judge against every target: twelve links, and an unknown
    /// answer always has a reason.
    @Test(arguments: CheckRegistry.all.map { $0.metadata.id }) func verdictIsWhole(_ id: String) throws {
        let check = try #require(CheckRegistry.check(id))
        for example in check.examples {
            for target in Target.shipped {
                var scan = ScanFacts(image: example.context.image)
                if let system = example.context.system { scan.systems = [system] }
                let verdict = LaunchJudge().judge(
                    scan: scan, system: example.context.system, target: target,
                    now: example.context.now
                ).verdict
                #expect(!verdict.launches.isEmpty)
                for launch in verdict.launches {
                    #expect(launch.links.map(\.name) == LaunchLink.allCases)
                    let answers = [launch.boots, launch.reachable, launch.ready]
                    #expect(answers.contains(.unknown) == (launch.unknownBecause != nil), "\(example.title)")
                    if launch.boots == .no { #expect(launch.stopsAt != nil && launch.ready == .no) }
                    if launch.reachable == .no { #expect(launch.stopsAt != nil, "\(example.title)") }
                }
            }
        }
    }
}
