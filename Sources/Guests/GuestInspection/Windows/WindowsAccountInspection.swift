import ByteReading
import GuestFacts
import GuestFormats

/// Reads the local accounts and who may log in from outside. Passwords stay where they are: all that is taken is
/// whether one is stored.
struct WindowsAccountInspection {
    let reader: WindowsReader

    private static let domains = #"SAM\Domains"#
    private static let administrators = "00000220"
    private static let remoteDesktopUsers = "0000022B"

    func inspect() -> Fact<WindowsAccounts> {
        let settings = WindowsSettings(reader: reader)
        let account = settings.key(WindowsAccountInspection.domains + #"\Account"#, in: "SAM")
        guard settings.gap == nil, account.exists else {
            return .unknown(
                settings.gap
                    ?? Gap(where: account.shown, kind: .absent, message: "the key is not there"))
        }
        let domain = parse(account.shown, settings) { () throws(ImageFault) -> SAMDomain? in
            guard let fixed = settings.value("F", of: account)?.data,
                let variable = settings.value("V", of: account)?.data
            else { return nil }
            return try SAMDomain(fixed: fixed, variable: variable)
        }
        let admins = members(WindowsAccountInspection.administrators, settings)
        let remote = members(WindowsAccountInspection.remoteDesktopUsers, settings)
        var facts = WindowsAccounts()
        let machine = domain?.identifier
        func isLocal(_ member: SecurityIdentifier) -> Bool {
            guard let machine else { return false }
            return member.isMember(of: machine)
        }
        func relatives(_ members: [SecurityIdentifier]) -> Set<Int> {
            Set(members.filter(isLocal).compactMap { $0.relative.map { Int($0) } })
        }
        let (localAdmins, localRemote) = (relatives(admins), relatives(remote))
        for (name, key) in settings.subkeys(of: settings.key("Users", below: account)) {
            guard name.utf8.count == 8, let relative = Int(name, radix: 16) else { continue }
            var one = read(key, relative, domain, settings)
            one.isAdministrator = localAdmins.contains(relative)
            one.isRemoteDesktopUser = localRemote.contains(relative)
            facts.accounts.append(one)
        }
        func others(_ members: [SecurityIdentifier]) -> [String] {
            members.filter { !isLocal($0) }.prefix(64).map(\.description)
        }
        facts.otherAdministrators = others(admins)
        facts.otherRemoteDesktopUsers = others(remote)
        facts.limitBlankPasswords = settings.number(
            "LimitBlankPasswordUse", of: settings.control(#"Control\Lsa"#))
        if let gap = settings.gap { return .unknown(gap) }
        facts.isInDomain = isInDomain()
        return .known(facts)
    }

    private func parse<Value: Sendable>(
        _ place: String, _ settings: WindowsSettings, _ body: () throws(ImageFault) -> Value?
    ) -> Value? {
        let reading = reader.attempt(place, body)
        settings.note(reading.gap)
        return reading.value
    }

    private func members(_ group: String, _ settings: WindowsSettings) -> [SecurityIdentifier] {
        let key = settings.key(
            WindowsAccountInspection.domains + "\\Builtin\\Aliases\\" + group, in: "SAM")
        guard let data = settings.value("C", of: key)?.data else { return [] }
        return parse(key.shown, settings) { () throws(ImageFault) in try SAMAlias(parsing: data).members }
            ?? []
    }

    private func read(
        _ key: WindowsSettings.Key, _ relative: Int, _ domain: SAMDomain?, _ settings: WindowsSettings
    ) -> WindowsAccount {
        let record = parse(key.shown, settings) { () throws(ImageFault) -> SAMAccount? in
            guard let fixed = settings.value("F", of: key)?.data,
                let variable = settings.value("V", of: key)?.data
            else { return nil }
            return try SAMAccount(fixed: fixed, variable: variable)
        }
        guard let record else {
            return WindowsAccount(rid: relative, name: "account \(relative)", key: key.shown)
        }
        var account = WindowsAccount(rid: relative, name: record.name, key: key.shown)
        account.isDisabled = record.isDisabled || !record.isNormal
        account.isLocked = record.isLocked
        account.password = record.hasPassword ? .stored : .blank
        account.mustChangePassword = record.mustChangePassword
        account.expires = record.expires.map(unixSeconds)
        if !record.passwordNeverExpires, record.passwordLastSet != 0, let age = domain?.maximumPasswordAge {
            let (end, overflow) = record.passwordLastSet.addingReportingOverflow(age)
            account.passwordExpires = overflow ? nil : unixSeconds(end)
        }
        return account
    }

    /// From 100 ns since 1601 to seconds since 1970.
    private func unixSeconds(_ time: UInt64) -> Int64 { Int64(time / 10_000_000) - 11_644_473_600 }

    /// A machine that belongs to a domain keeps the identifier of that domain in its own policy.
    private func isInDomain() -> Bool? {
        let settings = WindowsSettings(reader: reader)
        let key = settings.key(#"Policy\PolPrDmS"#, in: "SECURITY")
        let value = settings.value("", of: key)
        guard settings.gap == nil, key.exists else { return nil }
        guard let data = value?.data, !data.isEmpty else { return false }
        return (try? SecurityIdentifier(parsing: data)).map { !$0.subauthorities.isEmpty }
    }
}
