package import ByteReading

/// A kernel, its initramfs and its command line in one EFI program
/// (uapi-group.org/specifications/specs/unified_kernel_image).
package struct UnifiedKernelImage: Sendable {
    /// The program.
    package let image: PEImage
    /// `.cmdline`: the kernel command line. It holds when Secure Boot is on; systemd-stub then takes no other.
    package let commandLine: String?
    /// `.uname`: the version of the kernel.
    package let kernelVersion: String?
    /// `.osrel`: what `os-release` says.
    package let release: [String: String]

    private static let largestPart = 256 << 20

    /// Reads the small sections; nil if the program is no unified kernel image.
    package init?(reading image: PEImage) throws(ImageFault) {
        guard image.section(".linux") != nil else { return nil }
        self.image = image
        func trimmed(_ text: String?) -> String? {
            guard var rest = text?.utf8[...] else { return nil }
            while let last = rest.last, GrubNumber.isSpace(last) { rest = rest.dropLast() }
            return String(decoding: rest, as: UTF8.self)
        }
        commandLine = trimmed(try image.text(of: ".cmdline"))
        kernelVersion = trimmed(try image.text(of: ".uname"))
        var release: [String: String] = [:]
        for line in (try image.text(of: ".osrel") ?? "").utf8.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard fields.count == 2 else { continue }
            var value = fields[1]
            if value.count >= 2, value.first == value.last,
                value.first == UInt8(ascii: "\"") || value.first == UInt8(ascii: "'")
            {
                value = value.dropFirst().dropLast()
            }
            release[String(decoding: fields[0], as: UTF8.self)] = String(decoding: value, as: UTF8.self)
        }
        self.release = release
    }

    /// `.linux`: the kernel.
    package func kernel() throws(ImageFault) -> Bytes? { try part(".linux") }
    /// `.initrd`: the initramfs; nil if there is none.
    package func initramfs() throws(ImageFault) -> Bytes? { try part(".initrd") }

    private func part(_ name: String) throws(ImageFault) -> Bytes? {
        guard let section = image.section(name) else { return nil }
        return try image.contents(of: section, limit: Self.largestPart)
    }
}
