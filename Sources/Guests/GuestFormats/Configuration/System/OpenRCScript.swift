package import ByteReading

/// What a service script of OpenRC says in its `depend` function (openrc-run(8)), as far as it is plain text.
package struct OpenRCScript: Sendable {
    /// Services that have to run: when one does not exist, this one does not start.
    package let needs: [String]
    /// Services that are started first if they can be.
    package let wants: [String]
    /// Other names of the service.
    package let provides: [String]
    /// Whether a word is made from a variable, so that the lists are not whole.
    package let hasVariables: Bool

    /// Reads the script; it is never run.
    package init(_ bytes: Bytes, name: String) throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var isDepend = false
        var needs: [String] = []
        var wants: [String] = []
        var provides: [String] = []
        var hasVariables = false
        for line in text.lines {
            let content = AsciiText.trimmed(line.text)
            if content.hasPrefix("depend()") || content.hasPrefix("depend ()") {
                isDepend = true
                continue
            }
            guard isDepend else { continue }
            if content.hasPrefix("}") { break }
            let words = AsciiText.words(String(content.prefix { $0 != "#" }))
            guard let verb = words.first else { continue }
            let plain = words.dropFirst().filter { !$0.contains("$") && !$0.hasPrefix("-") }
            if ["need", "want", "provide"].contains(verb), plain.count < words.count - 1 {
                hasVariables = true
            }
            switch verb {
            case "need": needs += plain
            case "want": wants += plain
            case "provide": provides += plain
            default: break
            }
        }
        self.needs = needs
        self.wants = wants
        self.provides = provides
        self.hasVariables = hasVariables
    }
}
