import GuestFacts
import Targets

/// `WIN.DiskLayout`
enum WinDiskLayout: Check {
    static let metadata = CheckMetadata(
        id: "WIN.DiskLayout", title: "Disk and drive letters of Windows", link: .root,
        summary: """
            Looks for dynamic disks and Storage Spaces, for a drive letter of the system volume that means another \
            partition, and for parts of Windows on drives that are not in the image.
            """,
        rationale: """
            Windows does not start from Storage Spaces. When its letter C: is kept for a volume that is not there, its \
            own volume may get another one: logons end at once, because every path of the user's session names C:. A \
            domain controller whose database is on a missing drive stops with 0xC00002E2.
            """,
        codes: [
            ("DiskLayout.Dynamic", "The disk is a dynamic disk."),
            ("DiskLayout.StorageSpaces", "A partition belongs to Storage Spaces."),
            ("DiskLayout.DriveLetter", "The letter of the system volume is kept for another volume."),
            ("DiskLayout.MissingDrive", "Something Windows needs is on a drive that is not in the image."),
        ],
        references: [
            "Microsoft: Support for booting from Storage Spaces", "Microsoft: Mount Manager (MountedDevices)",
        ])

    /// Partition types of the logical disk manager and of Storage Spaces.
    private static let dynamic: Set = [
        "0x42", "5808c8aa-7e8f-42e0-85d2-e1e90434cfb3", "af9b60a0-1431-4f62-bc68-3311714a69ad",
    ]
    private static let spaces = "e75caf8f-f680-4cee-afa3-b001e56efc2d"

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        lookAtPartitions(context, windows, &findings, &questions)
        lookAtLetters(context, windows, &findings, &questions)
        for path in windows.volumes.dataPaths {
            if path.isOnImage == .no {
                findings.append(missing(path))
            } else if path.isOnImage == .unknown || path.exists == .unknown {
                questions.append(
                    OpenQuestion(
                        "whether \(path.path) is in the image could not be found out",
                        consequence: path.purpose == .directoryDatabase ? .stopsBoot : .none))
            }
        }
        return .judged(
            "The disk is a basic one, and the letter of the system volume means the system volume.",
            findings: findings, questions: questions)
    }

    private static func lookAtPartitions(
        _ context: CheckContext, _ windows: WindowsFacts, _ findings: inout [Finding],
        _ questions: inout [OpenQuestion]
    ) {
        let partitions = context.image.partitions?.partitions ?? []
        if let first = partitions.first(where: { dynamic.contains($0.type.lowercased()) }) {
            findings.append(
                Finding(
                    "DiskLayout.Dynamic", .warning,
                    "The disk is a dynamic disk: its volumes are in a database at its end that many tools and clouds do not read.",
                    evidence: [Evidence(layer: first.volume, excerpt: "type \(first.type)")],
                    fixes: [
                        .byHand(
                            "Move Windows to a basic disk: restore a backup of it onto one, or convert the disk with a tool that keeps the volumes"
                        )
                    ]))
            // The system volume can only be simple or mirrored; a simple one in one piece was read whole.
            if context.image.volume(windows.rootVolume)?.gap != nil {
                questions.append(
                    OpenQuestion(
                        "whether the system volume of the dynamic disk is in this image as a whole is not known",
                        consequence: .stopsBoot))
            }
        }
        if let first = partitions.first(where: { $0.type.lowercased() == spaces }) {
            let holdsSystem = first.volume == windows.rootVolume
            findings.append(
                Finding(
                    "DiskLayout.StorageSpaces", holdsSystem ? .error : .warning,
                    holdsSystem
                        ? "The system volume is in Storage Spaces, from which Windows does not start."
                        : "Partition \(first.number) belongs to Storage Spaces, whose other disks are not in the image.",
                    evidence: [Evidence(layer: first.volume, excerpt: "type \(first.type)")],
                    fixes: [
                        .byHand("Move the data to a basic volume, and take the disk out of the storage pool")
                    ],
                    consequence: holdsSystem ? .stopsBoot : .none))
        }
    }

    private static func lookAtLetters(
        _ context: CheckContext, _ windows: WindowsFacts, _ findings: inout [Finding],
        _ questions: inout [OpenQuestion]
    ) {
        let letters: [WindowsDriveLetterFacts]
        switch windows.volumes.letters {
        case .unknown(let gap):
            questions.append(OpenQuestion(gap, consequence: .unreachable, link: .access))
            return
        // A generalised Windows has none and gives them out anew.
        case .known(nil): return
        case .known(let known?): letters = known
        }
        let own = windows.volumes.systemLetter
        guard let found = letters.first(where: { $0.letter == own }), found.isPartition,
            found.volume != windows.rootVolume
        else { return }
        let key = #"HKLM\SYSTEM\MountedDevices"#
        let isOld = (windows.identity.generation ?? .ten) == .ntldr
        findings.append(
            Finding(
                "DiskLayout.DriveLetter", isOld ? .error : .warning,
                "\(own): is kept for \(found.volume.map { "another volume (\($0))" } ?? "a volume that is not in this image"), so the system volume may come up with another letter; logons then end at once.",
                evidence: [found.evidence],
                fixes: [
                    .registry(
                        "Forget the letter; Windows gives it to its own volume",
                        [.removeValue(key: key, name: #"\DosDevices\\#(own):"#)])
                ], consequence: isOld ? .unreachable : .none, link: .access))
        if !isOld {
            questions.append(
                OpenQuestion(
                    "which letter the system volume gets is not known, because \(own): is kept for another one",
                    consequence: .unreachable, link: .access))
        }
    }

    private static func missing(_ path: WindowsDataPathFacts) -> Finding {
        let what: String
        switch path.purpose {
        case .profiles: what = "The users' profiles are"
        case .directoryDatabase: what = "The database of the domain controller is"
        case .directoryLogs: what = "The logs of the domain controller's database are"
        case .systemVolume: what = "SYSVOL of the domain controller is"
        }
        // Without its database a domain controller stops before the logon screen (0xC00002E2).
        let stops = path.purpose == .directoryDatabase || path.purpose == .directoryLogs
        return Finding(
            "DiskLayout.MissingDrive", stops ? .error : .warning,
            "\(what) in \(path.path), on a drive that is not in this image.", evidence: [path.evidence],
            fixes: [.byHand("Export that disk, too, or move the files to the system volume first")],
            consequence: stops ? .stopsBoot : .none, link: .`init`)
    }

    static var examples: [CheckExample] {
        func letter(_ volume: VolumeID?, partition: Bool = true) -> (inout ExampleWindows) -> Void {
            {
                $0.windows.volumes.letters = .known([
                    WindowsDriveLetterFacts(
                        letter: "C", volume: volume, isPartition: partition,
                        evidence: Evidence(
                            path: #"HKLM\SYSTEM\MountedDevices"#,
                            excerpt: #"\DosDevices\C: = partition {11111111-0000-4000-8000-000000000000}"#))
                ])
            }
        }
        return [
            CheckExample("a basic disk", .windows(), .pass),
            CheckExample(
                "no letters are kept, as after sysprep",
                .windows { $0.windows.volumes.letters = .known(nil) }, .pass),
            CheckExample("C: is the system volume", .windows(letter("gpt:3")), .pass),
            CheckExample(
                "C: is a volume of another disk", .windows(letter(nil)), .fail,
                codes: ["DiskLayout.DriveLetter"]),
            CheckExample(
                "a dynamic disk",
                .windows { $0.image.partitions?.partitions[2].type = "af9b60a0-1431-4f62-bc68-3311714a69ad" },
                .fail, codes: ["DiskLayout.Dynamic"]),
            CheckExample(
                "Storage Spaces",
                .windows { $0.image.partitions?.partitions[1].type = "e75caf8f-f680-4cee-afa3-b001e56efc2d" },
                .fail,
                codes: ["DiskLayout.StorageSpaces"]),
            CheckExample(
                "the directory database of a domain controller is on D:",
                .windows {
                    $0.windows.volumes.dataPaths = [
                        WindowsDataPathFacts(
                            purpose: .directoryDatabase, path: #"D:\NTDS\ntds.dit"#, isOnImage: .no,
                            exists: .no,
                            evidence: Evidence(
                                path: ExampleWindows.services + #"\NTDS\Parameters"#,
                                excerpt: #"DSA Database file = D:\NTDS\ntds.dit"#))
                    ]
                }, .fail, codes: ["DiskLayout.MissingDrive"]),
            CheckExample(
                "the letters cannot be read",
                .windows {
                    $0.windows.volumes.letters = .unknown(
                        Gap(where: #"HKLM\SYSTEM\MountedDevices"#, kind: .corrupt, message: "damaged"))
                }, .unknown),
        ]
    }
}
