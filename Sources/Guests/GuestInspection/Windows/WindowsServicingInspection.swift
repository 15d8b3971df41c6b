import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// What updates have left undone: files, the SYSTEM, SOFTWARE and COMPONENTS hives.
struct WindowsServicingInspection {
    let reader: WindowsReader

    private typealias Marker = WindowsServicingFacts.Marker

    private static let servicing = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing"
    /// More keys than any system has.
    private static let sessionLimit = 4096
    private static let packageLimit = 8192
    private static let renameLimit = 64

    func inspect(packages: [WindowsPackage]) -> WindowsServicingFacts {
        var facts = WindowsServicingFacts()
        facts.gaps = []
        readPendingFile(&facts)
        readSessionManager(&facts)
        readComponents(&facts)
        readServicingKeys(&facts)
        readUpdateKeys(&facts)
        for package in packages {
            switch package.state {
            case .installPending, .uninstallPending, .partlyInstalled:
                facts.markers.append(Located(.pendingPackage, package.evidence))
            default: break
            }
        }
        return facts
    }

    private func readPendingFile(_ facts: inout WindowsServicingFacts) {
        let path = reader.systemRoot + "/WinSxS/pending.xml"
        switch reader.files.info(path) {
        case .absent: break
        case .unreadable(let gap): facts.gaps.append(gap)
        case .found(let info) where info.type == .regular:
            facts.markers.append(
                Located(
                    .pendingFile,
                    Evidence(path: reader.paths.display(path), excerpt: "\(info.size) bytes")))
        case .found: break
        }
    }

    // MARK: SYSTEM

    private func readSessionManager(_ facts: inout WindowsServicingFacts) {
        let key = WindowsKeyValues(control: "Control\\Session Manager", reader)
        if let gap = key.gap {
            facts.gaps.append(gap)
            return
        }
        for line in key.strings("SetupExecute") ?? [] where line.lowercased().contains("poqexec") {
            facts.markers.append(Located(.pendingExecution, key.evidence("SetupExecute = \(line)")))
        }
        for name in ["PendingFileRenameOperations", "PendingFileRenameOperations2"] {
            for rename in renames(key[name]) {
                facts.renameCount += 1
                if isSystemFile(rename.source) || rename.target.map(isSystemFile) == true,
                    facts.systemRenames.count < WindowsServicingInspection.renameLimit
                {
                    facts.systemRenames.append(rename)
                }
            }
        }
    }

    /// Pairs of a file and its new name, which is empty for one that is deleted: the list does not end at the
    /// first empty text as others do.
    private func renames(_ value: RegistryValue?) -> [WindowsRename] {
        guard let value, value.type == .multipleStrings else { return [] }
        let texts = value.data.utf16Units().split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF16.self)
        }
        return stride(from: 0, to: texts.count - 1, by: 2).compactMap { index in
            guard !texts[index].isEmpty else { return nil }
            let target = texts[index + 1]
            return WindowsRename(source: texts[index], target: target.isEmpty ? nil : target)
        }
    }

    /// Drivers, the kernel and what it is made of, hives.
    private func isSystemFile(_ path: String) -> Bool {
        let path = path.lowercased()
        if path.contains(#"\drivers\"#), path.hasSuffix(".sys") { return true }
        let names = [
            #"\ntoskrnl.exe"#, #"\hal.dll"#, #"\ci.dll"#, #"\winload.exe"#, #"\winload.efi"#,
            #"\config\system"#, #"\config\software"#, #"\config\sam"#, #"\config\security"#,
            #"\config\default"#,
        ]
        return names.contains { path.hasSuffix($0) }
    }

    // MARK: COMPONENTS

    /// Values at the top of the hive. It is not loaded at a start, so what cannot be read of it holds nothing up.
    private func readComponents(_ facts: inout WindowsServicingFacts) {
        guard case .found = reader.hive("COMPONENTS") else {
            if let gap = reader.hive("COMPONENTS").gap { facts.otherGaps.append(gap) }
            return
        }
        let key = WindowsKeyValues("", in: "COMPONENTS", reader)
        if let gap = key.gap {
            facts.otherGaps.append(gap)
            return
        }
        for (name, marker) in [
            ("PendingXmlIdentifier", Marker.transaction), ("ExecutionState", .execution),
            ("NextQueueEntryIndex", .execution), ("NextQueueEntryIndexBCDB", .execution),
            ("AdvancedInstallersNeedResolving", .unsettledStore), ("StoreDirty", .unsettledStore),
        ] {
            // Absent, 0 and empty all mean that nothing is open.
            guard let value = key[name], !value.data.isEmpty, value.integer != 0, value.string != "" else {
                continue
            }
            let shown = value.integer.map { " = \($0)" } ?? " is set"
            facts.markers.append(Located(marker, key.evidence(name + shown)))
        }
    }

    // MARK: SOFTWARE

    private func readServicingKeys(_ facts: inout WindowsServicingFacts) {
        let servicing = WindowsServicingInspection.servicing
        for (name, marker) in [
            ("RebootInProgress", Marker.rebootInProgress), ("RebootPending", .rebootPending),
            ("PackagesPending", .packagesPending),
        ] {
            mark(servicing + "\\" + name, marker, &facts)
        }
        let sessions = WindowsKeyValues(servicing + "\\SessionsPending", in: "SOFTWARE", reader)
        if let exclusive = sessions.number("Exclusive"), exclusive != 0 {
            facts.markers.append(Located(.session, sessions.evidence("Exclusive = \(exclusive)")))
        }
        // Sessions that have ended stay there, each with Complete = 1.
        let keys = reader.subkeys(of: reader.key(servicing + "\\SessionsPending", in: "SOFTWARE"))
        if let gap = keys.gap { facts.otherGaps.append(gap) }
        for key in (keys.value ?? []).prefix(WindowsServicingInspection.sessionLimit) {
            let complete = reader.value("Complete", of: .found(key))
            guard let number = complete.value?.integer, number != 1 else { continue }
            facts.markers.append(
                Located(
                    .session,
                    Evidence(path: "\(sessions.place)\\\(key.name)", excerpt: "Complete = \(number)")))
        }
    }

    private func readUpdateKeys(_ facts: inout WindowsServicingFacts) {
        mark(
            "Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\RebootRequired", .windowsUpdate,
            &facts)
        let updates = WindowsKeyValues("Microsoft\\Updates", in: "SOFTWARE", reader)
        if let number = updates.number("UpdateExeVolatile"), number != 0 {
            facts.markers.append(
                Located(.updateProgram, updates.evidence(number: "UpdateExeVolatile")))
        }
    }

    /// A key whose presence is the sign.
    private func mark(_ path: String, _ marker: Marker, _ facts: inout WindowsServicingFacts) {
        let reading = reader.key(path, in: "SOFTWARE")
        if let gap = reading.gap {
            if !facts.gaps.contains(gap) { facts.gaps.append(gap) }
        } else if reading.value != nil {
            facts.markers.append(
                Located(marker, Evidence(path: WindowsReader.display(path, in: "SOFTWARE"))))
        }
    }

    // MARK: Packages

    /// Updates, of the thousands of keys that the store has for its packages.
    func packages() -> Fact<[WindowsPackage]> {
        let path = WindowsServicingInspection.servicing + "\\Packages"
        let place = WindowsReader.display(path, in: "SOFTWARE")
        switch reader.subkeys(of: reader.key(path, in: "SOFTWARE")) {
        case .unreadable(let gap): return .unknown(gap)
        case .absent:
            return .unknown(
                reader.hive("SOFTWARE").gap
                    ?? Gap(where: place, kind: .absent, message: "the key is not there"))
        case .found(let keys):
            let updates = keys.filter { $0.name.lowercased().hasPrefix("package_for_") }
            guard updates.count <= WindowsServicingInspection.packageLimit else {
                return .unknown(
                    Gap(
                        where: place, kind: .limit, message: "\(updates.count) updates are not looked through"
                    ))
            }
            return .known(updates.map(package))
        }
    }

    private func package(_ key: RegistryKey) -> WindowsPackage {
        let state = reader.value("CurrentState", of: .found(key)).value?.integer
        var package = WindowsPackage(name: key.name, stateNumber: state.flatMap { Int(exactly: $0) })
        package.articles = WindowsServicingInspection.articles(in: key.name)
        // A rollup's name has no number; where it was installed from has.
        if package.isRollup {
            for name in ["InstallLocation", "InstallName"] {
                let text = reader.value(name, of: .found(key)).value?.string ?? ""
                for article in WindowsServicingInspection.articles(in: text)
                where !package.articles.contains(article) {
                    package.articles.append(article)
                }
            }
        }
        return package
    }

    /// The numbers behind `KB` in a text.
    static func articles(in text: String) -> [Int] {
        text.lowercased().split(separator: "kb", omittingEmptySubsequences: false).dropFirst().compactMap {
            let digits = $0.prefix { $0.isASCII && $0.isNumber }
            return (5...8).contains(digits.count) ? Int(digits) : nil
        }
    }
}
