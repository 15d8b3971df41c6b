import ByteReading
import Testing

@testable import GuestFormats

@Suite struct SSHDaemonTests {
    private func read(
        _ text: String, version: OpenSSHVersion? = nil, includes: [String: [ConfigurationFile]] = [:]
    ) throws -> SSHDaemonConfiguration {
        try SSHDaemonConfiguration(configFile("/etc/ssh/sshd_config", text), version: version) {
            (pattern) throws(ImageFault) in includes[pattern] ?? []
        }
    }

    @Test func trap59FirstValueAndIncludesAndDefaults() throws {
        let config = try read(
            "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\nPort 22\nPasswordAuthentication yes\n",
            includes: [
                "/etc/ssh/sshd_config.d/*.conf": [
                    configFile("/etc/ssh/sshd_config.d/10-a.conf", "permitrootlogin no\n"),
                    configFile(
                        "/etc/ssh/sshd_config.d/50-cloud-init.conf",
                        "PasswordAuthentication no\nPermitRootLogin yes\n"),
                ]
            ])
        #expect(config.rootLogin(version: nil).login == .no)
        #expect(config.rootLogin(version: nil).source?.file == "/etc/ssh/sshd_config.d/10-a.conf")
        #expect(config.flag("PasswordAuthentication", default: true).value == .no)
        #expect(config.files.count == 3)
        let empty = try read("")
        #expect(empty.rootLogin(version: OpenSSHVersion(6, 6)).login == .yes)
        #expect(empty.rootLogin(version: OpenSSHVersion(7, 4)).login == .prohibitPassword)
        #expect(empty.ports.map(\.port) == [22])
    }

    @Test func trap60MatchSwallowsTheRest() throws {
        let config = try read("Match User bob\nX11Forwarding no\n\nPasswordAuthentication no\n")
        #expect(config.flag("passwordauthentication", default: true, for: .init(user: "bob")).value == .no)
        #expect(config.flag("passwordauthentication", default: true, for: .init(user: "root")).value == .yes)
        #expect(config.flag("passwordauthentication", default: true).value == .unknown)
        // A Match in an included file ends with that file.
        let included = try read(
            "Include a\nPasswordAuthentication no\n",
            includes: [
                "/etc/ssh/a": [configFile("/etc/ssh/a", "Match User bob\nPasswordAuthentication yes\n")]
            ])
        #expect(included.flag("passwordauthentication", default: true, for: .init(user: "x")).value == .no)
        #expect(included.flag("passwordauthentication", default: true, for: .init(user: "bob")).value == .yes)
    }

    @Test func matchCriteria() throws {
        let config = try read(
            "PermitRootLogin no\nMatch Address 10.0.0.0/8 User root\nPermitRootLogin yes\nMatch all\nMaxSessions 3\n"
        )
        #expect(config.rootLogin(version: nil).login == nil)
        #expect(config.setting("maxsessions", for: .init(user: "x")).value == "3")
        let groups = try read("Match Group wheel,!out\nPermitTTY no\n")
        #expect(
            groups.flag("permittty", default: true, for: .init(user: "a", groups: ["wheel"])).value == .no)
        #expect(
            groups.flag("permittty", default: true, for: .init(user: "a", groups: ["wheel", "out"])).value
                == .yes)
        #expect(groups.flag("permittty", default: true, for: .init(user: "a")).value == .unknown)
    }

    @Test func trap61AllowUsersAndListenAddress() throws {
        let config = try read(
            "AllowUsers admin deploy@10.0.0.*\nListenAddress 192.168.1.5\nListenAddress [::1]:2222\n")
        #expect(config.admits(user: "root", groups: ["root"]).answer == .no)
        #expect(config.admits(user: "root", groups: ["root"]).source?.line == 1)
        #expect(config.admits(user: "admin", groups: []).answer == .yes)
        #expect(config.admits(user: "deploy", groups: []).answer == .unknown)
        #expect(config.listenAddresses.map(\.address) == ["192.168.1.5", "::1"])
        #expect(config.listenAddresses.map(\.port) == [nil, 2222])
        let groups = try read("DenyUsers bad*\nAllowGroups sudo\n")
        #expect(groups.admits(user: "badly", groups: ["sudo"]).answer == .no)
        #expect(groups.admits(user: "ok", groups: ["sudo"]).answer == .yes)
        #expect(groups.admits(user: "ok", groups: nil).answer == .unknown)
        #expect(groups.admits(user: "ok", groups: ["users"]).source?.line == 2)
    }

    @Test(arguments: [
        ("Foo yes\n", SSHDaemonConfiguration.Problem.Kind.unknownKeyword), ("Port\n", .missingArgument),
        ("PermitRootLogin maybe\n", .badValue), ("PasswordAuthentication no yes\n", .extraArguments),
        ("Match user root\nPort 5\n", .notAllowedInMatch), ("Match\n", .badMatch),
        ("Match Foo bar\n", .badMatch),
        ("Port \"22\n", .badQuotes), ("Port 70000\n", .badValue), ("UsePAM maybe\n", .badValue),
        ("Match User a\nKeyRegenerationInterval 1\n", .notAllowedInMatch),
        ("IgnoreUnknown x\n", .unknownKeyword),
        ("Protocol 2\n", .deprecated), ("\u{FEFF}# c\n", .unknownKeyword),
    ])
    func problems(text: String, kind: SSHDaemonConfiguration.Problem.Kind) throws {
        let config = try read(text)
        #expect(config.problems.map(\.kind) == [kind])
        #expect(config.isRefused == (kind != .deprecated))
    }

    @Test func keywordsOfNewerVersions() throws {
        let text = "PerSourcePenalties yes\n"
        #expect(try read(text, version: OpenSSHVersion(9, 2)).problems.map(\.kind) == [.keywordTooNew])
        #expect(try read(text, version: OpenSSHVersion(9, 8)).problems.isEmpty)
        #expect(OpenSSHVersion("1:9.2p1-2+deb12u3") == OpenSSHVersion(9, 2))
        #expect(OpenSSHVersion("7.4p1-21.el7") == OpenSSHVersion(7, 4))
    }

    @Test func syntaxOfLines() throws {
        let config = try read(
            "Port=2222 # first\r\n  PermitRootLogin \"no\"\r\nBanner 'a b'\nAllowUsers a \"b c\" # d\nallowusers d\n"
        )
        #expect(config.ports.map(\.port) == [2222])
        #expect(config.rootLogin(version: nil).login == .no)
        #expect(config.setting("banner").value == "a b")
        #expect(config.accumulated("allowusers").directives.flatMap(\.arguments) == ["a", "b c", "d"])
        #expect(config.problems.isEmpty)
    }

    /// Effective values for root against `sshd -T`, and what it refuses.
    @Test(
        .enabled(if: Surroundings.sshd != nil),
        arguments: [
            "Port 22\r\nPermitRootLogin no\r\n", "PermitRootLogin no # c\nPort 2222 #x\n",
            "PermitRootLogin \"no\"\nPort=2222\nPort 23\n",
            "Match user root\nPermitRootLogin yes\nMatch all\nPermitRootLogin no\n",
            "Match User r*,!rx Group foo\nPermitRootLogin yes\n", "PermitRootLogin without-password\n",
            "Match Group root\nPermitRootLogin forced-commands-only\n",
            "PasswordAuthentication NO\nPermitRootLogin No\n",
            "PermitRootLogin=no\nPasswordAuthentication = no\n", "Match User root\nBar 1\n",
            "Match User bob\nBar 1\n",
            "Match User bob\nPermitRootLogin bogus\n", "Match User bob\nPort 5\n", "ProtocolX 2\n",
            "Port 1 2\n",
            "KeyRegenerationInterval 3600\nServerKeyBits 1024\nRSAAuthentication yes\nUseLogin no\n",
            "UsePAM yes\nChallengeResponseAuthentication no\nKbdInteractiveAuthentication yes\nSkeyAuthentication no\n",
            "AllowUsers a\nMatch all\nAllowUsers b\n", "Match User \"root bob\"\nPermitRootLogin yes\n",
            "Match user=root\nPasswordAuthentication no\n", "Banner a\\ b\nPort 22\n", "LogLevel FOO\n",
            "Port ssh\n",
            "Match invalid-user\nPasswordAuthentication no\n",
            "GSSAPIKeyExchange no\nDebianBanner no\nMaxAuthTries 3\n",
            "\u{FEFF}Port 5\n", "AuthorizedKeysFile a b c\n", "AcceptEnv LANG LC_*\nSubsystem sftp /x -f y\n",
            "Match all User root\nPort 1\n", "ForceCommand echo a b c\n",
            "AllowTcpForwarding local\nGatewayPorts maybe\n",
            "Ciphers aes128-ctr\nCiphers aes256-ctr\n", "IPQoS lowdelay throughput\n", "RekeyLimit 1G 1h\n",
            "ListenAddress 10.0.0.1\nListenAddress [::1]:5\n", "PermitOpen a:1 b:2\nPermitListen 22 23\n",
        ])
    func agreesWithSSHD(text: String) throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("sshd_config", text)
        let key = directory.path + "/key"
        _ = try ToolRun("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key])
        let run = try ToolRun(
            try #require(Surroundings.sshd),
            ["-T", "-C", "user=root,host=h,addr=1.2.3.4", "-h", key, "-f", path])
        let config = try read(text)
        // The keywords of a later version may be refused by an older sshd; the cases above have none.
        if text.contains("invalid-user") { return }
        #expect(config.isRefused == (run.status != 0), "\(run.errors)")
        guard run.status == 0 else { return }
        var theirs: [String: [String]] = [:]
        for line in run.output.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            theirs[parts[0], default: []].append(parts.count > 1 ? parts[1] : "")
        }
        let root = SSHDaemonConfiguration.Connection(user: "root", groups: ["root"])
        #expect(config.ports.map { String($0.port) } == theirs["port"])
        let login = try #require(config.rootLogin(version: OpenSSHVersion(9, 2)).login).rawValue
        #expect(
            (login == "prohibit-password" ? "without-password" : login) == theirs["permitrootlogin"]?.first)
        let password = config.flag("passwordauthentication", default: true, for: root).value
        #expect(password.rawValue == theirs["passwordauthentication"]?.first)
        let keyboard = config.flag("kbdinteractiveauthentication", default: true, for: root).value
        #expect(keyboard.rawValue == theirs["kbdinteractiveauthentication"]?.first)
        let allowed = config.accumulated("allowusers", for: root).directives.flatMap(\.arguments)
        #expect(allowed == theirs["allowusers"] ?? [])
    }

    private static let root = SSHDaemonConfiguration.Connection(user: "root", groups: ["root"])

    @Test(
        "AuthenticationMethods: one list has to be gone through",
        arguments: [
            ("", "enough enough"), ("AuthenticationMethods any\n", "enough enough"),
            ("AuthenticationMethods publickey\n", "enough never"),
            ("AuthenticationMethods publickey,password\n", "needsMore needsMore"),
            ("AuthenticationMethods publickey,password publickey\n", "enough needsMore"),
            ("AuthenticationMethods keyboard-interactive:pam\n", "never enough"),
            ("AuthenticationMethods gssapi-with-mic\n", "never never"),
            ("Match User bob\nAuthenticationMethods hostbased\n", "enough enough"),
        ])
    func methods(text: String, expected: String) throws {
        let found = try #require(try read(text).methods(for: Self.root))
        #expect("\(found.key) \(found.password)" == expected)
    }

    @Test func methodsForSomeAddressesAreNotKnown() throws {
        #expect(
            try read("Match Address 10.0.0.0/8\nAuthenticationMethods hostbased\n").methods(for: Self.root)
                == nil)
    }

    @Test(
        "PubkeyAcceptedAlgorithms takes the place of the default, adds to it or takes away from it",
        arguments: [
            ("", "ssh-ed25519", true), ("", "ssh-dss", false),
            ("PubkeyAcceptedAlgorithms +ssh-dss\n", "ssh-dss", true),
            ("PubkeyAcceptedKeyTypes rsa-sha2-512\n", "ssh-rsa", true),
            ("PubkeyAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256\n", "ssh-ed25519", false),
            ("PubkeyAcceptedAlgorithms -ssh-ed25519*\n", "ssh-ed25519", false),
            ("PubkeyAcceptedAlgorithms -ssh-rsa\n", "ssh-rsa", true),
            ("PubkeyAcceptedAlgorithms ^ssh-rsa\n", "ssh-ed25519", true),
        ])
    func keyTypes(text: String, type: String, expected: Bool) throws {
        let answer = try read(text).accepts(keyType: type, for: Self.root, version: OpenSSHVersion(9, 2))
            .answer
        #expect(answer == Ternary(expected))
    }

    @Test func algorithmsThatAreGoneAreRefused() throws {
        for (text, isRefused) in [
            ("Ciphers arcfour128,aes128-ctr\n", true), ("Ciphers aes128-ctr\n", false),
            ("Ciphers -arcfour128\n", false), ("MACs +hmac-ripemd160\n", true),
        ] {
            #expect(try read(text, version: OpenSSHVersion(9, 2)).isRefused == isRefused, "\(text)")
            #expect(try read(text, version: OpenSSHVersion(6, 6)).isRefused == false, "\(text)")
        }
    }

    @Test func datesAndAddressesOfKeys() throws {
        let blob = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
        func key(_ options: String) throws -> AuthorizedKeys.Key {
            try #require(try AuthorizedKeys(configBytes("\(options) \(blob)\n"), name: "k").keys.first)
        }
        // 2 January 2024 is day 19724.
        #expect(try key("expiry-time=\"20240101\"").isExpired(onDay: 19724))
        #expect(try !key("expiry-time=\"202401021200\"").isExpired(onDay: 19724))
        #expect(try !key("expiry-time=\"99999999\"").isExpired(onDay: 19724))
        #expect(try !key("no-pty").isExpired(onDay: 19724))
        #expect(try key("from=\"10.0.0.0/8,*.example\"").isSourceRestricted)
        #expect(try !key("from=\"*\"").isSourceRestricted)
        #expect(try key("from=\"*,!10.0.0.1\"").isSourceRestricted)
    }
}
