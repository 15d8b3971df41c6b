/// A link in a directory of a run level: `S55sshd`, `K01network`.
package struct RunlevelLink: Hashable, Sendable {
    /// Whether the script is started; otherwise it is stopped.
    package let starts: Bool
    /// Its place among the links: 0 to 99.
    package let order: Int
    /// The name of the script.
    package let script: String

    /// Reads a file name; nil for anything that `rc` leaves alone.
    package init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard bytes.count >= 4, bytes[0] == 0x53 || bytes[0] == 0x4B, AsciiText.isDigit(bytes[1]),
            AsciiText.isDigit(bytes[2])
        else { return nil }
        starts = bytes[0] == 0x53
        order = Int(bytes[1] - 0x30) * 10 + Int(bytes[2] - 0x30)
        script = AsciiText.string(bytes[3...])
    }
}
