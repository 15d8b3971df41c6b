import GuestFacts
import Targets

/// `IMAGE.Encryption`
enum ImageEncryption: Check {
    static let metadata = CheckMetadata(
        id: "IMAGE.Encryption", title: "Encrypted volumes", link: .root,
        summary: "Looks for LUKS, BitLocker and other encrypted volumes.",
        rationale: """
            An encrypted root asks for its passphrase on a console that nobody watches. A key that is bound to the \
            TPM or to a server of the source is not there on the target. What lies inside cannot be checked either.
            """,
        codes: [
            ("Encryption.System", "The system is on an encrypted volume, or may be."),
            ("Encryption.Data", "A volume beside the system is encrypted."),
        ])

    /// Names of blkid.
    private static let kinds: Set = ["crypto_LUKS", "BitLocker", "VeraCrypt", "TrueCrypt", "luks", "luks2"]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        let encrypted = context.image.volumes.filter { kinds.contains($0.kind ?? "") }
        guard !encrypted.isEmpty else {
            return context.image.volumes.isEmpty
                ? .notApplicable("no volume was found") : .judged(value: "No", "No volume is encrypted.")
        }
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        for volume in encrypted {
            let isSystem = context.system.map { $0.root.contains(volume.id) } ?? true
            findings.append(
                Finding(
                    isSystem ? "Encryption.System" : "Encryption.Data", isSystem ? .error : .warning,
                    volume.kind == "BitLocker"
                        ? "\(volume.id) is encrypted with BitLocker; that holds for a volume that waits for activation, too: its key is in the clear, its data are not."
                        : "\(volume.id) is encrypted (\(volume.kind ?? "unknown")).",
                    evidence: [Evidence(layer: volume.id, offset: 0, excerpt: volume.kind)],
                    fixes: [
                        volume.kind == "BitLocker"
                            ? .byHand(
                                "Decrypt the volume in the source system and wait for 0 %",
                                commands: ["manage-bde -off C:", "manage-bde -status C:"])
                            : .byHand(
                                "Decrypt the volume in the source system",
                                commands: ["cryptsetup reencrypt --decrypt DEVICE"])
                    ]))
            if isSystem {
                questions.append(
                    OpenQuestion("what is inside \(volume.id) cannot be read", consequence: .stopsBoot))
            }
        }
        return .judged(value: "Yes", findings: findings, questions: questions)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("no encrypted volume", .example(), .pass),
            CheckExample(
                "the only volume is LUKS", .withoutSystem { $0.volumes[0].kind = "crypto_LUKS" }, .fail,
                codes: ["Encryption.System"]),
            CheckExample(
                "the only volume is BitLocker", .withoutSystem { $0.volumes[0].kind = "BitLocker" }, .fail,
                codes: ["Encryption.System"]),
            CheckExample(
                "a data volume of a Windows is BitLocker",
                .windows { $0.image.volumes[1].kind = "BitLocker" }, .fail,
                codes: ["Encryption.Data"]),
            CheckExample(
                "a data volume is LUKS",
                .example {
                    var data = VolumeFacts(id: "mbr:2", size: 1 << 30)
                    data.kind = "crypto_LUKS"
                    $0.image.volumes.append(data)
                }, .fail, codes: ["Encryption.Data"]),
            CheckExample("no volume", .withoutSystem { $0.volumes = [] }, .notApplicable),
        ]
    }
}
