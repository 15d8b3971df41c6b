import GuestFacts
import Targets

/// `IMAGE.Container`
enum ImageContainer: Check {
    static let metadata = CheckMetadata(
        id: "IMAGE.Container", title: "Image file", link: .container,
        summary: """
            Looks at the file itself: its format, whether it is whole, whether it depends on other files, and \
            whether the target takes it.
            """,
        rationale: """
            An image that is only the difference to a backing file has holes where that file should be. One that \
            was cut short in a transfer, or was still open in QEMU when it was copied, may lack what was written \
            last. Image services turn away files that name other files, or that are in two formats at once, because \
            both have been used to read what belongs to the host.
            """,
        codes: [
            (
                "Container.Backing",
                "The image is a difference to another file, or has parts in one, that is not there."
            ),
            ("Container.ExternalData", "The data of the image are in another file."),
            ("Container.Truncated", "The file ends before data that it refers to."),
            ("Container.Corrupt", "The file contradicts itself, or is marked as corrupt."),
            ("Container.Dirty", "The file was not closed properly."),
            ("Container.Encrypted", "The file is encrypted."),
            ("Container.Snapshots", "The file holds internal snapshots; only the present state is imported."),
            ("Container.FormatMismatch", "The content is in another format than was said."),
            ("Container.Unsafe", "The file names files outside its directory, as an attack would."),
            (
                "Container.TwoFormats",
                "The file is in two formats at once; which one counts depends on the reader."
            ),
            ("Container.Subformat", "The container is of a kind that image services turn away."),
            ("Container.Compatibility", "The file uses a feature that older importers do not read."),
            ("Container.FormatNotAccepted", "The target does not take files of this format."),
            ("Container.Alignment", "The size of the raw file is not a whole number of sectors."),
        ],
        references: [
            "QEMU documentation: interop/qcow2", "VMware: Virtual Disk Format 5.0",
            "OpenStack: oslo.utils, imageutils.format_inspector",
        ])

    /// What a finding of the container's reader comes to.
    private static func meaning(_ code: String) -> (String, Severity, Consequence)? {
        switch code {
        case "dirty", "logReplayed", "logNotReplayed": ("Container.Dirty", .warning, .none)
        case "markedCorrupt", "corruptMetadata": ("Container.Corrupt", .error, .none)
        case "snapshots": ("Container.Snapshots", .warning, .none)
        case "copyOfMetadataUsed": ("Container.Corrupt", .warning, .none)
        case "zstdCompression", "extendedL2Entries", "persistentBitmaps", "unknownFeatures",
            "sizeDisagreement":
            ("Container.Compatibility", .warning, .none)
        case "largeSectors": ("Container.Compatibility", .error, .none)
        case "unusualSubformat": ("Container.Subformat", .warning, .none)
        case "unsafeReference": ("Container.Unsafe", .error, .none)
        case "severalFormats": ("Container.TwoFormats", .error, .none)
        case "externalDataFile": ("Container.ExternalData", .warning, .none)
        case "backingFile": ("Container.Backing", .warning, .none)
        case "referenceNotOpened": ("Container.Backing", .error, .none)
        case "backingMismatch": ("Container.Backing", .error, .none)
        case "backingFormatUnstated": ("Container.Backing", .info, .none)
        case "truncated": ("Container.Truncated", .error, .stopsBoot)
        case "encrypted": ("Container.Encrypted", .error, .stopsBoot)
        case "formatDisagreement": ("Container.FormatMismatch", .warning, .none)
        case "unalignedSize": ("Container.Alignment", .warning, .none)
        // GUESTOS.SystemImage speaks of these.
        case "emptyFile", "noData": nil
        default: ("Container.Corrupt", .warning, .none)
        }
    }

    /// Findings after which what is read from the image may not be what was written to it.
    private static let contradictions: Set<String> = ["markedCorrupt", "corruptMetadata", "backingMismatch"]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        let container = context.image.container
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        let isOpened = container.backingFiles.allSatisfy(\.opened)
        for found in container.findings {
            guard let (code, usual, consequence) = meaning(found.code) else { continue }
            // The user has allowed the directory such a name leads to.
            let severity = code == "Container.Unsafe" && isOpened ? Severity.warning : usual
            if code == "Container.Backing", found.code == "backingFile", !isOpened { continue }
            findings.append(
                Finding(
                    code, severity, found.message.asSentence, evidence: [found.evidence],
                    fixes: [fix(code, container)], consequence: consequence))
        }
        if !isOpened, !findings.contains(where: { $0.code == "Container.Backing" && $0.severity == .error }) {
            for file in container.backingFiles where !file.opened {
                findings.append(
                    Finding(
                        "Container.Backing", .error,
                        "The image refers to \(file.name), which was not opened\(file.reason.map { ": \($0)" } ?? "").",
                        evidence: [Evidence(layer: container.format, excerpt: file.name)],
                        fixes: [fix("Container.Backing", container)]))
            }
        }
        // What is in a file that was not opened may be all that the guest needs, or nothing.
        if !isOpened {
            questions.append(
                OpenQuestion(
                    "what is in the files the image refers to was not read", consequence: .stopsBoot))
        }
        if container.findings.contains(where: { contradictions.contains($0.code) }) {
            questions.append(
                OpenQuestion(
                    "the image file contradicts itself, so what is read from it may be wrong",
                    consequence: .stopsBoot))
        }
        if let finding = acceptance(container, context.target) { findings.append(finding) }
        return .judged(
            value: container.format, "The file is whole and stands by itself.", findings: findings,
            questions: questions)
    }

    /// Whether the target takes the file. Where it asks for one kind of a format and the kind is not known, it is left
    /// to the import to say.
    private static func acceptance(_ container: ContainerFacts, _ target: Target) -> Finding? {
        let formats = target.rules.formats
        // Everybody but QEMU calls it so.
        let format = container.format == "vpc" ? "vhd" : container.format
        guard !formats.isEmpty, !target.rules.accepts(format: format, kind: container.kind) else {
            return nil
        }
        if container.kind == nil, target.rules.formatNames.contains(format) { return nil }
        let own = [container.kind, format].compactMap { $0 }.joined(separator: " ")
        let taken = formats.map { $0.split(separator: "/").reversed().joined(separator: " ") }
        let chosen = formats.contains("qcow2") ? "qcow2" : formats.contains("raw") ? "raw" : formats[0]
        return Finding(
            "Container.FormatNotAccepted", .warning,
            "\(target.title) takes \(taken.joined(separator: ", ")), not \(own).",
            evidence: [Evidence(layer: container.format, excerpt: container.kind)],
            fixes: [Fix("Convert the image", kind: .manual, commands: [conversion(to: chosen)])])
    }

    /// The command that writes the image anew. VHD gets the exact size, not one that is a number of cylinders.
    private static func conversion(to format: String) -> String {
        let options: String =
            switch format {
            case "vhd/fixed": "-O vpc -o subformat=fixed,force_size=on"
            case "vhd": "-O vpc -o force_size=on"
            case "vmdk/streamOptimized": "-O vmdk -o subformat=streamOptimized"
            default: "-O \(format.split(separator: "/").first.map(String.init) ?? format)"
            }
        return "qemu-img convert \(options) IMAGE NEW"
    }

    private static func fix(_ code: String, _ container: ContainerFacts) -> Fix {
        switch code {
        case "Container.Unsafe":
            .byHand(
                "Find out where the file comes from; take nothing from it unless it is yours", where: .offline
            )
        case "Container.Backing", "Container.ExternalData", "Container.Snapshots", "Container.Compatibility",
            "Container.Subformat":
            Fix(
                "Write a new image that stands by itself (beside its other files)", kind: .manual,
                commands: [
                    "qemu-img convert -f \(container.format) -O qcow2 -o compat=1.1,compression_type=zlib IMAGE NEW.qcow2"
                ])
        case "Container.TwoFormats":
            Fix(
                "Write a new image of what the container holds", kind: .manual,
                commands: ["qemu-img convert -f \(container.format) -O qcow2 IMAGE NEW.qcow2"])
        case "Container.Truncated", "Container.Encrypted":
            .byHand("Export or copy the image again, whole and not encrypted", where: .offline)
        case "Container.Alignment":
            Fix(
                "Fill the last sector", kind: .manual,
                commands: ["truncate -s %512 IMAGE"])
        case "Container.FormatMismatch":
            Fix("Look at what the file really is", kind: .manual, commands: ["qemu-img info IMAGE"])
        case "Container.Dirty", "Container.Corrupt":
            // QEMU mends its own formats and VHDX; of the others it can only write what it reads to a new file.
            ["qcow2", "qed", "vhdx", "parallels"].contains(container.format)
                ? mended
                : Fix(
                    "Close the disk in the program that wrote it, or export it again; then convert the copy",
                    kind: .manual, risk: .medium,
                    commands: ["qemu-img convert -f \(container.format) -O qcow2 COPY NEW.qcow2"])
        default:
            mended
        }
    }

    private static var mended: Fix {
        Fix(
            "Let QEMU check and mend a copy of the file", kind: .manual, risk: .medium,
            commands: ["qemu-img check -r all COPY"])
    }

    static var examples: [CheckExample] {
        func with(_ code: String) -> CheckContext {
            .example {
                $0.image.container.findings = [
                    StructureFinding(
                        code: code, message: "the header says so", evidence: Evidence(layer: "qcow2"))
                ]
            }
        }
        return [
            CheckExample("a whole raw file", .example(), .pass),
            CheckExample("the file ends too early", with("truncated"), .fail, codes: ["Container.Truncated"]),
            CheckExample(
                "the corrupt bit is set", with("markedCorrupt"), .fail, codes: ["Container.Corrupt"]),
            CheckExample(
                "an extent that is a file of the host", with("unsafeReference"), .fail,
                codes: ["Container.Unsafe"]),
            CheckExample(
                "an image with a partition table over its header", with("severalFormats"), .fail,
                codes: ["Container.TwoFormats"]),
            CheckExample(
                "a VMDK in several files", with("unusualSubformat"), .fail, codes: ["Container.Subformat"]),
            CheckExample(
                "a parent that was written to since", with("backingMismatch"), .fail,
                codes: ["Container.Backing"]),
            CheckExample("internal snapshots", with("snapshots"), .fail, codes: ["Container.Snapshots"]),
            CheckExample(
                "a backing file that is not there",
                .example {
                    $0.image.container.format = "qcow2"
                    $0.image.container.backingFiles = [
                        BackingReference(name: "base.qcow2", opened: false, reason: "not allowed")
                    ]
                }, .fail, codes: ["Container.Backing"]),
            CheckExample(
                "a format the target does not take", .example { $0.image.container.format = "vdi" }, .fail,
                codes: ["Container.FormatNotAccepted"]),
            CheckExample(
                "a dynamic VHD where only fixed ones are taken",
                .example {
                    $0.target.rules.formats = ["vhd/fixed"]
                    $0.image.container.format = "vpc"
                    $0.image.container.kind = "dynamic"
                }, .fail, codes: ["Container.FormatNotAccepted"]),
            CheckExample(
                "a fixed VHD",
                .example {
                    $0.target.rules.formats = ["vhd/fixed"]
                    $0.image.container.format = "vpc"
                    $0.image.container.kind = "fixed"
                }, .pass),
        ]
    }
}
