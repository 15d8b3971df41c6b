package import ByteReading

/// What the comments at the top of a script in `/etc/init.d` say: chkconfig(8) of Red Hat and the `INIT INFO`
/// block of the Linux Standard Base (insserv(8)).
package struct InitScript: Sendable {
    /// Run levels in which the script is to be started, of either header; nil without one, empty for `-`.
    package let levels: Located?
    /// `Provides` of the block.
    package let provides: [String]

    /// Run levels and the line that gives them.
    package struct Located: Sendable {
        package let levels: String
        package let source: SourceLine
    }

    /// Reads the comments; the script itself is never run.
    package init(_ bytes: Bytes, name: String) throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var chkconfig: Located?
        var standard: Located?
        var provides: [String] = []
        var isBlock = false
        for line in text.lines.prefix(200) {
            guard line.bytes.first == 0x23 else { continue }
            let comment = AsciiText.trimmed(AsciiText.string(line.bytes.dropFirst()))
            if comment.hasPrefix("## BEGIN INIT INFO") {
                isBlock = true
            } else if comment.hasPrefix("## END INIT INFO") {
                isBlock = false
            } else if let (field, value) = AsciiText.split(comment, at: ":") {
                let words = AsciiText.words(value)
                switch AsciiText.lowercased(field) {
                case "chkconfig" where !isBlock:
                    guard let first = words.first else { continue }
                    chkconfig =
                        chkconfig
                        ?? Located(levels: first.filter(\.isNumber), source: text.source(line))
                case "default-start" where isBlock:
                    standard = Located(levels: words.joined(), source: text.source(line))
                case "provides" where isBlock: provides = words
                default: break
                }
            }
        }
        levels = standard ?? chkconfig
        self.provides = provides
    }
}
