import GuestFacts
import Targets

/// Edits of a line of fstab, with the values of the image.
enum FstabFix {
    /// The safest change first: the right name where there is exactly one candidate, else the option that
    /// lets the boot go on without the device.
    static func fixes(for entry: MountEntry, _ context: CheckContext, _ linux: LinuxFacts) -> [Fix] {
        var fixes: [Fix] = []
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
        if !entry.badOptions.isEmpty {
            let kept = entry.options.filter { !entry.badOptions.contains($0) }
            fixes.append(
                .edit(
                    "Take the option away", entry.evidence,
                    to: replacing(
                        entry.options.joined(separator: ","),
                        by: kept.isEmpty ? "defaults" : kept.joined(separator: ","),
                        in: entry.evidence.excerpt)))
        }
        if entry.mountPoint != "/", entry.isRequired {
            let old = entry.options.joined(separator: ",")
            fixes.append(
                .edit(
                    "Or let the boot go on without it", entry.evidence,
                    to: replacing(
                        old, by: old + ",nofail,x-systemd.device-timeout=5s", in: entry.evidence.excerpt)))
        }
        return fixes.isEmpty ? [.byHand("Correct the line, or remove it")] : fixes
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
