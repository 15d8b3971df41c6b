package import ByteReading

extension SystemdUnits {
    /// What `systemctl is-enabled` says of a unit.
    package enum Enablement: Hashable, Sendable {
        /// A link in the administrator's directories pulls the unit in, or an alias names it.
        case enabled(by: [String])
        /// It could be enabled by its `[Install]` section and is not.
        case disabled
        /// It has no `[Install]` section of its own, only `Also=` or another name of it is enabled.
        case indirect
        /// It has no `[Install]` section: only other units can pull it in.
        case isStatic
        /// A generator made it.
        case generated
        /// Its path is a link to `/dev/null` or an empty file.
        case masked(by: String)
        /// It is another name of this unit.
        case alias(of: String)
        /// No directory has it.
        case missing
    }

    /// The state of the unit `name` (`unit_file_lookup_state` of systemd's install.c).
    package mutating func enablement(of name: String) throws(ImageFault) -> Enablement {
        guard let unit = try unit(name) else { return .missing }
        if let path = unit.maskedBy { return .masked(by: path) }
        if unit.id != name, directories.contains(where: { isLink($0.entries[name]) }) {
            return .alias(of: unit.id)
        }
        let file = unit.file
        let links = enablingLinks(of: name, file: file)
        if !links.isEmpty { return .enabled(by: links) }
        if let path = unit.path,
            directories.contains(where: { $0.kind == .generated && path.hasPrefix($0.path + "/") })
        {
            return .generated
        }
        guard let file else { return .isStatic }
        let rules = ["WantedBy", "RequiredBy", "UpheldBy", "Alias"]
        if rules.contains(where: { !file.values("Install", $0).isEmpty }) { return .disabled }
        return file.values("Install", "Also").isEmpty ? .isStatic : .indirect
    }

    private func isLink(_ entry: UnitDirectory.Entry?) -> Bool {
        if case .link = entry { return true }
        return false
    }

    /// Links in the administrator's directories that enable `name`: in `.wants`, `.requires` or `.upholds` of any
    /// unit, or an alias of its `[Install]` section.
    func enablingLinks(of name: String, file: UnitFile?) -> [String] {
        var found: [String] = []
        let unit = UnitName(name)
        let aliases = Set(
            (file?.words("Install", "Alias") ?? []).compactMap { unit?.expanded($0.word) ?? $0.word })
        for directory in directories where directory.kind == .configuration || directory.kind == .runtime {
            for (path, entry) in directory.entries {
                guard case .link(let target) = entry else { continue }
                let linkName = Self.lastComponent(path)
                let targetName = Self.lastComponent(target)
                if path.contains("/") {
                    guard Self.isDependencyDirectory(path) else { continue }
                    let isTemplateLink =
                        unit?.isTemplate == true && UnitName(linkName)?.template == name
                    if linkName == name || isTemplateLink {
                        found.append("\(directory.path)/\(path)")
                    }
                } else if linkName != name, targetName == name, aliases.contains(linkName) {
                    found.append("\(directory.path)/\(path)")
                }
            }
        }
        return found.sorted()
    }

    static func isDependencyDirectory(_ path: String) -> Bool {
        guard let slash = path.firstIndex(of: "/") else { return false }
        let parent = path[..<slash]
        return parent.hasSuffix(".wants") || parent.hasSuffix(".requires") || parent.hasSuffix(".upholds")
    }

    /// The links that presets would add at a first boot, for units that can be enabled and are not. systemd's
    /// default at first boot is to enable only.
    package mutating func presetLinks(_ policy: PresetPolicy) throws(ImageFault) -> [(
        unit: String, target: String
    )] {
        var names: Set<String> = []
        for directory in directories where directory.kind == .vendor || directory.kind == .configuration {
            for (path, entry) in directory.entries where !path.contains("/") {
                guard case .file = entry, let unit = UnitName(path), !unit.isTemplate else { continue }
                names.insert(path)
            }
        }
        var links: [(unit: String, target: String)] = []
        for name in names.sorted() where policy.enables(name) {
            guard let unit = try unit(name), !unit.isMasked, let file = unit.file else { continue }
            for (word, _) in file.words("Install", "WantedBy") + file.words("Install", "RequiredBy") {
                links.append((name, UnitName(name)?.expanded(word) ?? word))
            }
        }
        return links
    }
}
