import ByteReading
import GuestFacts
import GuestFormats

/// `ifcfg-*`: of Red Hat's network scripts, which NetworkManager reads too when it has the plug-in, and of SUSE.
extension NetworkInspection {
    static let redHatScripts = "/etc/sysconfig/network-scripts"
    private static let suseScripts = "/etc/sysconfig/network"

    /// A file of Red Hat's scripts.
    struct Ifcfg {
        let file: IfcfgFile
        let path: String
    }

    func readIfcfg() {
        if identity.family == .suse {
            readSUSE()
        } else {
            readRedHat()
        }
    }

    // MARK: Red Hat

    private func readRedHat() {
        for name in reader.names(in: NetworkInspection.redHatScripts).value ?? []
        where name != "ifcfg-lo"
            && (IfcfgFile.isInterfaceFile(name, readBy: .scripts, of: .redHat)
                || IfcfgFile.isInterfaceFile(name, readBy: .networkManager, of: .redHat))
        {
            let path = "\(NetworkInspection.redHatScripts)/\(name)"
            let file = reader.parse(path) { (bytes) throws(ImageFault) in
                try IfcfgFile(ConfigurationFile(path: path, bytes: bytes), dialect: .redHat)
            }
            guard let file = file.value else { continue }
            let entry = Ifcfg(file: file, path: path)
            // With one program at work, what it takes for a copy is none of its business.
            let reader: IfcfgFile.Reader = isForNetworkManager(entry) ? .networkManager : .scripts
            if IfcfgFile.isInterfaceFile(name, readBy: reader, of: .redHat) { ifcfgs.append(entry) }
        }
        guard !ifcfgs.isEmpty else { return }
        let isOff = scriptsAreOff()
        if let isOff, facts.activeManagers[.sysconfig] != nil {
            facts.problems.append(
                StructureFinding(
                    code: "networkingOff", message: "The network service ends at once: \(isOff.message)",
                    evidence: isOff.evidence))
            facts.activeManagers[.sysconfig] = nil
        }
        // With NetworkManager at work the scripts leave to it what it may control.
        for entry in ifcfgs where !isForNetworkManager(entry) {
            guard let place = add(entry.file.configuration(readBy: .scripts), as: .sysconfig) else {
                continue
            }
            explainReader(entry, place)
        }
    }

    /// Whether NetworkManager takes the file: it runs, has its plug-in, and is not told to keep off.
    func isForNetworkManager(_ entry: Ifcfg) -> Bool {
        isActive(.networkManager) && readsIfcfg && !entry.file.isOutsideNetworkManager
    }

    /// A file that nobody reads, and why.
    private func explainReader(_ entry: Ifcfg, _ place: Int) {
        guard facts.activeManagers[.sysconfig] == nil, facts.uncertainManagers[.sysconfig] == nil else {
            return
        }
        let why: String
        if !isActive(.networkManager) {
            why = "neither the network service nor NetworkManager starts"
        } else if entry.file.isOutsideNetworkManager {
            why = "NM_CONTROLLED=no, and the network service does not start"
        } else {
            why = "NetworkManager has no plug-in for ifcfg files, and the network service does not start"
        }
        setAside(place, why)
    }

    /// `/etc/sysconfig/network`, without which the script of the service ends, as with `NETWORKING=no`.
    private func scriptsAreOff() -> (message: String, evidence: Evidence)? {
        let path = "/etc/sysconfig/network"
        let values = reader.parse(path) { (bytes) throws(ImageFault) in
            try ShellAssignments(bytes, name: path)
        }
        switch values {
        case .absent where reader.info(path).presence == .no:
            return ("there is no /etc/sysconfig/network", Evidence(path: path, excerpt: "absent"))
        case .found(let values):
            guard let entry = values["NETWORKING"], entry.value == "no" else { return nil }
            return ("NETWORKING=no", Evidence(entry.source))
        default: return nil
        }
    }

    // MARK: SUSE

    private func readSUSE() {
        // wicked and the scripts before it read the same files.
        let manager: NetworkFacts.Manager =
            isActive(.wicked) || !isActive(.sysconfig) ? .wicked : .sysconfig
        for name in reader.names(in: NetworkInspection.suseScripts).value ?? []
        where IfcfgFile.isInterfaceFile(name, readBy: .scripts, of: .suse) && name != "ifcfg-lo" {
            let path = "\(NetworkInspection.suseScripts)/\(name)"
            let file = reader.parse(path) { (bytes) throws(ImageFault) in
                try IfcfgFile(ConfigurationFile(path: path, bytes: bytes), dialect: .suse)
            }
            guard let file = file.value, let place = add(file.configuration, as: manager) else { continue }
            if manager == .wicked, file.suffix.hasPrefix("eth-id-") || file.suffix.hasPrefix("eth-bus-") {
                setAside(place, "wicked goes by names only, not by \(file.suffix)")
            }
        }
        if isActive(.wicked) { readWickedXML() }
    }

    /// wicked's own XML comes before the ifcfg files; it is recognised, not read.
    private func readWickedXML() {
        for directory in ["/etc/wicked/ifconfig"] {
            for (path, _) in reader.files(in: directory, suffix: ".xml") {
                facts.interfaces.append(
                    InterfaceFacts(
                        manager: .wicked, match: .init(), method: .unknown, startsAtBoot: true,
                        appliesToPrimary: .unknown,
                        evidence: Evidence(path: path, excerpt: "wicked's XML is not read")))
            }
        }
    }
}
