import GuestFacts
import Targets

/// The line of the root, or that there is none, and those of swap.
extension FstabReview {
    mutating func judgeRoot(_ entry: MountEntry) {
        switch entry.resolution {
        case .volume(linux.rootVolume): judgeRootOptions(entry)
        case .kernelName(let name, let volume) where entry.ifMissing != nil:
            let fails = context.launches.filter { !linux.names(name, on: $0.disk) || volume == nil }
            if !fails.isEmpty { stopAtRoot(entry, fails) }
        case .notFound where entry.ifMissing != nil, .caseMismatch where entry.ifMissing != nil,
            .hardwarePath where entry.ifMissing != nil:
            stopAtRoot(entry, nil)
        // The remount goes by the mount point and takes whatever device is there.
        case .kernelName, .virtual, .file, .ambiguous: break
        case .volume, .notFound, .caseMismatch, .hardwarePath, .network:
            add(
                "Fstab.RootWrong", .error,
                "The line of / names \(entry.specification), which is not the root. The guest boots, because root= is"
                    + " what counts there, but / stays read-only: nothing can be written, first-boot customisation"
                    + " fails.", entry, consequence: .notReady)
        case .unknown(let gap):
            questions.append(OpenQuestion(gap, consequence: .notReady, link: .provisioning))
        }
    }

    /// Programs that look for the root under the name that fstab has, although it is mounted.
    private mutating func stopAtRoot(_ entry: MountEntry, _ launches: [Launch]?) {
        stop(
            "Fstab.RootWrong", "the line of / names \(entry.specification), which is not there", entry,
            launches: launches)
    }

    /// A remount with an option that the kernel does not know fails, so that the root stays as it was mounted.
    private mutating func judgeRootOptions(_ entry: MountEntry) {
        let kind = context.rootVolume(of: linux)?.kind
        for way in context.boots(of: linux).ways where !way.stopsAtKernel {
            let refused =
                entry.badOptions + MountOptionTable.refused(entry.options, kind, way.kernel?.version)
            guard !refused.isEmpty, !way.entry.commandLine.rootIsWritable else { continue }
            findings.append(
                Finding(
                    "Fstab.BadOption", .error,
                    "The kernel refuses \(refused.joined(separator: ", ")) when / is mounted again for writing, so it"
                        + " stays read-only.", evidence: [entry.evidence],
                    fixes: FstabFix.fixes(for: entry, context, linux, refused: refused),
                    consequence: .notReady,
                    launches: context.scope(way.launches), link: .provisioning))
        }
    }

    mutating func judgeMissingRoot() {
        guard linux.identity.notFollowed(.rootMount) == nil else { return }
        let survey = context.boots(of: linux)
        for way in survey.ways where !way.stopsAtKernel {
            let flags = way.entry.commandLine.parameters.map(\.name).filter { $0 == "ro" || $0 == "rw" }
            guard flags.last != "rw" else { continue }
            let line: String
            if let volume = context.rootVolume(of: linux), let uuid = volume.uuid, let kind = volume.kind {
                line = "UUID=\(uuid) / \(kind) defaults 0 1"
            } else {
                line = "\(way.entry.commandLine.root?.specification ?? "/dev/root") / auto defaults 0 1"
            }
            findings.append(
                Finding(
                    "Fstab.RootMissing", .warning,
                    "fstab has no line for /, and the command line mounts it read-only: nothing makes it writable.",
                    evidence: [
                        Evidence(path: "/etc/fstab", excerpt: "no line for /"),
                        way.entry.commandLine.evidence,
                    ],
                    fixes: [
                        Fix(
                            "Add a line for /", kind: .autoEdit, edit: Fix.Edit(path: "/etc/fstab", new: line)
                        )
                    ], consequence: .notReady, launches: context.scope(way.launches), link: .provisioning))
        }
    }

    // MARK: Swap

    mutating func judgeSwap(_ entry: MountEntry) {
        let message: String
        switch entry.resolution {
        case .notFound, .caseMismatch, .hardwarePath, .file(exists: .no):
            let wait = usesSystemd ? ": the boot waits up to 90 seconds for it" : ""
            message = "Swap on \(entry.specification) does not exist\(wait)."
        case .kernelName(let name, let volume):
            let fails = context.launches.filter { !linux.names(name, on: $0.disk) || volume == nil }
            guard !fails.isEmpty else { return }
            message = "Swap on \(entry.specification) is not found on every disk bus: the boot waits for it."
        default: return
        }
        findings.append(
            Finding(
                "Fstab.SwapNotFound", .warning, message, evidence: [entry.evidence],
                fixes: [.edit("Remove the line", entry.evidence, to: nil)]))
    }
}
