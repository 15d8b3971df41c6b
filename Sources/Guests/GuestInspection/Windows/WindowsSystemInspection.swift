import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Settings of the running system: page files, SAN policy, clock, protection, policies, activation.
struct WindowsSystemInspection {
    let reader: WindowsReader

    private static let windowsNT = "Microsoft\\Windows NT\\CurrentVersion"

    func inspect() -> WindowsSystemFacts {
        var facts = WindowsSystemFacts()
        facts.pageFiles = pageFiles()
        facts.sanPolicy = sanPolicy()
        facts.rtcInUTC = clock()
        facts.protection = protection()
        facts.policies = policies()
        facts.codePolicy = codePolicy()
        facts.activation = activation()
        return facts
    }

    // MARK: Page files

    private func pageFiles() -> Fact<[WindowsPageFile]> {
        let key = WindowsKeyValues(control: "Control\\Session Manager\\Memory Management", reader)
        if let gap = key.gap { return .unknown(gap) }
        let lines = key.strings("PagingFiles") ?? []
        return .known(
            lines.prefix(32).map { line in
                let text = line.trimmingSpaces
                let letter = text.dropFirst().first == ":" ? text.first : nil
                let drive = letter.flatMap { $0.isLetter && $0.isASCII ? $0.uppercased() : nil }
                var file = WindowsPageFile(
                    text: text, drive: drive, evidence: key.evidence("PagingFiles = \(text)"))
                if drive != nil { file.isInImage = isInImage(text) }
                return file
            })
    }

    /// A letter that `MountedDevices` gives to something else is not here. One that it does not know yet may
    /// become that of another volume of the image.
    private func isInImage(_ path: String) -> Answer {
        guard case .elsewhere = reader.paths.place(of: path) else { return .yes }
        let devices = WindowsKeyValues("MountedDevices", in: "SYSTEM", reader)
        if devices["\\DosDevices\\" + path.prefix(2)] != nil { return .no }
        return devices.gap != nil || hasOtherDataVolume ? .unknown : .no
    }

    /// A volume that Windows might give a letter: none of its own small ones.
    private var hasOtherDataVolume: Bool {
        let image = reader.layout.image
        return image.volumes.contains { volume in
            guard volume.id != reader.volume, volume.size >= 1 << 30 else { return false }
            let partition = image.partitions?.partitions.first { $0.volume == volume.id }
            if partition?.isEFISystem == true { return false }
            // Recovery partitions get no letter.
            if ["de94bba4-06d1-4d40-a16a-bfd50179d6ac", "27"].contains(partition?.type.lowercased() ?? "") {
                return false
            }
            return volume.kind == nil || ["ntfs", "vfat", "exfat", "refs"].contains(volume.kind ?? "")
        }
    }

    // MARK: SYSTEM

    private func sanPolicy() -> Fact<Located<Int>?> {
        let key = WindowsKeyValues(control: "Services\\partmgr\\Parameters", reader)
        if let gap = key.gap { return .unknown(gap) }
        return .known(
            key.number("SanPolicy").map { Located($0, key.evidence(number: "SanPolicy")) })
    }

    private func clock() -> Fact<Located<Bool>> {
        let key = WindowsKeyValues(control: "Control\\TimeZoneInformation", reader)
        if let gap = key.gap { return .unknown(gap) }
        let name = "RealTimeIsUniversal"
        return .known(Located(key.number(name) ?? 0 != 0, key.evidence(number: name)))
    }

    private func protection() -> Fact<WindowsProtectionFacts> {
        var facts = WindowsProtectionFacts()
        let filter = WindowsKeyValues(control: "Services\\uwfvol\\Parameters\\Static\\Copy0", reader)
        if let gap = filter.gap { return .unknown(gap) }
        if let number = filter.number("UwfEnabled") {
            facts.unifiedWriteFilter = Located(number, filter.evidence(number: "UwfEnabled"))
        }
        let guarding = WindowsKeyValues(control: "Control\\DeviceGuard", reader)
        if let gap = guarding.gap { return .unknown(gap) }
        func evidence(_ name: String) -> Evidence? {
            guarding.number(name) ?? 0 != 0 ? guarding.evidence(number: name) : nil
        }
        facts.virtualizationBased = evidence("EnableVirtualizationBasedSecurity")
        facts.isMandatory = evidence("Mandatory")
        return .known(facts)
    }

    // MARK: SOFTWARE

    private func policies() -> Fact<WindowsPolicyFacts> {
        var facts = WindowsPolicyFacts()
        let rules = WindowsKeyValues("Policies\\Microsoft\\Windows\\SrpV2\\Exe", in: "SOFTWARE", reader)
        let logon = WindowsKeyValues(
            WindowsSystemInspection.windowsNT + "\\Winlogon", in: "SOFTWARE", reader)
        for gap in [rules.gap, logon.gap] {
            if let gap { return .unknown(gap) }
        }
        if rules.number("EnforcementMode") == 1 {
            facts.programRules = rules.evidence(number: "EnforcementMode")
        }
        // That there is a password is all that is looked at.
        let isAutomatic = logon.string("AutoAdminLogon") == "1" || logon.number("AutoAdminLogon") == 1
        if isAutomatic, logon.string("DefaultPassword") != nil {
            facts.storedPassword = logon.evidence("AutoAdminLogon = 1, DefaultPassword is set")
        }
        // Version 3 and later have their number under 3, version 1 and 2 under 1.
        for number in ["3", "1"] where facts.powerShell == nil {
            let engine = WindowsKeyValues(
                "Microsoft\\PowerShell\\\(number)\\PowerShellEngine", in: "SOFTWARE", reader)
            if let version = engine.string("PowerShellVersion") {
                facts.powerShell = Located(version, engine.evidence("PowerShellVersion = \(version)"))
            }
        }
        return .known(facts)
    }

    private func codePolicy() -> Fact<Evidence?> {
        let path = reader.systemRoot + "/System32/CodeIntegrity/SiPolicy.p7b"
        switch reader.files.info(path) {
        case .absent: return .known(nil)
        case .unreadable(let gap): return .unknown(gap)
        case .found(let info):
            return .known(Evidence(path: reader.paths.display(path), excerpt: "\(info.size) bytes"))
        }
    }

    // MARK: Activation

    private func activation() -> Fact<WindowsActivationFacts> {
        let version = WindowsKeyValues(WindowsSystemInspection.windowsNT, in: "SOFTWARE", reader)
        if let gap = version.gap { return .unknown(gap) }
        var facts = WindowsActivationFacts()
        if let channel = version["DigitalProductId4"].flatMap({ WindowsSystemInspection.channel($0.data) }) {
            facts.channel = Located(channel, version.evidence("DigitalProductId4: \(channel)"))
        }
        facts.installed = version.number("InstallDate").flatMap { $0 > 0 ? Int64($0) : nil }
        let platform = WindowsKeyValues(
            WindowsSystemInspection.windowsNT + "\\SoftwareProtectionPlatform", in: "SOFTWARE", reader)
        if let gap = platform.gap { return .unknown(gap) }
        let name = "KeyManagementServiceName"
        if let host = platform.string(name) {
            facts.host = Located(host, platform.evidence("\(name) = \(host)"))
        }
        return .known(facts)
    }

    /// The kind of key: 64 UTF-16 units at 1016 of the fourth form of the product id, which is not documented
    /// and is laid out the same from Vista to Windows 11. The key itself is not looked at.
    static func channel(_ data: Bytes) -> String? {
        guard let field = try? data.slice(at: 1016, count: 128) else { return nil }
        let text = field.utf16Text()
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
        return isPlain ? text : nil
    }
}
