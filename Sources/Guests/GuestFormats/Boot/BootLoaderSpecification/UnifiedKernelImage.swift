package import ByteReading

/// A kernel, its initramfs and its command line in one EFI program
/// (uapi-group.org/specifications/specs/unified_kernel_image).
package struct UnifiedKernelImage: Sendable {
    /// The program.
    package let image: PEImage
    /// `.cmdline`: the kernel command line; nil if there is none. Nothing else is taken unless the program gets
    /// load options, and with Secure Boot not even then (src/boot/stub.c, `determine_cmdline`).
    package let commandLine: String?
    /// `.uname`: the version of the kernel.
    package let kernelVersion: String?
    /// `.osrel`: what `os-release` says.
    package let release: [String: String]
    /// Sections that hold: those of the first profile over those that all profiles share.
    private let sections: [PEImage.Section]

    /// Reads the small sections; nil if the program is no unified kernel image.
    package init?(reading image: PEImage) throws(ImageFault) {
        guard image.section(".linux") != nil else { return nil }
        self.image = image
        // What stands before the first `.profile` is shared; without being told, the first profile is taken.
        let marks = image.sections.indices.filter { image.sections[$0].name == ".profile" }
        let shared = image.sections[..<(marks.first ?? image.sections.endIndex)]
        let own = marks.first.map {
            image.sections[$0..<(marks.dropFirst().first ?? image.sections.endIndex)]
        }
        let sections = Array(own ?? []) + Array(shared)
        self.sections = sections
        func text(_ name: String) throws(ImageFault) -> String? {
            guard let section = sections.first(where: { $0.name == name }) else { return nil }
            return try image.contents(of: section, limit: 1 << 20).textToNUL
        }
        func trimmed(_ text: String?) -> String? {
            guard var rest = text?.utf8[...] else { return nil }
            while let first = rest.first, GrubNumber.isSpace(first) { rest = rest.dropFirst() }
            while let last = rest.last, GrubNumber.isSpace(last) { rest = rest.dropLast() }
            return String(decoding: rest, as: UTF8.self)
        }
        commandLine = trimmed(try text(".cmdline"))
        kernelVersion = trimmed(try text(".uname"))
        var release: [String: String] = [:]
        for line in (try text(".osrel") ?? "").utf8.split(separator: UInt8(ascii: "\n")) {
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

    /// Where a section lies in the file: `.linux`, `.initrd`, `.ucode`. Nil if there is none, or it is empty.
    package func range(of name: String) -> Range<UInt64>? {
        guard let section = sections.first(where: { $0.name == name }) else { return nil }
        let size =
            section.virtualSize == 0
            ? section.fileSize : Swift.min(section.virtualSize, section.fileSize)
        guard size > 0 else { return nil }
        let start = UInt64(section.fileOffset)
        return start..<start + UInt64(size)
    }

    /// What it is called: `PRETTY_NAME` of its release.
    package var title: String? { release["PRETTY_NAME"] ?? release["NAME"] ?? release["ID"] }
}
