package import ByteReading

/// The proxy of system services
/// (`SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections\WinHttpSettings`). The layout is not
/// published; these are the fields that `netsh winhttp set proxy` is seen to write: size of the structure,
/// counter, flags, and the proxy and the exceptions, each with its length before it.
package struct WinHTTPSettings: Sendable {
    /// Bit of the flags: the proxy is used.
    private static let usesProxy: UInt32 = 2

    /// `proxy.example.com:3128`; nil when connections are direct.
    package let proxy: String?

    package init(parsing bytes: Bytes) throws(ImageFault) {
        let flags = try bytes.little(UInt32.self, at: 8)
        let size = try bytes.little(UInt32.self, at: 12).bounded(to: 4096, "the length of the proxy")
        let text = try bytes.slice(at: 16, count: size).text
        proxy = flags & WinHTTPSettings.usesProxy != 0 && !text.isEmpty ? text : nil
    }
}
