import Checks
import GuestFacts
import LaunchChain
<<<<<<< HEAD

extension ScanReport {
    /// The failing items, most severe first, in the order of the chain.
    var failed: [CheckItem] {
=======
import Targets

extension ScanReport {
    /// How many targets are judged.
    var targetCount: Int { Set(guests.flatMap(\.verdicts).map(\.target)).count }

    /// The failing items, most severe first, in the order of the chain.
    var failures: [CheckItem] {
>>>>>>> main
        let order = Dictionary(
            uniqueKeysWithValues: LaunchLink.allCases.enumerated().map { ($0.element, $0.offset) })
        return allChecks.filter { $0.status == .fail }.enumerated().sorted { a, b in
            let (severityA, severityB) = (a.element.severity ?? .error, b.element.severity ?? .error)
            if severityA != severityB { return severityA > severityB }
            let (linkA, linkB) = (order[a.element.link] ?? 0, order[b.element.link] ?? 0)
            return linkA != linkB ? linkA < linkB : a.offset < b.offset
        }.map(\.element)
    }

<<<<<<< HEAD
    /// Why something is not known: the gaps of the image, then what items say beyond them; each once.
    var reasonsUnknown: [String] {
        var seen: Set<String> = []
        var lines: [String] = []
        for gap in gaps where seen.insert("\(gap.where): \(gap.message)").inserted {
            lines.append("\(gap.where): \(gap.message)")
        }
        for item in allChecks where item.status == .unknown {
            let reasons = (item.gaps ?? []).filter { seen.insert($0).inserted }
            if !reasons.isEmpty { lines.append("\(item.id): \(reasons.joined(separator: "; "))") }
        }
        return lines
    }

    /// How many targets are judged.
    var targetCount: Int { Set(guests.flatMap(\.verdicts).map(\.target)).count }
}

extension ScanReport.Guest {
    /// What people call the system.
    var name: String { os.name ?? os.distribution ?? os.family }

    /// The target whose point of view a format takes that knows one only: the one named, when it was judged.
    func verdict(preferring target: String) -> TargetVerdict? {
        verdicts.first { $0.target == target } ?? verdicts.first
=======
    /// A reason why something is not known.
    struct Unknown {
        /// A layer, a path or an item.
        var place: String
        var message: String

        var text: String { "\(place): \(message)" }
    }

    /// Why something is not known: the gaps of the image, then what items say beyond them; each once.
    var unknowns: [Unknown] {
        var seen: Set<String> = []
        var unknowns: [Unknown] = []
        for gap in gaps {
            let unknown = Unknown(place: gap.where, message: gap.message)
            if seen.insert(unknown.text).inserted { unknowns.append(unknown) }
        }
        for item in allChecks where item.status == .unknown {
            let reasons = (item.gaps ?? []).filter { seen.insert($0).inserted }
            if !reasons.isEmpty {
                unknowns.append(Unknown(place: item.id, message: reasons.joined(separator: "; ")))
            }
        }
        return unknowns
    }
}

extension ScanReport.OperatingSystem {
    /// What people call it.
    var title: String { name ?? distribution ?? family }

    /// What it is, in a few words each.
    var summary: [String] {
        [
            title, architecture, bootMode.map(TextReport.firmwareName), kernelVersion.map { "kernel " + $0 },
            hostname.map { "host " + $0 },
        ].compactMap { $0 }
    }
}

extension LaunchLink {
    /// What people call a link. Windows has no initramfs: there the drivers that start with it are that link.
    func label(family: String) -> String {
        self == .initramfs && family == "windows" ? "drivers" : rawValue
    }
}

extension LaunchVerdict {
    /// `nvme, uefi`.
    var name: String { "\(disk.rawValue), \(firmware.rawValue)" }

    /// Whether two launches go the same way, so that one chain says it for both.
    func isLike(_ other: LaunchVerdict) -> Bool {
        links == other.links && stopsAt == other.stopsAt && unknownBecause == other.unknownBecause
>>>>>>> main
    }
}

extension Evidence {
<<<<<<< HEAD
    /// Where it stands, in one line: `/etc/fstab:3`, `mbr:1 › ext4 @ 0x100000`.
=======
    /// Where it stands, as people write it: `/etc/fstab:3`, `mbr:1 › ext4 @ 0x400`.
>>>>>>> main
    var place: String? {
        if let path { return path + (line.map { ":\($0)" } ?? "") }
        guard let layer else { return nil }
        return layer + (offset.map { " @ 0x" + String($0, radix: 16) } ?? "")
    }
}

extension Fix {
<<<<<<< HEAD
    /// Where and how it is carried out, and at what risk: `in the image, medium risk`.
=======
    /// Where it is carried out and how risky it is, in words.
>>>>>>> main
    var manner: String {
        let manner =
            switch kind {
            case .manual: "needs a decision"
            case .online: "in the running system"
<<<<<<< HEAD
            case .autoChroot: `where` == .online ? "in the running system" : "in a chroot of the image"
            case .autoHive: "in the image's registry"
            case .autoEdit: `where` == .online ? "in the running system" : "in the image"
=======
            case .autoChroot: self.where == .online ? "in the running system" : "in a chroot of the image"
            case .autoHive: "in the image's registry"
            case .autoEdit: self.where == .online ? "in the running system" : "in the image"
>>>>>>> main
            }
        return risk == .low ? manner : "\(manner), \(risk.rawValue) risk"
    }
}
