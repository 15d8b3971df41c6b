import BlockIO
import ByteReading
import SystemPackage

/// Recognises what is not read, by content alone. File names are hints for people, never evidence.
struct ContainerSignatures {
    /// A format, how it is known, and what to do about it.
    struct Signature: Sendable {
        let name: String
        let title: String
        let action: Action
        let magics: [(offset: UInt64, bytes: [UInt8])]
    }

    /// How to make something readable of it.
    enum Action: Sendable {
        /// `qemu-img convert -f FORMAT -O qcow2`
        case convert(from: String)
        /// A program that unpacks the file; `{}` stands for its name.
        case unpack(String, String)
        /// No command helps.
        case explain(String)
    }

    static let all: [Signature] = [
        Signature(
            name: "sesparse", title: "part of a VMware seSparse disk",
            action: .explain("clone the disk on its host: vmkfstools -i DISK.vmdk -d thin NEW.vmdk"),
            magics: [(0, VmdkExtentFile.seSparseMagic)]),
        Signature(
            name: "parallels", title: "Parallels disk", action: .convert(from: "parallels"),
            magics: [(0, ascii("WithoutFreeSpace")), (0, ascii("WithouFreSpacExt"))]),
        Signature(
            name: "bochs", title: "Bochs growing disk", action: .convert(from: "bochs"),
            magics: [(0, ascii("Bochs Virtual HD Image"))]),
        Signature(
            name: "cloop", title: "compressed loop image", action: .convert(from: "cloop"),
            magics: [(0, ascii("#!/bin/sh\n#V2.0 Format\nmodprobe cloop"))]),
        Signature(
            name: "ewf", title: "Expert Witness disk image",
            action: .explain("export it as raw with ewfexport"),
            magics: [(0, [0x45, 0x56, 0x46, 0x09, 0x0D, 0x0A, 0xFF, 0x00])]),
        Signature(
            name: "wim", title: "Windows imaging file",
            action: .explain("it holds files, not a disk"), magics: [(0, ascii("MSWIM\0\0\0"))]),
        Signature(
            name: "gzip", title: "gzip-compressed file", action: .unpack("gzip -dk {}", "unpack it first"),
            magics: [(0, [0x1F, 0x8B, 0x08])]),
        Signature(
            name: "xz", title: "xz-compressed file", action: .unpack("xz -dk {}", "unpack it first"),
            magics: [(0, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00])]),
        Signature(
            name: "zstd", title: "zstd-compressed file", action: .unpack("zstd -d {}", "unpack it first"),
            magics: [(0, [0x28, 0xB5, 0x2F, 0xFD])]),
        Signature(
            name: "bzip2", title: "bzip2-compressed file", action: .unpack("bzip2 -dk {}", "unpack it first"),
            magics: [(0, ascii("BZh91AY&SY")), (4, [0x31, 0x41, 0x59, 0x26, 0x53, 0x59])]),
        Signature(
            name: "lz4", title: "lz4-compressed file", action: .unpack("lz4 -d {}", "unpack it first"),
            magics: [(0, [0x04, 0x22, 0x4D, 0x18])]),
        Signature(
            name: "zip", title: "zip archive", action: .unpack("unzip {}", "unpack it first"),
            magics: [(0, [0x50, 0x4B, 0x03, 0x04])]),
        Signature(
            name: "7z", title: "7-Zip archive", action: .unpack("7z x {}", "unpack it first"),
            magics: [(0, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C])]),
        Signature(
            name: "rar", title: "RAR archive", action: .unpack("unrar x {}", "unpack it first"),
            magics: [(0, [0x52, 0x61, 0x72, 0x21, 0x1A, 0x07])]),
        Signature(
            name: "tar", title: "tar archive",
            action: .unpack("tar -xf {}", "unpack it and check the disk inside"),
            magics: [(257, ascii("ustar"))]),
        Signature(
            name: "iso9660", title: "CD-ROM image (ISO 9660)",
            action: .explain("it is a medium to install from, not an installed disk"),
            magics: [(0x8001, ascii("CD001"))]),
    ]

    private static func ascii(_ text: StaticString) -> [UInt8] { Array(text.description.utf8) }

    /// What `file` looks like, nil when it is nothing known (which is what a raw disk is).
    static func recognise(_ file: any BlockSource, path: FilePath?) throws(ImageFault) -> RecognisedContainer?
    {
        let start = try file.readUpTo(at: 0, count: 512)
        let volumeDescriptor = try file.readUpTo(at: 0x8000, count: 8)
        for signature in all {
            for magic in signature.magics {
                let window = magic.offset >= 0x8000 ? volumeDescriptor : start
                let from = Int(magic.offset - window.origin)
                guard (try? window.slice(at: from, count: magic.bytes.count))?.array == magic.bytes else {
                    continue
                }
                if signature.name == "tar", let listed = try TarListing(of: file)?.container(path: path) {
                    return listed
                }
                return result(signature, at: magic.offset, path: path)
            }
        }
        return nil
    }

    private static func result(_ signature: Signature, at offset: UInt64, path: FilePath?)
        -> RecognisedContainer
    {
        let name = path.map { quoted($0.description) } ?? "IMAGE"
        let command: String?
        let advice: String
        switch signature.action {
        case .convert(let format):
            let target = path.map { path in
                var converted = path
                converted.extension = "qcow2"
                return quoted(converted.description)
            }
            command = "qemu-img convert -f \(format) -O qcow2 \(name) \(target ?? "IMAGE.qcow2")"
            advice = "convert it to qcow2 and check the result"
        case .unpack(let template, let reason):
            let parts = template.split(separator: "{}", omittingEmptySubsequences: false)
            command = parts.joined(separator: name)
            advice = reason
        case .explain(let reason):
            command = nil
            advice = reason
        }
        return RecognisedContainer(
            name: signature.name, title: signature.title, command: command, advice: advice, offset: offset)
    }

    /// The name as one word of a POSIX shell.
    static func quoted(_ name: String) -> String {
        let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+=:,@%-"
        if !name.isEmpty, !name.hasPrefix("-"), name.allSatisfy({ plain.contains($0) }) { return name }
        let body = name.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
        return (name.hasPrefix("-") ? "./" : "") + "'" + body + "'"
    }
}
