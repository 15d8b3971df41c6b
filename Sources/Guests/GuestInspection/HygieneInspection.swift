import FileSystemCore
import GuestFacts
import GuestFormats

/// Looks for what should not be published with an image. Names only: the contents of keys and histories are
/// never read.
struct HygieneInspection {
    let reader: GuestReader
    /// Home directories of accounts that can log in.
    let homes: [String]

    func inspect() -> HygieneFacts {
        var facts = HygieneFacts()
        facts.machineID = machineID()
        facts.hostKeys = files(in: "/etc/ssh") { $0.hasPrefix("ssh_host_") && $0.hasSuffix("_key") }
        facts.secrets = secrets()
        facts.registrations = registrations()
        facts.licences = licences()
        return facts
    }

    private func machineID() -> Fact<HygieneFacts.MachineID> {
        switch reader.file("/etc/machine-id") {
        case .unreadable(let gap): .unknown(gap)
        case .absent: .known(.missing)
        case .found(let bytes):
            switch FirstBoot(machineID: bytes) {
            case .missingMachineID: .known(.missing)
            case .uninitialized: .known(.uninitialized)
            case .emptyMachineID: .known(.empty)
            case .identified: .known(.set)
            case .invalid: .known(.invalid)
            }
        }
    }

    private func files(in directory: String, where isWanted: (String) -> Bool) -> [Evidence] {
        (reader.names(in: directory).value ?? []).filter(isWanted).map {
            Evidence(path: "\(directory)/\($0)")
        }
    }

    /// Paths below a home directory that hold credentials or histories.
    private static let secretsBelowHome = [
        ".bash_history", ".zsh_history", ".mysql_history", ".psql_history", ".python_history", ".netrc",
        ".git-credentials", ".aws/credentials", ".aliyun/config.json", ".azure/accessTokens.json",
        ".config/gcloud/credentials.db", ".kube/config", ".docker/config.json", ".pgpass", ".my.cnf",
        ".ssh/id_rsa", ".ssh/id_dsa", ".ssh/id_ecdsa", ".ssh/id_ed25519",
    ]

    private static let secretsElsewhere = [
        "/var/lib/cloud/instance/user-data.txt", "/root/anaconda-ks.cfg", "/root/original-ks.cfg",
        "/var/log/installer/cdebconf/questions.dat",
    ]

    private func secrets() -> [Evidence] {
        var found: [Evidence] = []
        for home in homes {
            for name in HygieneInspection.secretsBelowHome { add("\(home)/\(name)", to: &found) }
        }
        for path in HygieneInspection.secretsElsewhere { add(path, to: &found) }
        return found
    }

    private func add(_ path: String, to found: inout [Evidence]) {
        guard let info = reader.info(path).value, info.size > 0 else { return }
        found.append(Evidence(path: path, excerpt: "\(info.size) bytes"))
    }

    /// Clients of Red Hat's update infrastructure (RHUI) put their repositories and certificates here; subscription-manager,
    /// SUSEConnect, cloud-regionsrv-client and Ubuntu Pro keep their registrations in these files.
    private func licences() -> [Located<HygieneFacts.Licence>] {
        var found = files(in: "/etc/yum.repos.d") { name in
            name.contains("rhui") || name == "rh-cloud.repo"
        }.map { Located(HygieneFacts.Licence.cloudRepositories, $0) }
        let files: [(path: String, licence: HygieneFacts.Licence)] = [
            ("/etc/pki/consumer/cert.pem", .subscription), ("/etc/sysconfig/rhn/systemid", .subscription),
            ("/etc/zypp/credentials.d/SCCcredentials", .subscription), ("/etc/SUSEConnect", .subscription),
            ("/var/lib/ubuntu-advantage/private/machine-token.json", .subscription),
            ("/etc/regionserverclnt.cfg", .cloudRegistration),
        ]
        for (path, licence) in files {
            guard let info = reader.info(path).value, info.size > 0 else { continue }
            found.append(Located(licence, Evidence(path: path, excerpt: "\(info.size) bytes")))
        }
        return found
    }

    private func registrations() -> [Evidence] {
        var found: [Evidence] = []
        for path in [
            "/etc/pki/consumer/cert.pem", "/etc/sysconfig/rhn/systemid",
            "/etc/zypp/credentials.d/SCCcredentials",
            "/etc/iscsi/initiatorname.iscsi", "/etc/nvme/hostid", "/var/lib/systemd/random-seed",
            "/var/lib/urandom/random-seed", "/etc/krb5.keytab", "/var/lib/NetworkManager/secret_key",
        ] {
            add(path, to: &found)
        }
        for directory in ["/var/lib/dhcp", "/var/lib/dhclient", "/var/lib/NetworkManager", "/var/lib/dhcpcd"]
        {
            for lease in files(in: directory, where: { $0.contains("lease") }) {
                if let path = lease.path { add(path, to: &found) }
            }
        }
        return found
    }
}
