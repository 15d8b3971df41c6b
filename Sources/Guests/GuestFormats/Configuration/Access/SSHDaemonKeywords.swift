/// What sshd knows about its keywords (the `keywords` table of servconf.c, OpenSSH 9.2 to 10.0, with the GSSAPI
/// and banner keywords that distributions add).
enum SSHDaemonKeywords {
    /// How many arguments a keyword takes.
    enum Arguments {
        /// Exactly one; another is an error.
        case one
        /// One or more.
        case several
        /// Whatever the rest of the line is.
        case rest
    }

    /// A keyword.
    struct Keyword {
        let name: String
        let arguments: Arguments
        /// Whether it may stand in a Match block.
        let isAllowedInMatch: Bool
    }

    /// Keywords that still parse and do nothing. Those in the second list may stand in a Match block.
    static let deprecated: Set<String> = [
        "keyregenerationinterval", "serverkeybits", "uselogin", "useprivilegeseparation", "protocol",
        "checkmail",
        "pamauthenticationviakbdint", "reversemappingcheck", "verifyreversemapping", "authorizedkeysfile2",
        "kerberostgtpassing", "afstokenpassing", "rhostsauthentication", "permitblacklistedkeys",
        "gssusesessionccache", "gssapiusesessioncredcache", "dsaauthentication", "hostdsakey", "keepalive",
        "rsaauthentication", "rhostsrsaauthentication",
    ]
    static let deprecatedInMatch: Set<String> = ["rsaauthentication", "rhostsrsaauthentication"]

    /// Old names of keywords.
    static let aliases: [String: String] = [
        "challengeresponseauthentication": "kbdinteractiveauthentication",
        "skeyauthentication": "kbdinteractiveauthentication", "dsaauthentication": "pubkeyauthentication",
        "hostdsakey": "hostkey", "keepalive": "tcpkeepalive",
        "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
        "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
        "gssapicleanupcreds": "gssapicleanupcredentials",
        "rsaminsize": "requiredrsasize",
    ]

    /// Keywords whose values add up; for all others the first value holds.
    static let accumulating: Set<String> = [
        "port", "listenaddress", "hostkey", "hostcertificate", "allowusers", "denyusers", "allowgroups",
        "denygroups", "acceptenv", "subsystem", "setenv", "logverbose", "persourcepenalties",
    ]

    /// Keywords that take `yes` or `no` and nothing else.
    static let flags: Set<String> = [
        "passwordauthentication", "kbdinteractiveauthentication", "pubkeyauthentication",
        "permitemptypasswords",
        "usepam", "strictmodes", "printmotd", "printlastlog", "tcpkeepalive", "usedns", "x11forwarding",
        "x11uselocalhost", "hostbasedauthentication", "hostbasedusesnamefrompacketonly",
        "gssapiauthentication",
        "gssapikeyexchange", "gssapicleanupcredentials", "gssapistrictacceptorcheck",
        "kerberosauthentication",
        "kerberosorlocalpasswd", "kerberosticketcleanup", "kerberosgetafstoken", "ignoreuserknownhosts",
        "allowagentforwarding", "permittty", "permituserrc", "streamlocalbindunlink", "exposeauthinfo",
        "disableforwarding", "debianbanner", "refuseconnection", "gssapistorecredentialsonrekey",
    ]

    /// From which version on newer keywords exist.
    static let introduced: [String: OpenSSHVersion] = [
        "include": OpenSSHVersion(8, 2), "pubkeyauthoptions": OpenSSHVersion(8, 2),
        "securitykeyprovider": OpenSSHVersion(8, 2), "setenv": OpenSSHVersion(7, 8),
        "permitlisten": OpenSSHVersion(7, 8), "casignaturealgorithms": OpenSSHVersion(7, 9),
        "disableforwarding": OpenSSHVersion(7, 4), "exposeauthinfo": OpenSSHVersion(7, 6),
        "rdomain": OpenSSHVersion(7, 7), "pubkeyacceptedalgorithms": OpenSSHVersion(8, 5),
        "hostbasedacceptedalgorithms": OpenSSHVersion(8, 5), "persourcemaxstartups": OpenSSHVersion(8, 5),
        "persourcenetblocksize": OpenSSHVersion(8, 5), "logverbose": OpenSSHVersion(8, 5),
        "modulifile": OpenSSHVersion(8, 5), "requiredrsasize": OpenSSHVersion(9, 1),
        "channeltimeout": OpenSSHVersion(9, 2), "unusedconnectiontimeout": OpenSSHVersion(9, 2),
        "persourcepenalties": OpenSSHVersion(9, 8), "persourcepenaltyexemptlist": OpenSSHVersion(9, 8),
        "sshdsessionpath": OpenSSHVersion(9, 8), "pamservicename": OpenSSHVersion(9, 8),
        "refuseconnection": OpenSSHVersion(9, 9), "sshdauthpath": OpenSSHVersion(10, 0),
        "match": OpenSSHVersion(4, 4), "forcecommand": OpenSSHVersion(4, 4),
        "permitopen": OpenSSHVersion(4, 4),
        "chrootdirectory": OpenSSHVersion(4, 9), "maxsessions": OpenSSHVersion(5, 1),
        "allowagentforwarding": OpenSSHVersion(5, 1), "revokedkeys": OpenSSHVersion(5, 4),
        "trustedusercakeys": OpenSSHVersion(5, 4), "hostcertificate": OpenSSHVersion(5, 4),
        "authorizedprincipalsfile": OpenSSHVersion(5, 6), "kexalgorithms": OpenSSHVersion(5, 7),
        "ipqos": OpenSSHVersion(5, 7), "versionaddendum": OpenSSHVersion(6, 1),
        "authenticationmethods": OpenSSHVersion(6, 2), "authorizedkeyscommand": OpenSSHVersion(6, 2),
        "authorizedkeyscommanduser": OpenSSHVersion(6, 2), "hostkeyagent": OpenSSHVersion(6, 3),
        "rekeylimit": OpenSSHVersion(6, 3), "permittty": OpenSSHVersion(6, 4),
        "allowstreamlocalforwarding": OpenSSHVersion(6, 7), "streamlocalbindmask": OpenSSHVersion(6, 7),
        "streamlocalbindunlink": OpenSSHVersion(6, 7), "permituserrc": OpenSSHVersion(6, 7),
        "fingerprinthash": OpenSSHVersion(6, 8), "hostbasedacceptedkeytypes": OpenSSHVersion(6, 8),
        "hostkeyalgorithms": OpenSSHVersion(6, 8), "pubkeyacceptedkeytypes": OpenSSHVersion(6, 8),
        "authorizedprincipalscommand": OpenSSHVersion(6, 9),
        "authorizedprincipalscommanduser": OpenSSHVersion(6, 9),
    ]

    private static let inMatch = """
        allowagentforwarding allowstreamlocalforwarding allowtcpforwarding authorizedkeyscommanduser \
        authorizedprincipalscommanduser authorizedprincipalsfile banner casignaturealgorithms chrootdirectory \
        clientalivecountmax clientaliveinterval disableforwarding exposeauthinfo gatewayports gssapiauthentication \
        hostbasedacceptedalgorithms hostbasedauthentication hostbasedusesnamefrompacketonly ignorerhosts \
        kbdinteractiveauthentication kerberosauthentication loglevel maxauthtries maxsessions pamservicename \
        passwordauthentication permitemptypasswords permitrootlogin permittty permittunnel permituserrc \
        pubkeyacceptedalgorithms pubkeyauthentication refuseconnection revokedkeys rdomain streamlocalbindmask \
        streamlocalbindunlink trustedusercakeys x11displayoffset x11forwarding x11uselocalhost \
        unusedconnectiontimeout
        """
    private static let inMatchSeveral = """
        acceptenv allowgroups allowusers authenticationmethods authorizedkeysfile channeltimeout denygroups denyusers \
        include ipqos permitlisten permitopen pubkeyauthoptions rekeylimit setenv logverbose
        """
    private static let inMatchRest =
        "authorizedkeyscommand authorizedprincipalscommand forcecommand subsystem"
    private static let global = """
        addressfamily ciphers compression debianbanner fingerprinthash gssapicleanupcredentials gssapikexalgorithms \
        gssapikeyexchange gssapistorecredentialsonrekey gssapistrictacceptorcheck hostcertificate hostkey hostkeyagent \
        hostkeyalgorithms ignoreuserknownhosts kerberosgetafstoken kerberosorlocalpasswd kerberosticketcleanup \
        kexalgorithms logingracetime macs maxstartups modulifile permituserenvironment persourcemaxstartups \
        persourcenetblocksize persourcepenaltyexemptlist pidfile port printlastlog printmotd requiredrsasize \
        securitykeyprovider sshdauthpath sshdsessionpath strictmodes syslogfacility tcpkeepalive usedns usepam \
        xauthlocation
        """
    private static let globalSeveral = "listenaddress persourcepenalties"
    private static let globalRest = "versionaddendum"

    /// Keywords of distributions and patch sets: Red Hat 5 to 9, Gentoo's and FreeBSD's high-performance patch, the LDAP
    /// key patch, X.509.
    private static let vendor = """
        showpatchlevel requiredauthentications1 requiredauthentications2 authorizedkeyscommandrunas \
        kerberosusekuserok gssapienablek5users hpndisabled hpnbuffersize tcprcvbufpoll tcprcvbuf noneenabled \
        nonemacenabled usefips disablemtaes useblacklist
        """

    /// Every keyword by its name in lower case.
    static let known: [String: Keyword] = {
        var known: [String: Keyword] = [:]
        let groups: [(String, Arguments, Bool)] = [
            (inMatch, .one, true), (inMatchSeveral, .several, true), (inMatchRest, .rest, true),
            (global, .one, false), (globalSeveral, .several, false), (globalRest, .rest, false),
            (vendor, .rest, true),
        ]
        for (names, arguments, isAllowedInMatch) in groups {
            for name in AsciiText.words(names) {
                known[name] = Keyword(name: name, arguments: arguments, isAllowedInMatch: isAllowedInMatch)
            }
        }
        return known
    }()
}

/// A version of OpenSSH: `9.2`.
package struct OpenSSHVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Left of the dot.
    package let major: Int
    /// Right of the dot.
    package let minor: Int

    /// A version.
    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Parses `9.2p1`, `1:9.2p1-2+deb12u3`, `OpenSSH_7.4p1`; nil without a number, dot, number.
    package init?(_ text: String) {
        var rest = text[...]
        if let colon = rest.firstIndex(of: ":") { rest = rest[rest.index(after: colon)...] }
        rest = rest.drop { !$0.isASCII || !$0.isNumber }
        let parts = rest.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let major = AsciiText.number(String(parts[0])),
            let minor = AsciiText.number(String(parts[1].prefix { $0.isASCII && $0.isNumber }))
        else { return nil }
        self.init(major, minor)
    }

    /// `9.2`.
    package var description: String { "\(major).\(minor)" }

    /// Orders by number.
    package static func < (a: OpenSSHVersion, b: OpenSSHVersion) -> Bool {
        (a.major, a.minor) < (b.major, b.minor)
    }
}
