extension SSHDaemonConfiguration {
    /// What `AuthenticationMethods` leaves of a way in.
    package enum MethodAnswer: Hashable, Sendable {
        /// It is enough by itself.
        case enough
        /// Another proof is asked for as well.
        case needsMore
        /// No list has it.
        case never
    }

    /// Whether a key, or a password, gets in by itself as `AuthenticationMethods` has it (`auth2_methods_valid`): one of
    /// the lists has to be gone through to its end. `any`, and no line, ask for one proof only.
    ///
    /// - Returns: what holds for keys and for passwords, and the line; nil when the line may not hold.
    package func methods(
        for connection: Connection
    ) -> (key: MethodAnswer, password: MethodAnswer, source: SourceLine?)? {
        let setting = setting("authenticationmethods", for: connection)
        guard setting.isCertain else { return nil }
        guard let line = setting.candidates.first, line.arguments != ["any"] else {
            return (.enough, .enough, nil)
        }
        let lists = line.arguments.map { list in
            // A method may name a device behind a colon: `keyboard-interactive:pam`.
            list.split(separator: ",").map { AsciiText.lowercased(String($0.prefix { $0 != ":" })) }
        }
        func answer(_ methods: Set<String>) -> MethodAnswer {
            let other: Set = ["publickey", "password", "keyboard-interactive"]
            if lists.contains(where: { Set($0).isSubset(of: methods) && $0.count == 1 }) { return .enough }
            let open = lists.filter { Set($0).isSubset(of: other) && !Set($0).isDisjoint(with: methods) }
            return open.isEmpty ? .never : .needsMore
        }
        return (answer(["publickey"]), answer(["password", "keyboard-interactive"]), line.source)
    }

    /// Whether sshd takes a key of this type, as `PubkeyAcceptedAlgorithms` has it; the line, where one says so.
    ///
    /// A list takes the place of the default; `+` and `^` add to it, `-` takes away. Without a line the default of
    /// OpenSSH 7.0 on has no `ssh-dss`.
    package func accepts(
        keyType: String, for connection: Connection, version: OpenSSHVersion?
    ) -> (answer: Ternary, source: SourceLine?) {
        let setting = setting("pubkeyacceptedalgorithms", for: connection)
        let isDefault = keyType != "ssh-dss" || version.map { $0 < OpenSSHVersion(7, 0) } ?? true
        guard setting.isCertain else { return (.unknown, setting.source) }
        guard let line = setting.candidates.first else { return (Ternary(isDefault), nil) }
        let first = line.value.first
        let names = first == "+" || first == "-" || first == "^" ? String(line.value.dropFirst()) : line.value
        // A key of this type signs in three ways.
        let algorithms =
            keyType == "ssh-rsa" ? ["ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"] : [keyType]
        let named = algorithms.filter { Self.matches(list: names, $0) }
        switch first {
        case "+", "^": return (Ternary(isDefault || !named.isEmpty), line.source)
        case "-": return (Ternary(isDefault && named.count < algorithms.count), line.source)
        default: return (Ternary(!named.isEmpty), line.source)
        }
    }
}
