package import ByteReading

/// `Windows\Setup\State\State.ini`: setup's own copy of the state of the image (Microsoft, "Windows Setup States").
package struct SetupStateFile: Sendable {
    /// `ImageState` of the section `State`: `IMAGE_STATE_COMPLETE`; nil when the file has none.
    package let imageState: String?

    package init(parsing bytes: Bytes) {
        var state: String?
        var section = ""
        for line in TextLines(Bytes(WindowsText.utf8(bytes))) {
            let text = String(decoding: line.array, as: UTF8.self)
            if text.hasPrefix("[") {
                section = text.dropFirst().prefix { $0 != "]" }.lowercased()
                continue
            }
            guard section == "state", let equals = text.firstIndex(of: "=") else { continue }
            let name = text[..<equals].filter { !$0.isWhitespace }.lowercased()
            let value = text[text.index(after: equals)...].filter { !$0.isWhitespace }
            if name == "imagestate", !value.isEmpty { state = value }
        }
        imageState = state
    }
}
