import GuestFacts
import Targets

/// `COMPLIANCE.FileSystem`
enum ComplianceFileSystem: Check {
    static let metadata = CheckMetadata(
        id: "COMPLIANCE.FileSystem", title: "Kind of root file system", link: .operation,
        summary: "Looks whether the root file system is of a kind that the target and its tools can grow.",
        rationale: """
            ext4 and xfs grow online at first boot. Others boot just as well, but their disks stay as small as they \
            were. The 64bit feature of ext4, which older published rules refuse, has been the default since \
            e2fsprogs 1.43 and is fine.
            """,
        codes: [
            ("FileSystem.NotRecommended", "The root is of a kind that is not grown at first boot."),
            ("FileSystem.GrubUnreadable", "GRUB does not read the file system that holds /boot."),
            (
                "FileSystem.KernelTooOld",
                "The root has a feature that is newer than the kernel of the default entry."
            ),
            (
                "FileSystem.Subvolume",
                "The root is a subvolume of a btrfs, and the target's import does not read those."
            ),
            ("FileSystem.Lvm", "The root is on LVM, which the target advises against."),
            ("FileSystem.OldTools", "The root has a feature that the guest's own tools are too old to grow."),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        guard let root = context.rootVolume(of: linux), let kind = root.kind else {
            return .judged(questions: [OpenQuestion("the kind of the root file system is not known")])
        }
        var findings: [Finding] = []
        let evidence = [Evidence(layer: root.id, excerpt: ([kind] + root.features).joined(separator: " "))]
        let rules = context.target.rules
        if !rules.fileSystems.contains(kind) {
            findings.append(
                Finding(
                    "FileSystem.NotRecommended", .warning, "The root file system is \(kind).",
                    evidence: evidence,
                    fixes: [.byHand("Move the system to ext4 or xfs")]))
        }
        if kind == "btrfs", !rules.btrfsSubvolumes, let path = linux.rootSubvolume?.path, !path.isEmpty {
            findings.append(
                Finding(
                    "FileSystem.Subvolume", .warning,
                    "The root is the subvolume \(path), and the import of \(context.target.title) does not read"
                        + " subvolumes.", evidence: evidence,
                    fixes: [.byHand("Move the system to ext4 or xfs")]))
        }
        if rules.lvmDiscouraged, let volume = root.logicalVolume {
            findings.append(
                Finding(
                    "FileSystem.Lvm", .info,
                    "The root is on LVM, which \(context.target.title) advises against for the system disk: a copy of it"
                        + " cannot be attached to another instance whose volume group has the same name.",
                    evidence: [Evidence(layer: root.id, excerpt: "volume group \(volume.group)")],
                    fixes: [.byHand("Keep in mind to rename the group before two such disks meet")]))
        }
        if kind == "ext4", root.features.contains("64bit"), let tools = linux.identity.packages["e2fsprogs"],
            let version = KernelVersion(tools), version < KernelVersion(1, 43)
        {
            findings.append(
                Finding(
                    "FileSystem.OldTools", .warning,
                    "The root has the 64bit feature, which the guest's e2fsprogs \(tools) cannot grow.",
                    evidence: evidence, fixes: [.install(["e2fsprogs"], "Update e2fsprogs", in: linux)]))
        }
        var questions: [OpenQuestion] = []
        judgeKernels(context, linux, root, &findings, &questions)
        judgeLoader(context, linux, &findings, &questions)
        return .judged(
            value: kind, "The root file system is \(kind).", findings: findings, questions: questions)
    }

    /// What the default entry's kernel makes of the root's features.
    private static func judgeKernels(
        _ context: CheckContext, _ linux: LinuxFacts, _ root: VolumeFacts, _ findings: inout [Finding],
        _ questions: inout [OpenQuestion]
    ) {
        for way in context.boots(of: linux).ways {
            guard let version = way.kernel?.version else { continue }
            let unknown = FileSystemFeature.unknown(to: version, root.kind, root.features)
            guard let worst = unknown.first(where: { !$0.isReadable }) ?? unknown.first else { continue }
            let scope = context.scope(way.launches)
            let consequence: Consequence =
                !worst.isReadable || way.entry.commandLine.rootIsWritable ? .stopsBoot : .notReady
            let names = unknown.map(\.name).joined(separator: ", ")
            let what =
                "\(root.kind ?? "") with \(names) is mounted\(worst.isReadable ? " for writing" : "") since Linux \(worst.sinceText)"
            let link: LaunchLink = consequence == .stopsBoot ? .root : .provisioning
            if FileSystemFeature.mayBeBackported(version) {
                questions.append(
                    OpenQuestion(
                        "\(what), unless the distribution added it to its \(version)",
                        consequence: consequence,
                        launches: scope, link: link))
                continue
            }
            findings.append(
                Finding(
                    "FileSystem.KernelTooOld", .error, "\(what); the default entry starts \(version).",
                    evidence: [
                        Evidence(layer: root.id, excerpt: root.features.joined(separator: " ")),
                        way.entry.source,
                    ], fixes: [.installKernel(in: linux)], consequence: consequence, launches: scope,
                    link: link))
        }
    }

    /// The version of GRUB by its package, under the names that distributions give it.
    private static func grubVersion(_ linux: LinuxFacts) -> String? {
        [
            "grub-common", "grub2-common", "grub2-tools", "grub2", "grub2-i386-pc", "grub2-pc", "grub-bios",
            "grub",
        ].lazy
            .compactMap { linux.identity.packages[$0] }.first
    }

    /// GRUB 0.97 with the patches of distributions reads ext2 to ext4, and nothing of what came later.
    private static func judgeLegacy(
        _ context: CheckContext, _ linux: LinuxFacts, _ findings: inout [Finding]
    ) {
        let users = context.firmwarePaths(of: linux).filter { $0.path.loader == "GRUB legacy" }
        guard !users.isEmpty, let boot = context.image.volume(context.bootVolume(of: linux)),
            let kind = boot.kind
        else { return }
        let modern: Set = ["64bit", "metadata_csum", "inline_data", "meta_bg", "crc", "encrypt", "bigalloc"]
        let bad = boot.features.filter(modern.contains)
        let isForeign = !["ext2", "ext3", "ext4", "xfs", "reiserfs", "jfs", "vfat"].contains(kind)
        guard !bad.isEmpty || isForeign else { return }
        findings.append(
            Finding(
                "FileSystem.GrubUnreadable", .error,
                "GRUB legacy does not read \(kind)\(bad.isEmpty ? "" : " with \(bad.joined(separator: ", "))"), which holds"
                    + " /boot.",
                evidence: [
                    Evidence(layer: boot.id, excerpt: ([kind] + boot.features).joined(separator: " "))
                ],
                fixes: [.byHand("Make /boot an ext3, or install GRUB 2")], consequence: .stopsBoot,
                launches: context.scope(users.flatMap(\.launches)), link: .bootloader))
    }

    /// Features that no GRUB reads (ext2.c, `EXT2_DRIVER_SUPPORTED_INCOMPAT` and what it ignores).
    private static let unreadable: Set = [
        "inline_data", "ea_inode", "casefold", "dirdata", "compression", "journal_dev",
    ]

    private static func judgeLoader(
        _ context: CheckContext, _ linux: LinuxFacts, _ findings: inout [Finding],
        _ questions: inout [OpenQuestion]
    ) {
        judgeLegacy(context, linux, &findings)
        let users = context.firmwarePaths(of: linux).filter {
            ($0.path.loader?.contains("GRUB") ?? false) && $0.path.loader != "GRUB legacy"
        }
        guard !users.isEmpty, let boot = context.image.volume(context.bootVolume(of: linux)) else { return }
        let scope = context.scope(users.flatMap(\.launches))
        let version = grubVersion(linux)
        if let version, let number = KernelVersion(GrubFeature.upstream(version)) {
            for feature in GrubFeature.all
            where feature.kind == boot.kind && boot.features.contains(feature.name) && number < feature.since
                && !feature.backports.contains(where: GrubFeature.upstream(version).hasPrefix)
            {
                questions.append(
                    OpenQuestion(
                        "GRUB reads \(feature.kind) with \(feature.name) since \(feature.sinceText), unless the distribution"
                            + " added it to its \(version)", consequence: .stopsBoot, launches: scope,
                        link: .bootloader))
            }
        }
        guard boot.kind?.hasPrefix("ext") ?? false else { return }
        let bad = boot.features.filter(unreadable.contains)
        let evidence = [Evidence(layer: boot.id, excerpt: boot.features.joined(separator: " "))]
        if !bad.isEmpty {
            findings.append(
                Finding(
                    "FileSystem.GrubUnreadable", .error,
                    "GRUB does not read a file system with \(bad.joined(separator: ", ")): it stops with \"unknown"
                        + " filesystem\".", evidence: evidence,
                    fixes: [
                        .byHand(
                            "Make /boot a file system without the feature",
                            commands: ["mke2fs -t ext4 -O ^\(bad.joined(separator: ",^")) DEVICE"])
                    ], consequence: .stopsBoot, launches: scope, link: .bootloader))
        }
        if boot.features.contains("metadata_csum_seed"), let version,
            let number = KernelVersion(GrubFeature.upstream(version)),
            number < KernelVersion(2, 6)
        {
            questions.append(
                OpenQuestion(
                    "whether GRUB \(version) reads the feature metadata_csum_seed is not known",
                    consequence: .stopsBoot,
                    launches: scope, link: .bootloader))
        }
    }

    /// A feature of a file system, and the version of GRUB that reads it first (fs/xfs.c,
    /// `XFS_SB_FEAT_INCOMPAT_SUPPORTED`; fs/btrfs.c).
    private struct GrubFeature {
        var kind: String
        var name: String
        var since: KernelVersion
        var sinceText: String
        /// Older versions of distributions that read it, seen in boots.
        var backports: [String] = []

        static let all = [
            GrubFeature(kind: "xfs", name: "crc", since: KernelVersion(2, 2), sinceText: "2.02"),
            GrubFeature(kind: "ext4", name: "large_dir", since: KernelVersion(2, 12), sinceText: "2.12"),
            GrubFeature(kind: "xfs", name: "sparse", since: KernelVersion(2, 4), sinceText: "2.04"),
            GrubFeature(kind: "xfs", name: "bigtime", since: KernelVersion(2, 6), sinceText: "2.06"),
            GrubFeature(
                kind: "xfs", name: "nrext64", since: KernelVersion(2, 12), sinceText: "2.12",
                backports: ["2.06-13+deb12"]),
            GrubFeature(kind: "xfs", name: "exchange", since: KernelVersion(2, 14), sinceText: "2.14"),
            GrubFeature(kind: "xfs", name: "parent", since: KernelVersion(2, 14), sinceText: "2.14"),
            GrubFeature(kind: "btrfs", name: "raid1c34", since: KernelVersion(2, 6), sinceText: "2.06"),
        ]

        /// The version without the distribution's epoch: `2.06-13` of `1:2.06-13`.
        static func upstream(_ version: String) -> String {
            version.split(separator: ":").last.map(String.init) ?? version
        }
    }

    static var examples: [CheckExample] {
        [
            CheckExample(
                "xfs with 64-bit extent counts, and GRUB 2.06",
                .example {
                    $0.root.kind = "xfs"
                    $0.root.features = ["nrext64"]
                    $0.linux.identity.packages["grub-common"] = "2.06-2ubuntu14"
                }, .unknown),
            CheckExample(
                "the same with the GRUB of Debian 12, which has what it takes",
                .example {
                    $0.root.kind = "xfs"
                    $0.root.features = ["nrext64"]
                    $0.linux.identity.packages["grub-common"] = "2.06-13+deb12u2"
                }, .pass),
            CheckExample("ext4 with 64bit", .example(), .pass),
            CheckExample(
                "jfs", .example { $0.root.kind = "jfs" }, .fail, codes: ["FileSystem.NotRecommended"]),
            CheckExample(
                "jfs where it is taken",
                .example {
                    $0.target.rules.fileSystems.append("jfs")
                    $0.root.kind = "jfs"
                }, .pass),
            CheckExample(
                "a subvolume where the import reads none",
                .example {
                    $0.target.rules.btrfsSubvolumes = false
                    $0.rootOnSubvolume(SubvolumeReference(stated: "subvol=@", id: 256, path: "@"))
                }, .fail, codes: ["FileSystem.Subvolume"]),
            CheckExample(
                "LVM where it is advised against",
                .example {
                    $0.target.rules.lvmDiscouraged = true
                    $0.rootOnLVM()
                }, .fail, codes: ["FileSystem.Lvm"]),
            CheckExample(
                "64bit and e2fsprogs of 2013",
                .example { $0.linux.identity.packages["e2fsprogs"] = "1.42.9-4" }, .fail,
                codes: ["FileSystem.OldTools"]),
            CheckExample(
                "inline_data, which GRUB does not read", .example { $0.root.features.append("inline_data") },
                .fail,
                codes: ["FileSystem.GrubUnreadable"]),
            CheckExample(
                "xfs with bigtime, and a kernel of 2019",
                .example {
                    $0.root.kind = "xfs"
                    $0.root.features = ["crc", "bigtime", "inobtcount"]
                    $0.kernel.version = "5.3.0-42-generic"
                }, .fail, codes: ["FileSystem.KernelTooOld"]),
            CheckExample(
                "the same with the kernel of Red Hat 8, which may have it",
                .example {
                    $0.root.kind = "xfs"
                    $0.root.features = ["crc", "bigtime", "inobtcount"]
                    $0.kernel.version = "4.18.0-553.el8_10.x86_64"
                }, .unknown),
            CheckExample(
                "ext4 with 64bit, and GRUB legacy", .example { $0.linux.boot.bios.loader = "GRUB legacy" },
                .fail,
                codes: ["FileSystem.GrubUnreadable"]),
            CheckExample("the volume could not be opened", .example { $0.root.kind = nil }, .unknown),
        ]
    }
}
