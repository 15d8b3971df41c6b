import GuestFacts
import Targets

/// Edits of a line of fstab, with the values of the image.
enum FstabFix {
    /// Takes away what an editor of another system put in.
    static let plainText = Fix(
        "Take carriage returns and the byte order mark out of the file", kind: .autoEdit,
        commands: ["sed -i -e '1s/^\\xEF\\xBB\\xBF//' -e 's/\\r$//' /etc/fstab"])

    /// The safest change first: the right name where there is exactly one candidate, else the option that
    /// lets the boot go on without the device.
    ///
    /// - Parameter refused: options that the kernel does not take.
    static func fixes(
        for entry: MountEntry, _ context: CheckContext, _ linux: LinuxFacts, refused: [String] = []
    ) -> [Fix] {
        var fixes: [Fix] = []
        if !entry.oddities.isEmpty || entry.badOptions.contains(where: { $0.hasSuffix("\\r") }) {
            fixes.append(plainText)
        }
        if let name = stableName(for: entry, context, linux), name != entry.specification {
            fixes.append(
                .edit(
                    "Name the volume by its UUID", entry.evidence,
                    to: replacing(entry.specification, by: name, in: entry.evidence.excerpt)))
        }
        if let actual = entry.actualType, actual != entry.type, entry.mountPoint != "/" {
            fixes.append(
                .edit(
                    "Write the type that is really there", entry.evidence,
                    to: replacing(entry.type, by: actual, in: entry.evidence.excerpt)))
        }
        let bad = (entry.badOptions + refused).filter { entry.options.contains($0) }
        if !bad.isEmpty {
            let kept = entry.options.filter { !bad.contains($0) }
            fixes.append(
                .edit(
                    "Take the option away", entry.evidence,
                    to: replacing(
                        entry.options.joined(separator: ","),
                        by: kept.isEmpty ? "defaults" : kept.joined(separator: ","),
                        in: entry.evidence.excerpt)))
        }
        if entry.mountPoint != "/", entry.isRequired, entry.evidence.path == "/etc/fstab" {
            fixes.append(
                .edit("Or let the boot go on without it", entry.evidence, to: withoutWaiting(entry, linux)))
        }
        if fixes.isEmpty, let path = entry.evidence.path, path.hasPrefix("/etc/systemd/system/") {
            let unit = path.split(separator: "/").last.map(String.init) ?? path
            return [
                Fix(
                    "Do not start the unit", where: .online, kind: .autoChroot,
                    commands: ["systemctl disable \(quoted(unit))"])
            ]
        }
        return fixes.isEmpty ? [.byHand("Correct the line, or remove it")] : fixes
    }

    /// The line with what its program takes for "not needed": mountall does not know nofail, and fsck of the old
    /// scripts goes by the sixth field.
    private static func withoutWaiting(_ entry: MountEntry, _ linux: LinuxFacts) -> String? {
        let old = entry.options.joined(separator: ",")
        func with(_ options: String, pass: Bool = true) -> String? {
            let line = replacing(
                old, by: old.isEmpty ? options : "\(old),\(options)", in: entry.evidence.excerpt)
            return pass ? line : line.map(withoutCheck)
        }
        switch linux.mounts.program?.value {
        case .mountall?: return with("nobootwait")
        case .scripts?:
            let isOld = linux.identity.family == .rhel && (linux.identity.majorVersion ?? 6) < 6
            return isOld ? entry.evidence.excerpt.map(withoutCheck) : with("nofail", pass: false)
        case .openrc?: return with("nofail", pass: false)
        case .systemd?, nil: return with("nofail,x-systemd.device-timeout=5s")
        }
    }

    /// The line with 0 for its sixth field.
    private static func withoutCheck(_ line: String) -> String {
        let fields = line.split(whereSeparator: \.isWhitespace)
        guard fields.count >= 6, let last = line.lastRange(of: fields[5]) else { return line }
        return String(line[..<last.lowerBound]) + "0" + String(line[last.upperBound...])
    }

    /// `UUID=` of the volume the line must mean: the root for `/`, the partition of that number for a kernel
    /// name, the only EFI system partition for `/boot/efi`.
    private static func stableName(
        for entry: MountEntry, _ context: CheckContext, _ linux: LinuxFacts
    ) -> String? {
        var volume: VolumeFacts?
        if entry.mountPoint == "/" {
            volume = context.rootVolume(of: linux)
        } else if case .kernelName(let name, let id) = entry.resolution, name.disk == 0 {
            volume = context.image.volume(id)
        } else if case .caseMismatch(let id) = entry.resolution {
            volume = context.image.volume(id)
        } else if entry.mountPoint == "/boot/efi", entry.resolution.isMissing {
            let systems = context.image.partitions?.partitions.filter(\.isEFISystem) ?? []
            if systems.count == 1 { volume = context.image.volume(systems[0].volume) }
        }
        return volume?.uuid.map { "UUID=\($0)" }
    }

    /// The line with one field changed; nil when the line is not known.
    private static func replacing(_ old: String, by new: String, in line: String?) -> String? {
        guard var line, !old.isEmpty, let range = line.firstRange(of: old) else { return line }
        line.replaceSubrange(range, with: new)
        return line
    }
}

extension String {
    /// Where `text` stands last.
    fileprivate func lastRange(of text: Substring) -> Range<Index>? { ranges(of: text).last }
}
