/// A version of a file or driver as Windows keeps it: four numbers of sixteen bits.
package struct FileVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The four parts, the most significant first.
    package let major: UInt16
    package let minor: UInt16
    package let build: UInt16
    package let revision: UInt16

    /// Four numbers.
    package init(_ major: UInt16, _ minor: UInt16, _ build: UInt16, _ revision: UInt16) {
        self.major = major
        self.minor = minor
        self.build = build
        self.revision = revision
    }

    /// The number that holds all four, the major part in the highest bits.
    package init(packed: UInt64) {
        self.init(
            UInt16(truncatingIfNeeded: packed >> 48), UInt16(truncatingIfNeeded: packed >> 32),
            UInt16(truncatingIfNeeded: packed >> 16), UInt16(truncatingIfNeeded: packed))
    }

    /// One to four numbers with dots between them, as `DriverVer` has them; parts that are left out are 0.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...4).contains(parts.count) else { return nil }
        var numbers: [UInt16] = []
        for part in parts {
            guard let number = UInt16(AsciiText.trimmed(String(part))) else { return nil }
            numbers.append(number)
        }
        while numbers.count < 4 { numbers.append(0) }
        self.init(numbers[0], numbers[1], numbers[2], numbers[3])
    }

    /// Whether every part is 0, which resources have that were never filled in.
    package var isZero: Bool { packed == 0 }

    private var packed: UInt64 {
        UInt64(major) << 48 | UInt64(minor) << 32 | UInt64(build) << 16 | UInt64(revision)
    }

    package static func < (a: FileVersion, b: FileVersion) -> Bool { a.packed < b.packed }

    /// `6.1.7601.18741`
    package var description: String { "\(major).\(minor).\(build).\(revision)" }
}
