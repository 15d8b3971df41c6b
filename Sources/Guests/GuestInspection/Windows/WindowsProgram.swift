import ByteReading
import GuestFacts
import GuestFormats

/// Looks at a file as the Windows loader would: is it there, is it a whole PE program, for which machine.
enum WindowsProgram {
    static func facts(of source: Reading<ContentSource>, at path: String) -> ProgramFacts {
        switch source {
        case .absent: return ProgramFacts(path: path, state: .missing)
        case .unreadable(let gap):
            var facts = ProgramFacts(path: path, state: .unreadable)
            facts.gap = gap
            return facts
        case .found(let content): return facts(of: content, at: path)
        }
    }

    private static func facts(of content: ContentSource, at path: String) -> ProgramFacts {
        var facts = ProgramFacts(path: path, state: .good)
        facts.size = content.size
        guard content.size > 0 else {
            facts.state = .empty
            return facts
        }
        do {
            let image = try PEImage(parsing: content)
            facts.architecture = image.machine.architecture
            facts.isSigned = image.isSigned
            if image.isTruncated { facts.state = .truncated }
            readVersion(of: image, into: &facts)
        } catch {
            switch error.kind {
            case .corrupt, .truncated: facts.state = .notAProgram
            default:
                facts.state = .unreadable
                facts.gap = Gap(error, at: path)
            }
        }
        return facts
    }
}

extension WindowsProgram {
    /// Version, maker and digest. A program without them runs all the same, and so does one in which they make no
    /// sense: they stay open. Only what the host could not read is a gap.
    private static func readVersion(of image: PEImage, into facts: inout ProgramFacts) {
        do {
            let version = try image.versionResource()
            facts.version = version?.fileVersion?.description
            facts.company = version?.companyName
        } catch {
            if error.kind == .io { facts.gap = Gap(error, at: facts.path) }
        }
        do {
            let digests = try image.signatureDigests()
            // Windows 7 takes any signature it understands.
            facts.signatureDigest = (digests.first(where: \.isLegacy) ?? digests.first)?.name
        } catch {
            if error.kind == .io { facts.gap = Gap(error, at: facts.path) }
        }
    }
}

extension PEImage.Machine {
    /// As systems and targets name it; nil for what no target has.
    package var architecture: String? {
        switch self {
        case .x86: "i386"
        case .x64: "x86_64"
        case .arm64: "arm64"
        case .arm, .riscv64, .loongArch64, .other: nil
        }
    }
}
