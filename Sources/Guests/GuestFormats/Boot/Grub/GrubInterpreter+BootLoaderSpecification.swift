import ByteReading

/// `blscfg` of the GRUB of Fedora and its relatives: menu entries from `loader/entries` (grub-core/commands/blscfg.c
/// in their trees).
extension GrubInterpreter {
    private static let defaultDirectory = "/loader/entries/"
    /// Files larger than this are passed over by GRUB too.
    private static let largestEntry = 1 << 20

    func bootLoaderSpecification(_ arguments: [String]) throws(ImageFault) -> GrubStatus {
        usesBootLoaderSpecification = true
        // `bls_load_entries`: built for EFI it asks `root` only; for BIOS `boot`, and `root` where that is not set.
        var directory: String?
        var isDefaultShown = true
        var isRestShown = true
        var identifier: String?
        var deviceName = start.platform == .efi ? value(of: "root") : value(of: "boot") ?? value(of: "root")
        if let argument = arguments.first, arguments.count == 1 {
            switch argument {
            case "default": isRestShown = false
            case "non-default": isDefaultShown = false
            case _ where argument.hasPrefix("(") && argument.hasSuffix(".conf"):
                // It loads this one file, under a name of its own.
                note(.notFollowed, "blscfg with a single file")
                return .success
            case _ where argument.hasPrefix("("):
                guard let close = argument.utf8.firstIndex(of: UInt8(ascii: ")")) else {
                    return fail(.badArgument, "Filepath isn't correct")
                }
                deviceName = String(argument[argument.utf8.index(after: argument.startIndex)..<close])
                directory = String(argument[argument.utf8.index(after: close)...])
            default:
                identifier = argument
                isDefaultShown = false
                isRestShown = false
            }
        }
        guard let deviceName, !deviceName.isEmpty else {
            return fail(.fileNotFound, "variable `boot' isn't set")
        }
        let answer = try ask { (host) throws(ImageFault) in try host.device(named: deviceName) }
        guard let device = answer.value else { return fail(.unknownDevice, "no such device: \(deviceName)") }
        let found = try entries(on: device, directory)
        if found == nil {
            // `find_entry` throws the error away: the command ends well, without an entry.
            note(.configurationMissing, "blscfg finds no directory of entries on (\(device))")
        } else if found?.isEmpty == true {
            note(.configurationMissing, "blscfg finds no entry on (\(device))")
        }
        let entries = found ?? []
        let wanted = value(of: "default")
        for (index, entry) in entries.enumerated() {
            let isDefault = wanted.map { isNamed($0, entry.name, entry.value, index) } ?? false
            guard isDefault ? isDefaultShown : isRestShown || identifier == entry.name else { continue }
            try define(entry.value, name: entry.name, path: entry.path)
        }
        return .success
    }

    private typealias Found = (name: String, path: String, value: BootLoaderSpecificationEntry)

    /// The entries, newest first; nil when there is no directory for them.
    private func entries(on device: GrubDevice, _ given: String?) throws(ImageFault) -> [Found]? {
        var directory = given ?? value(of: "blsdir") ?? Self.defaultDirectory
        var names = try ask { (host) throws(ImageFault) in try host.names(inDirectory: directory, on: device)
        }
        if case .absent = names, given == nil {
            directory = "/boot" + Self.defaultDirectory
            names = try ask { (host) throws(ImageFault) in try host.names(inDirectory: directory, on: device)
            }
        }
        if case .absent = names { return nil }
        var entries: [Found] = []
        for fileName in names.value ?? [] where fileName.hasSuffix(".conf") && !fileName.hasPrefix(".") {
            let name = String(fileName.dropLast(5))
            guard !name.isEmpty else { continue }
            let path = directory.hasSuffix("/") ? directory + fileName : "\(directory)/\(fileName)"
            let bytes = try ask { (host) throws(ImageFault) in
                try host.contents(of: path, on: device, limit: Self.largestEntry)
            }
            guard let bytes = bytes.value else { continue }
            let entry = BootLoaderSpecificationEntry(parsing: bytes, fileName: name)
            var position = entries.count
            var isDuplicate = false
            for (index, other) in entries.enumerated() {
                try commandBudget.spend()
                let order = RPMVersion.compareEntryNames(name, other.name)
                if order == 0 { isDuplicate = true }
                if order >= 0 {
                    position = index
                    break
                }
            }
            if !isDuplicate { entries.insert((name, "(\(device))\(path)", entry), at: position) }
        }
        return entries
    }

    private func isNamed(
        _ wanted: String, _ name: String, _ entry: BootLoaderSpecificationEntry, _ index: Int
    )
        -> Bool
    {
        wanted == name || wanted == entry.value("title")
            || GrubNumber.leading(wanted).map { $0.value == UInt64(index) } ?? false
    }

    private func define(
        _ entry: BootLoaderSpecificationEntry, name: String, path: String
    ) throws(ImageFault) {
        let saved = (file, line)
        (file, line) = (path, 1)
        defer { (file, line) = saved }
        if let stop = entry.grubStopsAtLine {
            line = stop
            note(.error, "blscfg reads nothing after this line, which has no value")
            line = 1
        }
        let lines = entry.linesForGrub
        func first(_ key: String) -> String? { lines.first { $0.key == key }?.value }
        func all(_ key: String) -> [String] { lines.filter { $0.key == key }.map(\.value) }
        guard let linux = first("linux") else {
            note(.error, "skipping an entry without `linux'")
            return
        }
        let options = expandValue(first("options")) ?? expandValue(value(of: "default_kernelopts"))
        var script = "load_video\nset gfxpayload=keep\ninsmod gzio\nlinux ($root)\(linux) \(options ?? "")\n"
        var initrds = all("initrd")
        if let early = value(of: "early_initrd"), !early.isEmpty {
            let sample = initrds.first ?? linux
            let directory = sample.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(sample[...$0]) } ?? "/"
            initrds = early.split(separator: " ").map { directory + $0 } + initrds
        }
        if !initrds.isEmpty {
            script += "initrd " + initrds.map { "($root)" + $0 }.joined(separator: " ") + "\n"
        }
        if let tree = expandValue(first("devicetree")) { script += "devicetree ($root)\(tree)\n" }
        let title = first("title") ?? linux
        let users = expandValue(first("grub_users")).map { $0.split(separator: " ").map(String.init) }
        _ = try add(
            GrubMenuEntry(
                title: title, identifier: name, arguments: [title] + all("grub_arg"),
                classes: all("grub_class"),
                users: users, isSubmenu: false,
                location: BootLocation(file: path, line: 1, lastLine: entry.lines.last?.number ?? 1),
                bootLoaderSpecificationFile: path, body: commands(in: script), bodyFile: path))
    }

    /// `expand_val`: `$name` only, without braces; the value gets a space after it.
    private func expandValue(_ text: String?) -> String? {
        guard let text else { return nil }
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.first {
            rest = rest.dropFirst()
            guard byte == UInt8(ascii: "$") else {
                result.append(byte)
                continue
            }
            let name = rest.prefix {
                $0 == UInt8(ascii: "_") || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")
                    || ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z")
            }
            rest = rest.dropFirst(name.count)
            if let value = value(of: String(decoding: name, as: UTF8.self)) {
                result += Array(value.utf8)
                result.append(UInt8(ascii: " "))
            }
            if rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
        }
        let expanded = String(decoding: result, as: UTF8.self)
        return expanded.isEmpty ? nil : expanded
    }
}
