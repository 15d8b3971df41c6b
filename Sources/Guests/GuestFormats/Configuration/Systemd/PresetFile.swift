package import ByteReading

/// The preset policy (systemd.preset(5)): which units are enabled when nobody has decided yet.
package struct PresetPolicy: Sendable {
    /// `enable`, `disable` or `ignore` with a pattern.
    package struct Rule: Sendable {
        /// What to do.
        package enum Action: String, Sendable, Hashable {
            case enable
            case disable
            case ignore
        }
        /// What to do.
        package let action: Action
        /// The units it is for.
        package let pattern: FileNamePattern
        /// Instances for templates, named after the pattern.
        package let instances: [String]
        /// Where it stands.
        package let source: SourceLine
    }

    /// The rules in the order in which they are tried.
    package let rules: [Rule]
    /// Lines that are no rule.
    package let ignored: [SourceLine]

    /// Reads preset files in the order of their file names, whichever directory they come from. A file hides one
    /// of the same name in a later directory, so the caller gives each name once.
    package init(files: [ConfigurationFile]) throws(ImageFault) {
        var rules: [Rule] = []
        var ignored: [SourceLine] = []
        for file in files {
            let text = try ConfigurationText(
                file.bytes, name: file.path, strippingByteOrderMark: true, splittingAtCarriageReturn: true)
            for line in text.lines {
                let words = AsciiText.words(line.bytes).map(AsciiText.string)
                guard let first = words.first, !first.hasPrefix("#"), !first.hasPrefix(";") else { continue }
                guard words.count >= 2, let action = Rule.Action(rawValue: first) else {
                    ignored.append(text.source(line))
                    continue
                }
                rules.append(
                    Rule(
                        action: action, pattern: FileNamePattern(words[1]),
                        instances: Array(words.dropFirst(2)), source: text.source(line)))
            }
        }
        self.rules = rules
        self.ignored = ignored
    }

    /// The first rule for `unit`; nil when none matches, which means enable.
    package func rule(for unit: String) -> Rule? {
        let template = UnitName(unit)?.template
        return rules.first { rule in
            if rule.pattern.matches(unit) { return true }
            guard let template, rule.pattern.matches(template), let instance = UnitName(unit)?.instance else {
                return false
            }
            return rule.instances.isEmpty || rule.instances.contains(instance)
        }
    }

    /// Whether `systemctl preset` would enable `unit`. No rule means enable.
    package func enables(_ unit: String) -> Bool { (rule(for: unit)?.action ?? .enable) == .enable }
}

/// Whether systemd treats the next boot as the first one (machine-id(5), "First Boot Semantics").
package enum FirstBoot: Hashable, Sendable {
    /// No machine-id file: units are preset and `ConditionFirstBoot=yes` holds.
    case missingMachineID
    /// The file says `uninitialized` (systemd 247 and later): as if missing.
    case uninitialized
    /// The file is empty: a new id is made at boot, but this is **not** a first boot and nothing is preset.
    case emptyMachineID
    /// The file holds an id.
    case identified(String)
    /// The file holds something else. systemd makes a new id; not a first boot.
    case invalid(String)

    /// Judges the contents of `/etc/machine-id`; nil when there is no such file.
    package init(machineID: Bytes?) {
        guard let machineID else {
            self = .missingMachineID
            return
        }
        let text = AsciiText.trimmed(machineID.prefix(256).text)
        if text.isEmpty {
            self = .emptyMachineID
        } else if text == "uninitialized" {
            self = .uninitialized
        } else if text.utf8.count == 32, text.utf8.allSatisfy({ UdevEncoding.hexadecimal($0) != nil }),
            text.contains(where: { $0 != "0" })
        {
            self = .identified(text)
        } else {
            self = .invalid(text)
        }
    }

    /// Whether presets are applied. The default build of systemd only enables at first boot (`ENABLE_ONLY`), it
    /// never disables; some distributions build with `first-boot-full-preset`.
    package var appliesPresets: Bool { self == .missingMachineID || self == .uninitialized }
}
