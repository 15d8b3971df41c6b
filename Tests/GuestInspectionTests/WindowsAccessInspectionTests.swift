import BlockIO
import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import TestSupport
import Testing

@testable import GuestInspection

/// What is read of network, access and agents of a Windows: of hives made here, and of real machines' hives.
struct WindowsAccessInspectionTests {
    /// A Windows in memory.
    private struct Machine {
        let system = HiveBuilder()
        let software = HiveBuilder()
        let sam = HiveBuilder()
        let security = HiveBuilder()
        var files: [String: String] = [:]
        static let set = "ControlSet002"

        init() {
            system.set("Select", "Default", .dword(2))
            system.set("Select", "Current", .dword(2))
            system.add("\(Machine.set)\\Services")
            software.add(#"Microsoft\Windows NT\CurrentVersion"#)
            software.set(#"Microsoft\Windows NT\CurrentVersion"#, "CurrentBuildNumber", .text("20348"))
        }

        func control(_ path: String, _ name: String, _ datum: HiveBuilder.Datum) {
            system.set("\(Machine.set)\\\(path)", name, datum)
        }

        func service(
            _ name: String, start: UInt32, path: String = #"%SystemRoot%\System32\svchost.exe -k a"#,
            library: String? = nil, needs: [String] = []
        ) {
            control("Services\\\(name)", "Start", .dword(start))
            control("Services\\\(name)", "Type", .dword(0x20))
            control("Services\\\(name)", "ImagePath", .expandable(path))
            if let library {
                control("Services\\\(name)\\Parameters", "ServiceDll", .expandable(library))
            }
            if !needs.isEmpty { control("Services\\\(name)", "DependOnService", .texts(needs)) }
        }

        func inspect() -> WindowsFacts {
            WindowsAccessInspectionTests.inspect(
                [
                    "SYSTEM": system.bytes(), "SOFTWARE": software.bytes(), "SAM": sam.bytes(),
                    "SECURITY": security.bytes(),
                ], files: files)
        }
    }

    private static func inspect(_ hives: [String: [UInt8]], files: [String: String] = [:]) -> WindowsFacts {
        var memory = MemoryFileSystem(kind: "ntfs")
        for (name, bytes) in hives { memory.add(GuestPath("/Windows/System32/config/\(name)"), .file(bytes)) }
        for (path, text) in files { memory.file(path, text) }
        let layout = DiskLayout(
            disk: MemorySource([]),
            image: ImageFacts(
                container: ContainerFacts(format: "raw", virtualSize: 0, fileSize: 0)), table: nil,
            volumes: [])
        return WindowsInspection(layout: layout, root: "gpt:3", fileSystem: memory, systemRoot: "/Windows")
            .inspect()
    }

    // MARK: Network

    @Test func adaptersWithTheirConfiguration() throws {
        let machine = Machine()
        let netClass = #"Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}"#
        let guid = "{4A6A2C5F-9A3D-4A0C-8A55-0A3C2B1D7E01}"
        machine.control(netClass + "\\0007", "DriverDesc", .text("Red Hat VirtIO Ethernet Adapter"))
        machine.control(netClass + "\\0007", "ComponentId", .text(#"PCI\VEN_1AF4&DEV_1041"#))
        machine.control(netClass + "\\0007", "NetCfgInstanceId", .text(guid))
        machine.control(netClass + "\\0007", "Characteristics", .dword(0x84))
        machine.control(netClass + "\\0002", "DriverDesc", .text("WAN Miniport (IP)"))
        machine.control(netClass + "\\0002", "ComponentId", .text("ms_ndiswanip"))
        machine.control(netClass + "\\0002", "Characteristics", .dword(0x29))
        machine.control(netClass + "\\0009", "ComponentId", .text(#"COMPOSITEBUS\MS_IMPLAT_MP"#))
        machine.control(netClass + "\\0009", "Characteristics", .dword(1))
        machine.control(netClass + "\\Configuration", "x", .dword(1))
        let tcpip = #"Services\Tcpip\Parameters"#
        machine.control("\(tcpip)\\Interfaces\\\(guid)", "EnableDHCP", .dword(0))
        machine.control("\(tcpip)\\Interfaces\\\(guid)", "IPAddress", .texts(["192.168.1.20"]))
        machine.control("\(tcpip)\\Interfaces\\\(guid)", "NameServer", .text("10.0.0.1,10.0.0.2"))
        machine.control("\(tcpip)\\PersistentRoutes", "10.1.0.0,255.255.0.0,192.168.1.254,1", .text(""))
        machine.control(#"Services\Tcpip6\Parameters"#, "DisabledComponents", .dword(0xFF))
        let proxy = "user:secret@proxy.corp:3128"
        let lead: [UInt8] = [0x28, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, UInt8(proxy.utf8.count), 0, 0, 0]
        machine.software.set(
            #"Microsoft\Windows\CurrentVersion\Internet Settings\Connections"#, "WinHttpSettings",
            .binary(lead + Array(proxy.utf8) + [0, 0, 0, 0]))
        let network = machine.inspect().network
        let adapters = try #require(network.adapters.value)
        #expect(adapters.map(\.title) == ["Red Hat VirtIO Ethernet Adapter"])
        let adapter = try #require(adapters.first)
        #expect(adapter.isCard(of: "virtio_net") && !adapter.isCard(of: "vmxnet3"))
        #expect(adapter.configuration?.isStatic == true)
        #expect(adapter.configuration?.addresses == ["192.168.1.20"])
        #expect(adapter.configuration?.nameServers == ["10.0.0.1", "10.0.0.2"])
        #expect(
            adapter.configuration?.key
                == #"HKLM\SYSTEM\ControlSet002\Services\Tcpip\Parameters\Interfaces\\#(guid)"#)
        #expect(network.compounds.count == 1)
        #expect(network.persistentRoutes.map(\.value) == ["10.1.0.0,255.255.0.0,192.168.1.254,1"])
        #expect(network.disabledComponents?.value == 0xFF)
        #expect(network.proxy?.value == "proxy.corp:3128")
        #expect(network.gaps.isEmpty)
    }

    @Test func withoutHivesNothingIsKnown() {
        let facts = WindowsAccessInspectionTests.inspect([:])
        #expect(facts.network.adapters.value == nil)
        #expect(facts.access.remoteDesktop.value == nil)
        #expect(facts.access.firewall.value == nil)
        #expect(facts.access.accounts.value == nil)
        #expect(facts.agents.agents.value == nil)
        #expect(facts.agents.timeZone == nil)
    }

    // MARK: Access

    @Test func remoteDesktopOfTheMachineAndOfThePolicy() throws {
        let machine = Machine()
        let key = #"Control\Terminal Server"#
        machine.control(key, "fDenyTSConnections", .dword(0))
        machine.control(key + #"\WinStations\Console"#, "fEnableWinStation", .dword(1))
        let station = key + #"\WinStations\RDP-Tcp"#
        machine.control(station, "PortNumber", .dword(33890))
        machine.control(station, "fEnableWinStation", .dword(1))
        machine.control(station, "LanAdapter", .dword(0))
        machine.control(station, "UserAuthentication", .dword(1))
        machine.control(station, "SSLCertificateSHA1Hash", .binary([UInt8](repeating: 0xAB, count: 20)))
        machine.software.set(
            #"Policies\Microsoft\Windows NT\Terminal Services"#, "fDenyTSConnections", .dword(1))
        let settings = try #require(machine.inspect().access.remoteDesktop.value)
        #expect(settings.denies.local?.value == 0)
        #expect(settings.denies.isOn == true)
        #expect(
            settings.denies.policy?.evidence.path
                == #"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"#)
        #expect(settings.networkLevelAuthentication.isOn == true)
        let listener = try #require(settings.listeners.first)
        #expect(settings.listeners.count == 1 && listener.port == 33890 && listener.isEnabled == true)
        #expect(listener.pinnedCertificateExists == .no)
        let name = String(repeating: "AB", count: 20)
        machine.software.add(#"Microsoft\SystemCertificates\MY\Certificates\"# + name)
        #expect(
            machine.inspect().access.remoteDesktop.value?.listeners.first?.pinnedCertificateExists == .yes)
    }

    @Test func firewallRulesThatConcernALogin() throws {
        let machine = Machine()
        let policy = #"Services\SharedAccess\Parameters\FirewallPolicy"#
        machine.control(policy + #"\PublicProfile"#, "EnableFirewall", .dword(1))
        machine.control(policy + #"\StandardProfile"#, "EnableFirewall", .dword(0))
        let rules = policy + #"\FirewallRules"#
        let group = "EmbedCtxt=@FirewallAPI.dll,-28752|"
        for (name, text) in [
            (
                "RemoteDesktop-UserMode-In-TCP",
                "v2.30|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=3389|App=%SystemRoot%\\system32\\svchost.exe|Svc=termservice|\(group)"
            ),
            ("web", "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=80|Name=web|"),
            ("rpc", "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=RPC|Name=rpc|"),
            ("out", "v2.30|Action=Block|Active=TRUE|Dir=Out|Protocol=6|Name=out|"),
            ("app", "v2.30|Action=Allow|Active=TRUE|Dir=In|Name=a|LUOwn=S-1-5-21-1|AppPkgId=S-1-15-2-1|"),
            ("any", "v2.30|Action=Block|Active=TRUE|Dir=In|Profile=Private|LPort2_10=3000-4000|Protocol=6|"),
            ("junk", "nothing"),
        ] { machine.control(rules, name, .text(text)) }
        machine.software.set(
            #"Policies\Microsoft\WindowsFirewall\PublicProfile"#, "DoNotAllowExceptions", .dword(1))
        machine.software.set(
            #"Policies\Microsoft\WindowsFirewall\FirewallRules"#, "p",
            .text("v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|RA4=10.0.0.0/255.0.0.0|"))
        let firewall = try #require(machine.inspect().access.firewall.value)
        #expect(firewall.public.isOn && !firewall.private.isOn)
        #expect(firewall.public.blocksAll.isOn == true)
        #expect(Set(firewall.rules.map(\.name)) == ["RemoteDesktop-UserMode-In-TCP", "any", "p"])
        #expect(firewall.unreadable.count == 1)
        let own = try #require(firewall.rules.first { $0.name == "p" })
        #expect(own.isPolicy && own.remoteAddresses == ["10.0.0.0/255.0.0.0"])
    }

    @Test func servicesAndWhatTheyRestOn() throws {
        var machine = Machine()
        machine.service(
            "TermService", start: 3, library: #"%SystemRoot%\System32\termsrv.dll"#,
            needs: ["RPCSS", "TermDD"])
        machine.service("RpcSs", start: 2, needs: ["RpcEptMapper"])
        machine.service("RpcEptMapper", start: 2, needs: ["TermService"])
        machine.service("sshd", start: 2, path: #"C:\Windows\System32\OpenSSH\sshd.exe"#)
        machine.files["/ProgramData/ssh/sshd_config"] =
            "# x\r\nPort 2222\r\nPasswordAuthentication no\r\nMatch all\r\n"
        machine.software.set(
            #"Microsoft\Windows\CurrentVersion\WSMAN\Listener\*+HTTP"#, "Port", .dword(5985))
        let access = machine.inspect().access
        #expect(access.dependencies["termservice"] == ["RPCSS", "TermDD"])
        #expect(access.dependencies["rpcss"] == ["RpcEptMapper"])
        #expect(access.dependencies["rpceptmapper"] == ["TermService"])
        #expect(access.serviceFiles["termservice"]?.state == .missing)
        #expect(access.serviceFiles["termservice"]?.path == #"C:\Windows\System32\termsrv.dll"#)
        #expect(access.serviceFiles["sshd"]?.state == .missing)
        #expect(access.sshPort == 2222 && access.sshTakesPasswords == .no)
        #expect(access.winRMPorts == [5985])
    }

    // MARK: Agents

    @Test func agentsByServiceProgramAndProduct() throws {
        var machine = Machine()
        machine.service(
            "cloudbase-init", start: 2,
            path:
                #""C:\Program Files\Cloudbase Solutions\Cloudbase-Init\bin\OpenStackService.exe" cloudbase-init"#
        )
        machine.service("Initialize", start: 4, path: #"C:\ProgramData\aliyun\vminit\vminit_service.exe"#)
        machine.files["/ProgramData/aliyun/vminit/vminit_service.exe"] = "MZ"
        machine.files["/ProgramData/aliyun/assist/2.2.4.1/aliyun_assist_service.exe"] = "MZ"
        machine.files["/Users/Public/Desktop/desktop.ini"] = "[.ShellClassInfo]\r\n"
        let uninstall = #"WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\{1}"#
        machine.software.set(uninstall, "DisplayName", .text("VMware Tools"))
        machine.software.set(uninstall, "UninstallString", .text("MsiExec.exe /I{1}"))
        machine.control(
            #"Control\TimeZoneInformation"#, "TimeZoneKeyName",
            .text("China Standard Time\0\u{1234}\u{5678}garbage"))
        machine.software.add(#"Microsoft\Windows NT\CurrentVersion\Time Zones\China Standard Time"#)
        let agents = machine.inspect().agents
        let found = try #require(agents.agents.value)
        #expect(Set(found.map(\.name)) == ["cloudbase-init", "vminit", "cloud-assistant", "vmware-tools"])
        func agent(_ name: String) throws -> WindowsAgent { try #require(found.first { $0.name == name }) }
        #expect(try agent("cloudbase-init").enabled == .yes)
        #expect(try agent("cloudbase-init").programExists == .no)
        #expect(try agent("vminit").services == ["Initialize"])
        #expect(try agent("vminit").enabled == .no && agent("vminit").programExists == .yes)
        #expect(try agent("cloud-assistant").enabled == .no)
        #expect(try agent("vmware-tools").uninstall == "MsiExec.exe /I{1}")
        #expect(agents.desktopFiles.value == [#"C:\Users\Public\Desktop\desktop.ini"#])
        #expect(agents.timeZone?.name == "China Standard Time")
        #expect(agents.timeZone?.exists == .yes)
    }

    // MARK: Real machines

    private static let samples = FixtureTool.environment("IMAGECHECK_SAMPLES").map { $0 + "/hives" }

    private func sample(_ path: String) throws -> [UInt8] {
        let samples = try #require(WindowsAccessInspectionTests.samples)
        return try #require(try FixtureTool.run("xz", ["-dc", "\(samples)/\(path)"]))
    }

    /// What chntpw 1.0 prints of these hives: accounts, administrators, disabled ones. The passwords are as
    /// their sizes in RegRipper's samparse tell.
    @Test(
        .enabled(if: samples != nil && FixtureTool.exists("xz")),
        arguments: [
            ("aiowinreg/win2008_32/sam.reg.xz", ["500 Administrator +a", "501 Guest -"]),
            ("aiowinreg/win2008r2_64/sam.reg.xz", ["500 Administrator +a", "501 Guest -"]),
            ("aiowinreg/win2012_64/sam.reg.xz", ["500 Administrator +a", "501 Guest -"]),
            (
                "aiowinreg/win2016_64/sam.reg.xz",
                ["500 Administrator +a", "501 Guest -", "503 DefaultAccount -"]
            ),
            (
                "aiowinreg/win2019_64/sam.reg.xz",
                ["500 Administrator +a", "501 Guest -", "503 DefaultAccount -", "504 WDAGUtilityAccount -"]
            ),
            (
                "aiowinreg/win2022_64/sam.reg.xz",
                ["500 Administrator +a", "501 Guest -", "503 DefaultAccount -", "504 WDAGUtilityAccount -"]
            ),
            ("regipy/SAM.xz", ["500 Administrator -a", "501 Guest -", "1000 Preston +a"]),
        ]) func accountsOfRealMachines(_ path: String, _ expected: [String]) throws
    {
        let machine = Machine()
        let facts = WindowsAccessInspectionTests.inspect([
            "SYSTEM": machine.system.bytes(), "SAM": try sample(path),
        ])
        let accounts = try #require(facts.access.accounts.value, "\(facts.access.accounts)")
        let shown = accounts.accounts.map { account in
            "\(account.rid) \(account.name) \(account.isDisabled ? "-" : "+")\(account.isAdministrator ? "a" : "")"
        }
        #expect(shown == expected)
        let withPassword = accounts.accounts.filter { $0.password == .stored }.map(\.rid)
        #expect(withPassword == (path.hasPrefix("regipy") ? [500, 1000] : [500]))
        // Those of the domain that the machines of one collection belong to.
        let others = accounts.otherAdministrators
        #expect(path.hasPrefix("regipy") ? others.isEmpty : others.allSatisfy { $0.hasSuffix("-512") })
        #expect(accounts.accounts.allSatisfy { !$0.mustChangePassword || $0.isDisabled })
    }

    /// Three workstations as regipy 6 shows their hives: cards and addresses, time zone, Remote Desktop, its rules.
    @Test(
        .enabled(if: samples != nil && FixtureTool.exists("xz")),
        arguments: [
            (
                "SYSTEM", [#"pci\ven_8086&dev_100f 192.168.1.123"#, #"pci\ven_8086&dev_100f 10.3.58.5"#],
                "Eastern Standard Time", UInt64(0), ["RemoteDesktop-In-TCP"]
            ),
            (
                "SYSTEM_2", [#"pci\ven_8086&dev_100e&subsys_001e8086 DHCP"#], "Pacific Standard Time",
                UInt64(1), []
            ),
            (
                "SYSTEM_WIN_10_1709", [#"PCI\VEN_8086&DEV_10D3 DHCP"#], "Pacific Standard Time", UInt64(1), []
            ),
        ]) func networkOfRealMachines(
            _ name: String, _ cards: [String], _ zone: String, _ denies: UInt64, _ active: [String]
        ) throws
    {
        let facts = WindowsAccessInspectionTests.inspect(["SYSTEM": try sample("regipy/\(name).xz")])
        let adapters = try #require(facts.network.adapters.value, "\(facts.network.adapters)")
        let shown = adapters.map { adapter in
            let configuration = adapter.configuration
            let address =
                configuration?.isStatic == true ? configuration?.addresses.joined(separator: ",") : "DHCP"
            return "\(adapter.component ?? "") \(address ?? "")"
        }
        #expect(shown == cards)
        #expect(facts.network.compounds.isEmpty)
        // As hivexget shows the key: one machine has two default routes of its own.
        #expect(facts.network.persistentRoutes.count == (name == "SYSTEM" ? 2 : 0))
        let settings = try #require(facts.access.remoteDesktop.value)
        #expect(settings.denies.effective?.value == denies)
        #expect(settings.listeners.map(\.name) == ["RDP-Tcp"])
        #expect(settings.listeners.first?.port == 3389)
        let firewall = try #require(facts.access.firewall.value)
        #expect(firewall.public.enabled.local != nil)
        let rules = firewall.rules.filter { $0.isRemoteDesktop }
        #expect(rules.contains { $0.name == "RemoteDesktop-UserMode-In-TCP" && !$0.isActive })
        #expect(rules.filter(\.isActive).map(\.name) == active)
        #expect(rules.filter(\.isActive).allSatisfy { !$0.covers(profile: "public") })
        #expect(firewall.unreadable.isEmpty)
        #expect(facts.access.dependencies["rpcss"] == ["RpcEptMapper", "DcomLaunch"])
        #expect(facts.access.dependencies["dhcp"]?.first == "NSI")
        #expect(facts.agents.timeZone?.name == zone)
    }
}
