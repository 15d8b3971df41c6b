import ByteReading
import Foundation
import Testing

@testable import GuestFormats

/// The lenses of Augeas and these parsers on the same files: samples of other projects, what Debian's packages bring,
/// and hard ones made up.
@Suite(.enabled(if: Surroundings.program("augtool") != nil)) struct AugeasOracleTests {
    /// A node of Augeas's tree: the names on the way, without `[1]`, and what it holds.
    private struct Node {
        let names: [String]
        let value: String
        let keys: [String]
    }

    /// What the lens makes of `text`, below the file; nil when it refuses it.
    private func tree(_ lens: String, _ path: String, _ text: String) throws -> [Node]? {
        let directory = try TemporaryDirectory()
        let file = directory.path + path
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        let script = try directory.write("script", "load\nprint /files\(path)\n")
        let run = try ToolRun(
            try #require(Surroundings.program("augtool")),
            ["-A", "-r", directory.path, "--transform", "\(lens) incl \(path)", "-f", script])
        let prefix = "/files\(path)"
        let lines = run.output.split(separator: "\n").filter { $0.hasPrefix(prefix) }
        if lines.isEmpty { return nil }
        return lines.dropFirst().map { line in
            let rest = line.dropFirst(prefix.utf8.count + 1)
            let separator = rest.firstRange(of: " = \"")
            let keys = (separator.map { rest[..<$0.lowerBound] } ?? rest).split(separator: "/").map(
                String.init)
            var value = separator.map { String(rest[$0.upperBound...].dropLast()) } ?? ""
            value = value.replacingOccurrences(of: "\\\"", with: "\"").replacingOccurrences(
                of: "\\\\", with: "\\")
            return Node(names: keys.map { String($0.prefix { $0 != "[" }) }, value: value, keys: keys)
        }.filter { $0.names.first != "#comment" }
    }

    /// The children of each record, in order.
    private func records(_ nodes: [Node]) -> [[Node]] {
        var result: [(String, [Node])] = []
        for node in nodes {
            guard let first = node.keys.first else { continue }
            if result.last?.0 != first { result.append((first, [])) }
            result[result.count - 1].1.append(
                Node(
                    names: Array(node.names.dropFirst()), value: node.value,
                    keys: Array(node.keys.dropFirst())))
        }
        return result.map(\.1)
    }

    private func value(_ record: [Node], _ name: String) -> String {
        record.first { $0.names == [name] }?.value ?? ""
    }

    /// Options with their values, as they were written.
    private func options(_ record: [Node]) -> String {
        var list: [String] = []
        for node in record where node.names.first == "opt" {
            if node.names.count == 1 {
                list.append(node.value)
            } else {
                list[list.count - 1] += "=" + node.value
            }
        }
        return list.joined(separator: ",")
    }

    private func check(_ ours: [String], _ theirs: [String]?, _ comment: String) {
        guard let theirs else { return }
        #expect(ours == theirs, "\(comment)")
    }

    // MARK: Storage

    @Test func fstabs() throws {
        var texts = [
            """
            # made up
            UUID=0a0b0c0d-0000-4000-8000-000000000001 / ext4 errors=remount-ro 0 1
            LABEL=data\t/srv/my\\040data  xfs  defaults,noatime,x-systemd.device-timeout=5s 0 0
            /dev/vg--a/lv-b /opt btrfs subvol=/@/opt,compress=zstd:3
            //server/share /mnt cifs credentials=/root/x,uid=0 0 0
            [fe80::1]:/export /nfs nfs4 _netdev 0 0
            tmpfs /tmp tmpfs mode=1777,size=50% 0 0
            PARTUUID=5f0c1b2a-01 none swap sw 0 0
            /dev/disk/by-id/dm-name-x /x ext3 ro 1 2

            """
        ]
        for path in ["/usr/share/doc/mount/examples/fstab", "/etc/fstab"] {
            if let bytes = Surroundings.read(path) { texts.append(bytes.text) }
        }
        let samples = Surroundings.samples.map { Surroundings.files(below: $0 + "/util-linux") } ?? []
        texts += samples.filter { $0.path.hasSuffix("fstab") }.map(\.bytes.text)
        var compared = 0
        for text in texts {
            let ours = try Fstab(configBytes(text)).entries.map {
                [$0.device, $0.mountPoint, $0.type, $0.options.text, String($0.frequency), String($0.pass)]
                    .joined(separator: "|")
            }
            guard let nodes = try tree("Fstab", "/etc/fstab", text) else { continue }
            compared += 1
            let theirs = records(nodes).map { record in
                let plain = ["spec", "file"].map { name in
                    AsciiText.string(Fstab.unescaped(Array(value(record, name).utf8)[...]))
                }
                let numbers = ["dump", "passno"].map { value(record, $0).isEmpty ? "0" : value(record, $0) }
                return (plain + [value(record, "vfstype"), options(record)] + numbers).joined(separator: "|")
            }
            #expect(ours == theirs)
        }
        #expect(compared >= 1)
    }

    @Test func crypttabs() throws {
        let text =
            "# c\ndata UUID=5 none luks,nofail\nswap /dev/sda2 /dev/urandom swap,cipher=aes\nbare /dev/sdb1\n"
        let ours = try Crypttab(configBytes(text)).entries.map {
            [$0.name, $0.device, $0.keyFile ?? "none", $0.options.text].joined(separator: "|")
        }
        let theirs = try tree("Crypttab", "/etc/crypttab", text).map { nodes in
            records(nodes).map { record in
                let key = value(record, "password")
                return [
                    value(record, "target"), value(record, "device"), key.isEmpty ? "none" : key,
                    options(record),
                ]
                .joined(separator: "|")
            }
        }
        #expect(theirs?.count == 3)
        check(ours, theirs, text)
    }

    // MARK: Accounts

    @Test func accounts() throws {
        var passwds = [
            "root:x:0:0:root:/root:/bin/bash\nd:*:1:1:a,b:/:\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n"
        ]
        if let bytes = Surroundings.read("/etc/passwd") { passwds.append(bytes.text) }
        for text in passwds {
            let ours = try PasswdFile(configBytes(text)).accounts.map {
                [$0.name, String($0.uid), String($0.gid), $0.home, $0.shell].joined(separator: "|")
            }
            let theirs = try tree("Passwd", "/etc/passwd", text).map { nodes in
                zip(nodes.filter { $0.names.count == 1 }, records(nodes)).map { name, record in
                    ([name.names[0]] + ["uid", "gid", "home", "shell"].map { value(record, $0) }).joined(
                        separator: "|")
                }
            }
            check(ours, theirs, text)
        }
        var shadows = ["root:!:19000:0:99999:7:::\nx:$6$a$b:0:0:90:7:30:20000:\ny:*:19000:0:99999:7:::\n"]
        if let bytes = Surroundings.samples.flatMap({ Surroundings.read($0 + "/augeas-root/etc/shadow") }) {
            shadows.append(bytes.text)
        }
        for text in shadows {
            var ours: [String] = []
            for entry in try ShadowFile(configBytes(text)).entries {
                let days: [Int?] = [entry.lastChange, entry.maximumAge, entry.inactivity, entry.expiry]
                ours.append(
                    ([entry.name] + days.map { day in day.map { String($0) } ?? "" }).joined(separator: "|"))
            }
            let theirs = try tree("Shadow", "/etc/shadow", text).map { nodes in
                zip(nodes.filter { $0.names.count == 1 }, records(nodes)).map { name, record in
                    ([name.names[0]]
                        + ["lastchange_date", "maxage_days", "inactive_days", "expire_date"].map {
                            value(record, $0)
                        })
                        .joined(separator: "|")
                }
            }
            check(ours, theirs, "shadow")
        }
        var groups = ["root:x:0:\nwheel:x:10:a,b\n"]
        if let bytes = Surroundings.read("/etc/group") { groups.append(bytes.text) }
        for text in groups {
            let ours = try GroupFile(configBytes(text)).groups.map {
                "\($0.name)|\($0.gid)|\($0.members.joined(separator: ","))"
            }
            let theirs = try tree("Group", "/etc/group", text).map { nodes in
                zip(nodes.filter { $0.names.count == 1 }, records(nodes)).map { name, record in
                    let users = record.filter { $0.names == ["user"] }.map(\.value).joined(separator: ",")
                    return "\(name.names[0])|\(value(record, "gid"))|\(users)"
                }
            }
            check(ours, theirs, text)
        }
    }

    // MARK: What lets in

    @Test func hostsAccess() throws {
        let text = """
            # c
            sshd : ALL EXCEPT 10.0.0.1, .example.org
            ALL : 192.168.0.0/255.255.0.0
            sshd, in.telnetd : LOCAL
            ALL : ALL : deny

            """
        let ours = try HostsAccess(allow: nil, deny: configBytes(text)).deny.map {
            "\($0.daemons.joined(separator: " "))|\($0.clients.joined(separator: " "))"
        }
        let theirs = try tree("Hosts_Access", "/etc/hosts.deny", text).map { nodes in
            records(nodes).map { record -> String in
                let processes = record.filter { $0.names == ["process"] }.map(\.value)
                var clients: [String] = []
                for node in record {
                    if node.names == ["client"] || node.names == ["except", "client"] {
                        let mask = record.first {
                            $0.keys.dropLast() == node.keys[...] && $0.names.last == "netmask"
                        }
                        clients.append(node.value + (mask.map { "/" + $0.value } ?? ""))
                    } else if node.names == ["except"] {
                        clients.append("EXCEPT")
                    }
                }
                return "\(processes.joined(separator: " "))|\(clients.joined(separator: " "))"
            }
        }
        #expect(theirs?.count == 4)
        check(ours, theirs, text)
    }

    @Test func accessTables() throws {
        let text =
            "# c\n+ : root : LOCAL 10.0.0.0/8\n- : ALL EXCEPT root (wheel) : ALL EXCEPT tty1\n+:@admins:ALL\n"
        var texts = [text]
        if let bytes = Surroundings.read("/etc/security/access.conf") { texts.append(bytes.text) }
        for text in texts {
            let ours = try AccessTable(configBytes(text)).rules.map {
                "\($0.admits ? "+" : "-")|\($0.users.joined(separator: " "))|\($0.origins.joined(separator: " "))"
            }
            guard let nodes = try tree("Access", "/etc/security/access.conf", text) else { continue }
            let theirs = records(nodes).map { record -> String in
                var users: [String] = []
                var origins: [String] = []
                for node in record {
                    switch node.names {
                    case ["user"], ["except", "user"]: users.append(node.value)
                    case ["group"], ["except", "group"]: users.append("(\(node.value))")
                    case ["netgroup"], ["except", "netgroup"]: users.append("@\(node.value)")
                    case ["origin"], ["except", "origin"]: origins.append(node.value)
                    case ["except"]:
                        if origins.isEmpty { users.append("EXCEPT") } else { origins.append("EXCEPT") }
                    default: break
                    }
                }
                return
                    "\(record.first?.value ?? "")|\(users.joined(separator: " "))|\(origins.joined(separator: " "))"
            }
            #expect(ours == theirs)
        }
    }

    @Test func sshd() throws {
        var texts = [
            "Port 22\nListenAddress 0.0.0.0\nPermitRootLogin no\nAllowUsers a b@host\nAcceptEnv LANG LC_*\n"
                + "Match User x Address 10.0.0.0/8\n  PasswordAuthentication no\n  PermitTTY no\n"
        ]
        for path in [
            "/etc/ssh/sshd_config", (Surroundings.samples ?? "") + "/augeas-root/etc/ssh/sshd_config",
        ] {
            if let bytes = Surroundings.read(path) { texts.append(bytes.text) }
        }
        // The lens takes these apart.
        let split: Set = ["subsystem", "ciphers", "macs", "kexalgorithms", "hostkeyalgorithms"]
        for text in texts {
            let config = try SSHDaemonConfiguration(configFile("/etc/ssh/sshd_config", text)) {
                (_) throws(ImageFault) in
                []
            }
            let ours = config.directives.filter { !split.contains($0.keyword) }.map { directive in
                "\(directive.conditions.isEmpty ? "" : "match ")\(directive.keyword) \(directive.arguments.joined(separator: " "))"
            }
            guard let nodes = try tree("Sshd", "/etc/ssh/sshd_config", text) else { continue }
            var theirs: [String] = []
            for node in nodes where node.names.first != "Match" || node.names.dropFirst().first == "Settings"
            {
                let isMatch = node.names.first == "Match"
                let names = isMatch ? Array(node.names.dropFirst(2)) : node.names
                guard let name = names.first?.lowercased(), !split.contains(name) else { continue }
                let keyword = SSHDaemonKeywords.aliases[name] ?? name
                // What does nothing any more is not kept.
                if SSHDaemonKeywords.known[keyword] == nil { continue }
                if names.count == 1 {
                    theirs.append("\(isMatch ? "match " : "")\(keyword) \(node.value)")
                } else {
                    theirs[theirs.count - 1] +=
                        (theirs[theirs.count - 1].hasSuffix(" ") ? "" : " ") + node.value
                }
            }
            #expect(ours == theirs)
        }
    }

    @Test func pam() throws {
        var texts = [
            "auth [success=1 default=ignore] pam_unix.so nullok\n@include common-auth\n-session optional pam_systemd.so\n"
                + "account  include\tsystem-auth # c\npassword requisite /lib/security/pam_x.so retry=3 a\n"
        ]
        texts += Surroundings.files(below: "/etc/pam.d").map(\.bytes.text)
        for text in texts {
            let service = try PAMService(configBytes(text), name: "/etc/pam.d/x")
            #expect(service.rejected.isEmpty)
            let ours = service.entries.map { entry -> String in
                switch entry {
                case .file(let name, _): "@include \(name)"
                case .rule(let rule):
                    ([rule.kind.rawValue, rule.module] + rule.arguments).joined(separator: " ")
                }
            }
            guard let nodes = try tree("Pam", "/etc/pam.d/x", text) else { continue }
            let theirs = records(nodes).compactMap { record -> String? in
                if let first = record.first, first.names.isEmpty, !first.value.isEmpty {
                    return "@include \(first.value)"
                }
                let arguments = record.filter { $0.names == ["argument"] }.map(\.value)
                return ([value(record, "type"), value(record, "module")] + arguments).joined(separator: " ")
            }
            #expect(ours == theirs, "\(text)")
        }
    }
}
