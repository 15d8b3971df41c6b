/// An absolute path inside a guest. It has nothing to do with a path of the host and cannot be opened there.
package struct GuestPath: Hashable, Sendable, Comparable, ExpressibleByStringLiteral, CustomStringConvertible
{
    /// The names from the root down; empty for `/`. Neither "." nor ".." is resolved here.
    package var names: [FileName]

    package init(names: [FileName] = []) { self.names = names }

    /// Splits at slashes; repeated slashes and `.` count for nothing.
    package init(_ bytes: [UInt8]) {
        names = bytes.split(separator: UInt8(ascii: "/")).map { FileName(Array($0)) }.filter { $0 != "." }
    }

    package init(_ text: some StringProtocol) { self.init(Array(text.utf8)) }
    package init(stringLiteral text: String) { self.init(Array(text.utf8)) }

    package static let root = GuestPath()

    package func appending(_ name: FileName) -> GuestPath { GuestPath(names: names + [name]) }
    package func appending(_ text: String) -> GuestPath { GuestPath(names: names + GuestPath(text).names) }

    /// The last name, nil for the root.
    package var lastName: FileName? { names.last }
    /// The directory that holds this path; the root's parent is the root.
    package var parent: GuestPath { GuestPath(names: Array(names.dropLast())) }

    package func hasPrefix(_ other: GuestPath) -> Bool { names.starts(with: other.names) }

    package static func < (a: GuestPath, b: GuestPath) -> Bool {
        a.names.lexicographicallyPrecedes(b.names)
    }

    package var description: String {
        names.isEmpty ? "/" : names.map { "/\($0)" }.joined()
    }
}
