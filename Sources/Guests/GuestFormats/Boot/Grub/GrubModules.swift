package import ByteReading

/// What `grub-mkimage` packs into an image besides the kernel (include/grub/kernel.h).
package struct GrubModules: Sendable {
    /// Type of a packed object: `OBJ_TYPE_…`.
    private enum ObjectType: UInt32 {
        case elf = 0
        case memoryDisk = 1
        case configuration = 2
        case prefix = 3
    }

    private static let magic: UInt32 = 0x676D_696D
    private static let largestText = 1 << 20
    private static let largestDisk = 64 << 20

    /// Where GRUB finds its files: `(,msdos1)/boot/grub`, `/EFI/debian`. nil when none is packed.
    package let prefix: String?
    /// Commands executed before `normal` (`grub-mkimage -c`).
    package let configuration: String?
    /// Names of the modules packed in, `normal` among them or not.
    package let moduleNames: [String]
    /// The packed file tree, the device `memdisk`.
    package let memoryDisk: Bytes?

    /// Reads the module area at `offset`; addresses are of `wordSize` (4 or 8) bytes.
    package init(parsing source: ContentSource, at offset: UInt64, wordSize: Int) throws(ImageFault) {
        let header = try source.read(at: offset, count: wordSize == 8 ? 24 : 12)
        guard try header.little(UInt32.self, at: 0) == Self.magic else {
            throw ImageFault(.corrupt, "no GRUB modules", at: offset)
        }
        let first: UInt64
        let size: UInt64
        if wordSize == 8 {
            first = try header.little(at: 8)
            size = try header.little(at: 16)
        } else {
            first = UInt64(try header.little(UInt32.self, at: 4))
            size = UInt64(try header.little(UInt32.self, at: 8))
        }
        guard size <= source.size - offset, first >= UInt64(header.count), first <= size else {
            throw ImageFault(.truncated, "GRUB modules of \(size) bytes reach past the end", at: offset)
        }
        var prefix: String?
        var configuration: String?
        var names: [String] = []
        var disk: Bytes?
        var position = first
        var budget = Budget(4096, of: "GRUB modules")
        while position < size {
            try budget.spend()
            let object = try source.read(at: try offset.adding(position), count: 8)
            let length = UInt64(try object.little(UInt32.self, at: 4))
            guard length >= 8, length <= size - position else {
                throw ImageFault(
                    .corrupt, "a packed object of \(length) bytes in \(size)", at: offset + position)
            }
            let body = try offset.adding(position + 8)
            let count = try (length - 8).converted(to: Int.self)
            switch ObjectType(rawValue: try object.little(at: 0)) {
            case .elf: names.append(try Self.moduleName(source, at: body, count: count))
            case .memoryDisk where disk == nil && count <= Self.largestDisk:
                disk = try source.read(at: body, count: count)
            case .configuration where configuration == nil && count <= Self.largestText:
                configuration = try source.read(at: body, count: count).textToNUL
            case .prefix where count <= Self.largestText:
                prefix = try source.read(at: body, count: count).textToNUL
            default: break
            }
            position = try position.adding(length).adding(UInt64(wordSize - 1))
            position -= position % UInt64(wordSize)
        }
        self.prefix = prefix
        self.configuration = configuration
        moduleNames = names
        memoryDisk = disk
    }

    /// The text of section `.modname` of a module, an ELF object.
    private static func moduleName(
        _ source: ContentSource, at start: UInt64, count: Int
    ) throws(ImageFault) -> String {
        guard count >= 64, count <= largestDisk else {
            throw ImageFault(.corrupt, "no GRUB module", at: start)
        }
        let elf = try source.read(at: start, count: count)
        guard elf.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
            throw ImageFault(.corrupt, "a packed GRUB module is no ELF object", at: start)
        }
        let isWide = try elf.byte(at: 4) == 2
        let table: Int =
            isWide
            ? try elf.little(UInt64.self, at: 0x28).bounded(to: count, "e_shoff")
            : try elf.little(UInt32.self, at: 0x20).bounded(to: count, "e_shoff")
        let entrySize = Int(try elf.little(UInt16.self, at: isWide ? 0x3A : 0x2E))
        let sections = Int(try elf.little(UInt16.self, at: isWide ? 0x3C : 0x30))
        let namesIndex = Int(try elf.little(UInt16.self, at: isWide ? 0x3E : 0x32))
        func extent(_ index: Int) throws(ImageFault) -> (name: Int, bytes: Bytes) {
            let entry = try elf.slice(at: table + index * entrySize, count: isWide ? 64 : 40)
            let name = Int(try entry.little(UInt32.self, at: 0))
            // SHT_NOBITS: no place in the file, whatever its size.
            if try entry.little(UInt32.self, at: 4) == 8 { return (name, elf.prefix(0)) }
            let offset: Int
            let size: Int
            if isWide {
                offset = try entry.little(UInt64.self, at: 0x18).bounded(to: count, "sh_offset")
                size = try entry.little(UInt64.self, at: 0x20).bounded(to: count, "sh_size")
            } else {
                offset = try entry.little(UInt32.self, at: 0x10).bounded(to: count, "sh_offset")
                size = try entry.little(UInt32.self, at: 0x14).bounded(to: count, "sh_size")
            }
            return (name, try elf.slice(at: offset, count: size))
        }
        let names = try extent(namesIndex).bytes
        for index in 0..<sections {
            let section = try extent(index)
            guard names.starts(with: ".modname\0", at: section.name) else { continue }
            return section.bytes.textToNUL
        }
        throw ImageFault(.corrupt, "a packed GRUB module has no name", at: start)
    }
}
