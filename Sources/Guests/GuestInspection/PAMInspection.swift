import ByteReading
import GuestFacts
import GuestFormats

/// Follows the rules of PAM for a login over SSH, as `_pam_dispatch_aux` of libpam does, with what is known of the
/// modules: one that is missing fails, `pam_deny` fails, `pam_unix` and its like succeed for somebody who may log
/// in, and directories of other machines know nobody.
final class PAMInspection {
    /// What a stack comes to.
    struct Outcome {
        var admits: Ternary
        /// The line that decides.
        var source: SourceLine?
        /// Why, in words.
        var reason: String?
    }

    private let reader: GuestReader
    private var services: [String: Reading<PAMService>] = [:]
    private var modules: [String: Answer] = [:]

    init(reader: GuestReader) { self.reader = reader }

    private static let directories = ["/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"]
    /// Where modules without a path are; Debian has a directory for each architecture.
    private lazy var moduleDirectories: [String] =
        (["/lib/security", "/lib64/security", "/usr/lib/security", "/usr/lib64/security"]
            .filter { reader.exists($0) != .no })
        + reader.glob("/lib/*-linux-*/security") + reader.glob("/usr/lib/*-linux-*/security")

    /// Whether PAM is set up at all.
    var isPresent: Bool { PAMInspection.directories.contains { reader.exists($0) == .yes } }

    // MARK: Files

    private func service(_ name: String) -> Reading<PAMService> {
        if let known = services[name] { return known }
        let paths = name.hasPrefix("/") ? [name] : PAMInspection.directories.map { "\($0)/\(name)" }
        var reading: Reading<PAMService> = .absent
        for path in paths {
            reading = reader.parse(path) { (bytes) throws(ImageFault) in try PAMService(bytes, name: path) }
            if case .absent = reading { continue }
            break
        }
        services[name] = reading
        return reading
    }

    /// The rules of one kind with `include` and `@include` taken in; a substack stays one of them.
    private enum Step {
        case rule(PAMService.Rule)
        case substack([Step], SourceLine)
        case broken(String, SourceLine)
        case unreadable(SourceLine)
    }

    private func steps(_ name: String, _ kind: PAMService.Kind, depth: Int) -> [Step]? {
        guard depth < 16 else { return nil }
        switch service(name) {
        case .absent, .unreadable: return nil
        case .found(let service):
            var result = service.rejected.map { Step.broken("is not understood", $0) }
            for entry in service.entries {
                switch entry {
                case .file(let file, let source): result += included(file, kind, depth, source)
                case .rule(let rule) where rule.kind == kind:
                    guard case .include(let isSubstack) = rule.control else {
                        result.append(.rule(rule))
                        continue
                    }
                    let inner = included(rule.module, kind, depth, rule.source)
                    if isSubstack { result.append(.substack(inner, rule.source)) } else { result += inner }
                case .rule: continue
                }
                guard result.count < 512 else { return nil }
            }
            return result
        }
    }

    private func included(
        _ file: String, _ kind: PAMService.Kind, _ depth: Int, _ source: SourceLine
    ) -> [Step] {
        if let inner = steps(file, kind, depth: depth + 1) { return inner }
        if case .absent = service(file) { return [.broken("takes in \(file), which does not exist", source)] }
        return [.unreadable(source)]
    }

    /// Whether any rule of the kind names the module.
    func uses(_ module: String, _ name: String, _ kind: PAMService.Kind) -> PAMService.Rule? {
        rules(steps(name, kind, depth: 0) ?? []).first { $0.name == module }
    }

    private func rules(_ steps: [Step]) -> [PAMService.Rule] {
        steps.flatMap { step -> [PAMService.Rule] in
            switch step {
            case .rule(let rule): [rule]
            case .substack(let inner, _): rules(inner)
            case .broken, .unreadable: []
            }
        }
    }

    // MARK: Modules

    private enum Prediction {
        case succeeds, fails(String), ignored
        case unknown(String)
    }

    private func prediction(_ rule: PAMService.Rule) -> Prediction {
        switch exists(rule.module) {
        case .no: return .fails("the module \(rule.module) does not exist")
        case .unknown: return .unknown("whether \(rule.module) exists could not be read")
        case .yes: break
        }
        switch rule.name {
        case "pam_deny": return .fails("pam_deny refuses everybody")
        case "pam_sss", "pam_ldap", "pam_krb5", "pam_winbind", "pam_radius_auth", "pam_fprintd",
            "pam_systemd_home",
            "pam_lsass", "pam_vas3", "pam_centrifydc", "pam_u2f", "pam_ssh_agent_auth":
            return .ignored
        case "pam_oslogin_login", "pam_oslogin_admin", "pam_google_authenticator", "pam_duo", "pam_listfile",
            "pam_time",
            "pam_yubico", "pam_group", "pam_exec", "pam_succeed_if", "pam_script", "pam_mkhomedir_check":
            return .unknown("what \(rule.name) says is not known")
        default: return .succeeds
        }
    }

    private func exists(_ module: String) -> Answer {
        if let known = modules[module] { return known }
        let paths = module.hasPrefix("/") ? [module] : moduleDirectories.map { "\($0)/\(module)" }
        let answers = paths.map { reader.exists($0) }
        // Without any directory of modules, where they are is not known.
        let answer: Answer =
            answers.contains(.yes) ? .yes : answers.isEmpty || answers.contains(.unknown) ? .unknown : .no
        modules[module] = answer
        return answer
    }

    // MARK: The walk

    /// What the stack of one kind comes to for somebody with a valid account. A service without a file is `other`.
    func outcome(_ name: String, _ kind: PAMService.Kind) -> Outcome {
        for candidate in [name, "other"] {
            switch service(candidate) {
            case .absent: continue
            case .unreadable(let gap):
                return Outcome(admits: .unknown, reason: "\(gap.where): \(gap.message)")
            case .found:
                guard let steps = steps(candidate, kind, depth: 0) else {
                    return Outcome(admits: .unknown, reason: "the files of \(candidate) take each other in")
                }
                var walk = Walk()
                run(steps, &walk)
                return walk.outcome
            }
        }
        return Outcome(admits: .no, reason: "PAM has neither \(name) nor other")
    }

    private struct Walk {
        var isPositive = false
        var isNegative = false
        var isOver = false
        var isDoubtful = false
        var source: SourceLine?
        var reason: String?

        var outcome: Outcome {
            if isNegative { return Outcome(admits: .no, source: source, reason: reason) }
            if isDoubtful || !isPositive { return Outcome(admits: .unknown, source: source, reason: reason) }
            return Outcome(admits: .yes)
        }

        mutating func fail(_ why: String, _ place: SourceLine) {
            // A failure behind something unknown is one only if that did not end the stack.
            if isDoubtful { return }
            if !isNegative {
                source = place
                reason = why
            }
            isNegative = true
        }

        mutating func doubt(_ why: String, _ place: SourceLine) {
            if isNegative { return }
            if !isDoubtful {
                source = place
                reason = why
            }
            isDoubtful = true
        }
    }

    private func run(_ steps: [Step], _ walk: inout Walk) {
        var index = 0
        while index < steps.count, !walk.isOver {
            let step = steps[index]
            index += 1
            switch step {
            case .broken(let why, let place):
                walk.fail("a line of PAM \(why)", place)
                walk.isOver = true
            case .unreadable(let place): walk.doubt("a file of PAM could not be read", place)
            case .substack(let inner, _):
                run(inner, &walk)
                walk.isOver = false
            case .rule(let rule): index += apply(rule, &walk)
            }
        }
    }

    /// Takes one rule's outcome in; returns how many rules to pass over.
    private func apply(_ rule: PAMService.Rule, _ walk: inout Walk) -> Int {
        let result: String
        var why = ""
        switch prediction(rule) {
        case .succeeds: result = "success"
        case .ignored: result = "user_unknown"
        case .fails(let reason):
            why = reason
            result = rule.name == "pam_deny" ? "auth_err" : "module_unknown"
        case .unknown(let reason):
            // What is only tried changes nothing when it fails, and ends the stack well when it does not.
            if case .sufficient = rule.control { return 0 }
            if case .optional = rule.control { return 0 }
            if case .actions(let list) = rule.control, list["default"] == .ignore,
                list.values.allSatisfy({ $0 == .ignore })
            {
                return 0
            }
            walk.doubt(reason, rule.source)
            return 0
        }
        switch action(rule.control, result) {
        case .ignore: break
        case .reset:
            walk.isPositive = false
            walk.isNegative = false
        case .ok: walk.isPositive = true
        case .done:
            walk.isPositive = true
            walk.isOver = !walk.isNegative
        case .bad: walk.fail(why.isEmpty ? "\(rule.name) knows nobody here" : why, rule.source)
        case .die:
            walk.fail(why.isEmpty ? "\(rule.name) knows nobody here" : why, rule.source)
            walk.isOver = true
        case .jump(let count): return count
        }
        return 0
    }

    /// The keywords as pam.conf(5) spells them out.
    private func action(_ control: PAMService.Control, _ result: String) -> PAMService.Action {
        let isSuccess = result == "success"
        switch control {
        case .required: return isSuccess ? .ok : .bad
        case .requisite: return isSuccess ? .ok : .die
        case .sufficient: return isSuccess ? .done : .ignore
        case .optional, .include: return isSuccess ? .ok : .ignore
        case .actions(let list): return list[result] ?? list["default"] ?? .bad
        }
    }
}
