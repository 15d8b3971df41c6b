/// What sshd does where its configuration says nothing, which differs by version and by who built it.
package struct SSHDaemonDefaults: Sendable {
    /// `PermitRootLogin`: `prohibit-password` from OpenSSH 7.0 on, `yes` before. Nil when the version is not known.
    package let rootLogin: SSHDaemonConfiguration.RootLogin?
    /// `UsePAM`.
    package let usesPAM: Bool

    /// - Parameters:
    ///   - version: the version, nil when it is not known.
    ///   - isPatchedBySUSE: SUSE up to 15 lets root in with a password and uses PAM
    ///     (`openssh-7.7p1-allow_root_password_login.patch`, `…-enable_PAM_by_default.patch`).
    package init(version: OpenSSHVersion?, isPatchedBySUSE: Bool = false) {
        if isPatchedBySUSE {
            rootLogin = .yes
        } else {
            rootLogin = version.map { $0 < OpenSSHVersion(7, 0) ? .yes : .prohibitPassword }
        }
        usesPAM = isPatchedBySUSE
    }
}

extension OpenSSHVersion {
    /// The version that a release came with, for those whose package database cannot be read. Updates within a
    /// release do not cross 7.0, but for Red Hat 7 (7.4 came with 7.4) and SUSE 12 (7.2 with SP2).
    package init?(family: String, distribution: String, numbers: [Int]) {
        guard let major = numbers.first else { return nil }
        let minor = numbers.count > 1 ? numbers[1] : 0
        let table: [(since: (Int, Int), version: (Int, Int))]
        switch (family, distribution) {
        case ("rhel", "fedora"): table = [((12, 0), (5, 2)), ((23, 0), (7, 1)), ((32, 0), (8, 2))]
        case ("rhel", "amzn"): table = [((2, 0), (7, 4)), ((2023, 0), (8, 7))]
        case ("rhel", _):
            table = [
                ((5, 0), (4, 3)), ((6, 0), (5, 3)), ((7, 0), (6, 6)), ((7, 4), (7, 4)), ((8, 0), (8, 0)),
                ((9, 0), (8, 7)), ((10, 0), (9, 9)),
            ]
        case ("debian", "ubuntu"):
            table = [
                ((12, 4), (5, 9)), ((14, 4), (6, 6)), ((15, 10), (6, 9)), ((16, 4), (7, 2)),
                ((18, 4), (7, 6)),
                ((20, 4), (8, 2)), ((22, 4), (8, 9)), ((24, 4), (9, 6)),
            ]
        case ("debian", "debian"):
            table = [
                ((6, 0), (5, 5)), ((7, 0), (6, 0)), ((8, 0), (6, 7)), ((9, 0), (7, 4)), ((10, 0), (7, 9)),
                ((11, 0), (8, 4)), ((12, 0), (9, 2)), ((13, 0), (10, 0)),
            ]
        case ("suse", _):
            table = [((11, 0), (5, 1)), ((12, 2), (7, 2)), ((15, 0), (7, 6)), ((16, 0), (9, 9))]
        case ("alpine", _): table = [((3, 3), (7, 1)), ((3, 12), (8, 3)), ((3, 18), (9, 3))]
        default: return nil
        }
        guard let row = table.last(where: { $0.since <= (major, minor) }) else { return nil }
        self.init(row.version.0, row.version.1)
    }
}
