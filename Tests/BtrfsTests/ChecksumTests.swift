import ByteReading
import TestSupport
import Testing

@testable import Btrfs

/// Each algorithm against a program no one here wrote.
struct ChecksumTests {
    private static let lengths = [
        0, 1, 3, 4, 7, 8, 31, 32, 33, 55, 56, 63, 64, 65, 119, 127, 128, 129, 256, 4064,
    ]

    @Test(.enabled(if: HostTool.has("sha256sum", "b2sum")))
    func `digests are those of coreutils`() async throws {
        let folder = try await ScratchFolder()
        for length in ChecksumTests.lengths {
            let file = folder.file("file")
            let content = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ length) }
            let octal = content.map { byte in
                let digits = String(byte, radix: 8)
                return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
            }
            try await HostTool.shell("printf '\(octal.joined())' > \(file)")
            let sha = try await HostTool.shell("sha256sum < \(file)").prefix(64)
            let blake = try await HostTool.shell("b2sum -l 256 < \(file)").prefix(64)
            #expect(Hexadecimal.lower(SHA256.digest(Bytes(content))) == sha, "\(length)")
            #expect(Hexadecimal.lower(BLAKE2b.digest(Bytes(content))) == blake, "\(length)")
        }
    }

    /// The values of the algorithm's own description (xxhash_spec.md gives none; these are `xxhsum -H1`'s).
    @Test func `XXH64 has its known values`() {
        #expect(XXHash64.hash(Bytes([])) == 0xEF46_DB37_51D8_E999)
        #expect(XXHash64.hash(Bytes(Array("a".utf8))) == 0xD24E_C4F1_A98C_6E5B)
        #expect(XXHash64.hash(Bytes(Array("abc".utf8))) == 0x44BC_2CF5_AD77_0999)
    }

    @Test func `names hash as in the kernel`() {
        // The key of "default" in the tree of roots: 2378154706 in every dump.
        #expect(BtrfsChecksum.nameHash(Array("default".utf8)) == 2_378_154_706)
    }
}
