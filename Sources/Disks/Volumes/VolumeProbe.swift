package import BlockIO
package import ByteReading

/// Recognises what a volume holds, by table: a magic number, then a second step that checks and reads more.
package enum VolumeProbe {
    /// Everything that is recognised on `source`, containers before file systems; empty when nothing is.
    ///
    /// More than one answer is a result, too: an old signature that was not wiped confuses guests. Throws what
    /// reading the volume throws; a structure that is damaged is a signature with ``VolumeSignature/damage``.
    package static func identify(_ source: any BlockSource) throws(ImageFault) -> [VolumeSignature] {
        let window = try VolumeWindow(source)
        var result: [VolumeSignature] = []
        for recogniser in recognisers {
            for magic in recogniser.magics where window.holds(magic.bytes, at: magic.offset) {
                guard let found = try check(recogniser, window, at: magic.offset) else { continue }
                result.append(found)
                break
            }
        }
        do {
            // A disk of LDM says so at its start and at its end.
            let tail = try TailSignatures.find(window).filter { tail in
                tail.kind != "ldm_member" || !result.contains { $0.kind == tail.kind }
            }
            result = tail + result
            if result.isEmpty { result = try VMFSHeaders.find(window) }
            if result.isEmpty, let pool = try ZFSLabel.find(window) { result.append(pool) }
        } catch {
            // The start of a volume that a truncated image cuts off still says what it is.
            guard error.kind == .truncated, !result.isEmpty else { throw error }
        }
        return result
    }

    private static func check(
        _ recogniser: Recogniser, _ window: VolumeWindow, at offset: Int
    ) throws(ImageFault) -> VolumeSignature? {
        do {
            guard var found = try recogniser.check(window, offset) else { return nil }
            found.offset = UInt64(offset)
            return found
        } catch {
            switch error.kind {
            case .corrupt, .truncated, .unsupported, .limit, .notFound:
                guard recogniser.isDistinct else { return nil }
                var found = VolumeSignature(recogniser.kind, recogniser.usage, at: UInt64(offset))
                found.damage = error.description
                return found
            case .io, .notAllowed: throw error
            }
        }
    }

    /// In the order of blkid: what contains volumes before what contains files.
    private static let recognisers: [Recogniser] =
        Recogniser.containers + Recogniser.linuxFileSystems + Recogniser.windowsFileSystems
        + Recogniser.otherFileSystems
}

/// How one kind of volume is known.
struct Recogniser: Sendable {
    /// Reads more once the magic number was found at this offset; nil when it is not this kind after all.
    typealias Check = @Sendable (VolumeWindow, Int) throws(ImageFault) -> VolumeSignature?

    let kind: String
    let usage: VolumeSignature.Usage
    let magics: [(offset: Int, bytes: [UInt8])]
    let check: Check

    /// Whether the magic number is long enough to say "damaged" rather than "something else".
    var isDistinct: Bool { magics.allSatisfy { $0.bytes.count >= 4 } }

    init(
        _ kind: String, _ usage: VolumeSignature.Usage, _ magics: [(Int, [UInt8])], _ check: @escaping Check
    ) {
        self.kind = kind
        self.usage = usage
        self.magics = magics.map { (offset: $0.0, bytes: $0.1) }
        self.check = check
    }

    /// Known by its magic number alone.
    init(_ kind: String, _ usage: VolumeSignature.Usage, _ magics: [(Int, [UInt8])]) {
        self.init(kind, usage, magics) { _, _ in VolumeSignature(kind, usage) }
    }
}

/// The bytes of a string literal.
func ascii(_ text: StaticString) -> [UInt8] { Array(text.description.utf8) }
