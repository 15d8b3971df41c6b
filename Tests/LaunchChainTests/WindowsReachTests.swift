import GuestFacts
import Targets
import Testing

@testable import Checks
@testable import LaunchChain

/// Whether somebody gets in to a Windows, by all items of network, access and agents together.
@Suite struct WindowsReachTests {
    private func judge(
        _ target: Target = .alibabaECS, _ change: (inout ExampleWindows) -> Void = { _ in }
    ) -> TargetVerdict {
        var example = ExampleWindows()
        change(&example)
        var scan = ScanFacts(image: example.image)
        scan.systems = [.windows(example.windows)]
        return LaunchJudge(checks: CheckRegistry.windowsAccess).judge(
            scan: scan, system: .windows(example.windows), target: target, narrowing: .virtioBlk,
            firmware: .uefi, now: 1_795_400_000
        ).verdict
    }

    private func stop(_ verdict: TargetVerdict) -> String? {
        verdict.launches.first?.stopsAt.map { "\($0.link.rawValue) \($0.code)" }
    }

    @Test(arguments: [Target.alibabaECS, Target.kvm]) func aHealthyWindowsIsReached(_ target: Target) {
        let verdict = judge(target)
        #expect(verdict.boots == .yes && verdict.reachable == .yes && verdict.ready == .yes, "\(verdict)")
    }

    @Test func withoutTheDHCPClientThereIsNoNetworkAndNoData() {
        let verdict = judge { $0[service: "Dhcp"].start = 4 }
        #expect(verdict.boots == .yes && verdict.reachable == .no && verdict.ready == .no)
        #expect(stop(verdict) == "network Dhcp.ServiceDisabled")
    }

    @Test func theDriverBelowTheDHCPClientIsNamed() {
        let verdict = judge { $0[service: "Afd"].start = 4 }
        #expect(verdict.reachable == .no)
        #expect(stop(verdict) == "network Services.Disabled")
    }

    @Test func aFreshWindowsRefusesRemoteDesktop() {
        let verdict = judge(.kvm) {
            var settings = ExampleWindows.remoteDesktop()
            settings.denies.local?.value = 1
            $0.windows.access.remoteDesktop = .known(settings)
            $0.windows.access.firewall = .known(ExampleWindows.firewall(rules: []))
        }
        #expect(verdict.reachable == .no)
        #expect(stop(verdict) == "access Rdp.Denied")
    }

    @Test func WinRMForTheLocalSubnetIsNoWayIn() {
        func verdict(_ addresses: [String]) -> TargetVerdict {
            judge(.kvm) {
                var settings = ExampleWindows.remoteDesktop()
                settings.denies.local?.value = 1
                $0.windows.access.remoteDesktop = .known(settings)
                $0.addService("WinRM")
                $0.windows.access.winRMPorts = [5985]
                var rule = ExampleWindows.rule(port: 5985)
                rule.program = "System"
                rule.remoteAddresses = addresses
                $0.windows.access.firewall = .known(ExampleWindows.firewall(rules: [rule]))
            }
        }
        #expect(verdict(["LocalSubnet"]).reachable == .no)
        #expect(verdict([]).reachable == .yes)
    }

    /// Catalogue 5.3, 93: the address stays with the card that is gone; a card of the same kind may be the old one.
    @Test(arguments: [(#"pci\ven_15ad&dev_07b0"#, "yes"), (#"pci\ven_1af4&dev_1000"#, "unknown")])
    func aFixedAddress(_ component: String, _ answer: String) {
        let verdict = judge {
            var adapter = WindowsAdapter(key: ExampleWindows.adapterClass + "\\0003")
            adapter.component = component
            var interface = WindowsInterface(key: ExampleWindows.interfaces + "\\{1}")
            interface.usesDHCP = false
            interface.addresses = ["192.168.1.20"]
            adapter.configuration = interface
            $0.windows.network.adapters = .known([adapter])
        }
        #expect(verdict.reachable.rawValue == answer)
    }

    /// 94: what a policy says goes before what the machine says.
    @Test func policiesOverride() {
        let verdict = judge(.kvm) {
            var settings = ExampleWindows.remoteDesktop()
            settings.denies.policy = Located(1, Evidence(path: #"HKLM\SOFTWARE\Policies"#))
            $0.windows.access.remoteDesktop = .known(settings)
        }
        #expect(verdict.reachable == .no)
        #expect(stop(verdict) == "access Rdp.Denied")
    }

    /// 95: a rule for domain and private networks does not count on a new one.
    @Test func aRuleForOtherProfiles() {
        func verdict(_ profiles: [String]) -> TargetVerdict {
            judge(.kvm) {
                var rule = ExampleWindows.rule(port: 3389)
                rule.profiles = profiles
                $0.windows.access.firewall = .known(ExampleWindows.firewall(rules: [rule]))
            }
        }
        #expect(verdict(["domain", "private"]).reachable == .no)
        #expect(stop(verdict(["domain", "private"])) == "access Firewall.BlocksRdp")
        #expect(verdict(["private", "public"]).reachable == .yes)
    }

    @Test func nobodyMayLogIn() {
        func verdict(_ target: Target, agents: [WindowsAgent]) -> TargetVerdict {
            judge(target) {
                var accounts = ExampleWindows.accounts()
                accounts.accounts[0].password = .blank
                $0.windows.access.accounts = .known(accounts)
                $0.windows.agents.agents = .known(agents)
            }
        }
        let nobody = verdict(.alibabaECS, agents: [])
        #expect(nobody.reachable == .no && nobody.ready == .no)
        #expect(stop(nobody) == "access Accounts.BlankPassword")
        #expect(verdict(.alibabaECS, agents: [ExampleWindows.agent("vminit")]).reachable == .yes)
        // Vminit is of no use on a plain KVM host.
        #expect(verdict(.kvm, agents: [ExampleWindows.agent("vminit")]).reachable == .no)
        #expect(verdict(.kvm, agents: [ExampleWindows.agent("cloudbase-init")]).reachable == .yes)
    }

    @Test func withoutAnAgentAnInstanceIsNotReady() {
        let verdict = judge { $0.windows.agents.agents = .known([]) }
        #expect(verdict.boots == .yes && verdict.reachable == .yes && verdict.ready == .no)
        #expect(judge(.kvm) { $0.windows.agents.agents = .known([]) }.ready == .yes)
    }

    @Test func whatCouldNotBeReadLeavesItOpen() {
        for change: (inout ExampleWindows) -> Void in [
            { $0.windows.services = .unknown(.example("SYSTEM")) },
            {
                $0.windows.servicesGap = .example("SYSTEM"); $0.remove(service: "SamSs")
            },
            { $0.windows.access.remoteDesktop = .unknown(.example("SYSTEM")) },
            { $0.windows.access.firewall = .unknown(.example("SYSTEM")) },
            { $0.windows.network.adapters = .unknown(.example("SYSTEM")) },
            {
                $0.windows.access.accounts = .unknown(.example("SAM"))
                $0.windows.agents.agents = .known([])
            },
        ] {
            let verdict = judge(.alibabaECS, change)
            #expect(verdict.reachable == .unknown, "\(verdict)")
            #expect(verdict.launches.first?.unknownBecause?.isEmpty == false)
        }
    }

    @Test func fixesOfRegistryNameThisControlSet() throws {
        var example = ExampleWindows()
        example[service: "Dhcp"].start = 4
        let finding = try #require(WinDhcp.evaluate(example.context).findings.first)
        let text = try #require(finding.fixes.first?.registry?.text)
        #expect(
            text.contains(#"[HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\Dhcp]"#)
                && text.contains("\"Start\"=dword:00000002"))
    }

    @Test func theShippedRuleIsOpenedForAll() throws {
        var rule = ExampleWindows.rule(port: 3389)
        rule.isActive = false
        rule.text =
            "v2.30|Action=Allow|Active=FALSE|Dir=In|Protocol=6|Profile=Domain|LPort=3389|RA4=LocalSubnet|Name=x|"
        let fix = Fix.allowRemoteDesktop(
            ExampleWindows.firewall(rules: [rule]), 3389, ExampleWindows().windows)
        #expect(
            fix.registry?.text.contains(
                #""RemoteDesktop-UserMode-In-TCP"="v2.30|Active=TRUE|Action=Allow|Dir=In|Protocol=6|LPort=3389|Name=x|""#
            ) == true)
    }

    @Test(arguments: [
        (
            "MsiExec.exe /I{D2F7DC4D-9F6A-4B5B-9C2E-5A6D4B7F9E10}", true,
            "MsiExec.exe /X{D2F7DC4D-9F6A-4B5B-9C2E-5A6D4B7F9E10} /quiet /norestart REBOOT=ReallySuppress REMOVE=ALL"
        ),
        (#""C:\Program Files\x\uninst.exe""#, false, #""C:\Program Files\x\uninst.exe""#),
        ("MsiExec.exe /I{not a product}", false, "MsiExec.exe /I{not a product}"),
    ]) func uninstallCommands(_ text: String, _ isVMware: Bool, _ command: String) {
        #expect(WindowsUninstall.quiet(text, isVMware: isVMware) == command)
    }
}
