import ByteReading
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
        facts.dbusMachineID = dbusMachineID()
        facts.hostKeys = files(in: "/etc/ssh") { $0.hasPrefix("ssh_host_") && $0.hasSuffix("_key") }
        facts.secrets = secrets()
        facts.registrations = registrations()
        let initiator = "/etc/iscsi/initiatorname.iscsi"
        if reader.names(in: "/var/lib/iscsi/nodes").value?.isEmpty == false, reader.exists(initiator) == .yes
        {
            facts.iscsiInitiator = Evidence(path: initiator)
        }
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

    /// A link to the other file is what there should be.
    private func dbusMachineID() -> Evidence? {
        let path = "/var/lib/dbus/machine-id"
        guard reader.info(path, followingLast: false).value?.type == .regular,
            let bytes = reader.file(path).value,
            bytes.count >= 32
        else { return nil }
        return Evidence(path: path)
    }

    private func files(in directory: String, where isWanted: (String) -> Bool) -> [Evidence] {
        (reader.names(in: directory).value ?? []).filter(isWanted).map {
            Evidence(path: "\(directory)/\($0)")
        }
    }

    /// Paths below a home directory that hold credentials or histories.
    private static let secretsBelowHome = [
        ".bash_history", ".zsh_history", ".zhistory", ".ash_history", ".mysql_history", ".psql_history",
        ".python_history", ".lesshst", ".viminfo", ".netrc", ".git-credentials", ".aws/credentials",
        ".aliyun/config.json", ".azure/accessTokens.json", ".azure/msal_token_cache.json",
        ".config/gcloud/credentials.db", ".config/gcloud/application_default_credentials.json",
        ".kube/config",
        ".docker/config.json", ".pgpass", ".my.cnf", ".vault-token", ".terraform.d/credentials.tfrc.json",
    ]

    private static let secretsElsewhere = [
        "/var/lib/cloud/instance/user-data.txt", "/root/anaconda-ks.cfg", "/root/original-ks.cfg",
        "/root/initial-setup-ks.cfg",
        "/var/log/installer/cdebconf/questions.dat", "/root/autoinst.xml",
        "/var/adm/autoinstall/cache/installedSystem.xml",
    ]

    /// Directories whose files are dumps of memory or mail.
    private static let leftovers = [
        "/var/crash", "/var/lib/systemd/coredump", "/var/spool/mail", "/var/mail",
    ]

    private func secrets() -> [Evidence] {
        var found: [Evidence] = []
        for home in homes {
            for name in HygieneInspection.secretsBelowHome { add("\(home)/\(name)", to: &found) }
            for key in files(in: "\(home)/.ssh", where: HygieneInspection.isPrivateKey)
                + files(
                    in: home, where: { $0.hasSuffix(".pem") })
            {
                if let path = key.path { add(path, to: &found) }
            }
        }
        for path in HygieneInspection.secretsElsewhere { add(path, to: &found) }
        for directory in HygieneInspection.leftovers {
            // The second mail directory is a link to the first.
            guard reader.info(directory, followingLast: false).value?.type == .directory else { continue }
            for file in files(in: directory, where: { _ in true }).prefix(16) {
                if let path = file.path { add(path, to: &found) }
            }
        }
        return found
    }

    /// Names that ssh-keygen and others give to private keys.
    private static func isPrivateKey(_ name: String) -> Bool {
        if name.hasSuffix(".pub") { return false }
        return name.hasPrefix("id_") || [".pem", ".key", ".ppk"].contains { name.hasSuffix($0) }
    }

    private func add(_ path: String, to found: inout [Evidence]) {
        guard let info = reader.info(path).value, info.type == .regular, info.size > 0 else { return }
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
            "/etc/pki/consumer/cert.pem", "/etc/pki/consumer/key.pem", "/etc/sysconfig/rhn/systemid",
            "/etc/zypp/credentials.d/SCCcredentials", "/etc/zypp/credentials.d/NCCcredentials",
            "/etc/SUSEConnect",
            "/etc/iscsi/initiatorname.iscsi", "/etc/nvme/hostid", "/etc/nvme/hostnqn", "/etc/hostid",
            "/var/lib/systemd/random-seed", "/var/lib/urandom/random-seed", "/var/lib/random-seed",
            "/var/lib/misc/random-seed", "/var/lib/seedrng/seed.credit", "/boot/loader/random-seed",
            "/boot/efi/loader/random-seed", "/efi/loader/random-seed", "/etc/krb5.keytab",
            "/etc/ipa/default.conf",
            "/var/lib/NetworkManager/secret_key", "/var/lib/NetworkManager/timestamps",
            "/etc/chef/client.pem",
            "/etc/salt/pki/minion/minion.pem", "/var/lib/ubuntu-advantage/private/machine-token.json",
            "/etc/zabbix/zabbix_agentd.psk", "/etc/wireguard/wg0.conf", "/var/lib/tailscale/tailscaled.state",
        ] {
            add(path, to: &found)
        }
        for directory in ["/etc/puppetlabs/puppet/ssl/private_keys", "/var/lib/puppet/ssl/private_keys"] {
            for key in files(in: directory, where: { $0.hasSuffix(".pem") }).prefix(4) {
                if let path = key.path { add(path, to: &found) }
            }
        }
        for directory in [
            "/var/lib/dhcp", "/var/lib/dhcp3", "/var/lib/dhclient", "/var/lib/NetworkManager",
            "/var/lib/dhcpcd",
            "/var/lib/wicked", "/var/db/dhcpcd",
        ] {
            for lease in files(in: directory, where: { $0.contains("lease") }).prefix(16) {
                if let path = lease.path { add(path, to: &found) }
            }
        }
        return found
    }
}
