package import ByteReading

/// A program in the PE/COFF format, as UEFI starts it (PE Format, Microsoft; UEFI 2.10 §2.1.1).
package struct PEImage: Sendable {
    /// The processor a program is for: `Machine`, COFF header + 0.
    package enum Machine: Hashable, Sendable {
        case x86
        case x64
        case arm
        case arm64
        case riscv64
        case loongArch64
        case other(UInt16)

        init(_ code: UInt16) {
            self =
                switch code {
                case 0x014C: .x86
                case 0x8664: .x64
                case 0x01C0, 0x01C2, 0x01C4: .arm
                case 0xAA64: .arm64
                case 0x5064: .riscv64
                case 0x6264: .loongArch64
                default: .other(code)
                }
        }

        /// What loaders put into their names: `x64` in `BOOTX64.EFI`. nil when UEFI names none.
        package var suffix: String? {
            switch self {
            case .x86: "ia32"
            case .x64: "x64"
            case .arm: "arm"
            case .arm64: "aa64"
            case .riscv64: "riscv64"
            case .loongArch64: "loongarch64"
            case .other: nil
            }
        }
    }

    /// A section of the program.
    package struct Section: Hashable, Sendable {
        /// Its name.
        package let name: String
        /// Its size in memory.
        package let virtualSize: UInt32
        /// Its address relative to the start of the program in memory.
        package let virtualAddress: UInt32
        /// Where it is in the file.
        package let fileOffset: UInt32
        /// How many bytes it has in the file.
        package let fileSize: UInt32
        /// Whether all those bytes are in the file.
        package let isComplete: Bool
    }

    /// A table that the headers point to: an address relative to the start of the program in memory and a size.
    package struct Directory: Hashable, Sendable {
        /// Where it starts in memory. The certificate table alone is given by its place in the file.
        package let address: UInt32
        /// How many bytes it has.
        package let size: UInt32
    }

    let source: ContentSource
    /// The processor.
    package let machine: Machine
    /// `Subsystem`: 1 native (kernel drivers), 2 and 3 programs of Windows, 10 EFI application, 11 boot service
    /// driver, 12 runtime driver, 16 Windows boot application.
    package let subsystem: UInt16
    /// The sections in order.
    package let sections: [Section]
    /// Data directories: places of tables in memory, by their number (PE Format, "Optional Header Data
    /// Directories"). Those that are empty are not in it.
    package let directories: [Int: Directory]
    /// Where the certificates are and how many bytes they take; nil when the program is not signed.
    package let certificates: Range<UInt64>?
    /// The size of the file in bytes.
    package var fileSize: UInt64 { source.size }

    /// Reads the headers. `corrupt` if this is no PE program.
    package init(parsing source: ContentSource) throws(ImageFault) {
        self.source = source
        let dos = try Self.header(source, at: 0, count: 64)
        guard dos.starts(with: "MZ") else {
            throw ImageFault(.corrupt, "no PE program: `MZ` is missing", at: 0)
        }
        let offset = UInt64(try dos.little(UInt32.self, at: 0x3C))
        let coff = try Self.header(source, at: offset, count: 24)
        guard coff.starts(with: [0x50, 0x45, 0, 0]) else {
            throw ImageFault(.corrupt, "no PE program: `PE` is missing", at: offset)
        }
        machine = Machine(try coff.little(at: 4))
        let sectionCount = Int(try coff.little(UInt16.self, at: 6))
        let symbolTable = UInt64(try coff.little(UInt32.self, at: 8))
        let symbolCount = UInt64(try coff.little(UInt32.self, at: 12))
        let optionalSize = Int(try coff.little(UInt16.self, at: 20))
        guard sectionCount <= 96 else {
            throw ImageFault(.corrupt, "\(sectionCount) PE sections", at: offset + 6)
        }
        let optional = try Self.header(source, at: offset + 24, count: optionalSize)
        let magic: UInt16 = try optional.little(at: 0)
        guard magic == 0x10B || magic == 0x20B else {
            throw ImageFault(.corrupt, "PE optional header of kind \(magic)", at: optional.origin)
        }
        let isWide = magic == 0x20B
        subsystem = try optional.little(at: 68)
        let directories = try Self.directories(optional, isWide: isWide)
        self.directories = directories
        certificates = directories[4].map {
            UInt64($0.address)..<UInt64($0.address) + UInt64($0.size)
        }
        let tableOffset = offset + 24 + UInt64(optionalSize)
        let table = try Self.header(source, at: tableOffset, count: sectionCount * 40)
        var sections: [Section] = []
        for index in 0..<sectionCount {
            let entry = try table.slice(at: index * 40, count: 40)
            let fileSize: UInt32 = try entry.little(at: 16)
            let fileOffset: UInt32 = try entry.little(at: 20)
            var name = entry.prefix(8).textToNUL
            // GNU tools put names of more than eight bytes into the string table behind the symbols.
            if symbolTable > 0, name.hasPrefix("/"), let place = UInt64(name.dropFirst()) {
                name = try Self.longName(source, at: symbolTable + symbolCount * 18, place) ?? name
            }
            sections.append(
                Section(
                    name: name, virtualSize: try entry.little(at: 8),
                    virtualAddress: try entry.little(at: 12), fileOffset: fileOffset, fileSize: fileSize,
                    isComplete: UInt64(fileOffset) + UInt64(fileSize) <= source.size))
        }
        self.sections = sections
    }

    /// The directories that have a place and a size. Loaders look at sixteen at most.
    private static func directories(
        _ optional: Bytes, isWide: Bool
    ) throws(ImageFault) -> [Int: Directory] {
        let start = isWide ? 112 : 96
        let count = Int(Swift.min(16, try optional.little(UInt32.self, at: start - 4)))
        var found: [Int: Directory] = [:]
        for index in 0..<count {
            let directory = Directory(
                address: try optional.little(at: start + index * 8),
                size: try optional.little(at: start + index * 8 + 4))
            if directory.address > 0, directory.size > 0 { found[index] = directory }
        }
        return found
    }

    /// A name in the string table; nil if it is not there, as in a file whose symbols were removed.
    private static func longName(
        _ source: ContentSource, at table: UInt64, _ place: UInt64
    ) throws(ImageFault) -> String? {
        guard place >= 4, place < 1 << 20, table < source.size, place < source.size - table else {
            return nil
        }
        let start = table + place
        let name = try source.read(at: start, count: Int(Swift.min(64, source.size - start))).textToNUL
        return name.isEmpty || name.utf8.count == 64 ? nil : name
    }

    private static func header(
        _ source: ContentSource, at offset: UInt64, count: Int
    ) throws(ImageFault) -> Bytes {
        do { return try source.read(at: offset, count: count) } catch {
            // A file too short for its headers is no program, as a section that is cut off is.
            throw error.kind == .truncated
                ? ImageFault(.corrupt, "no PE program: \(error.message)", at: offset) : error
        }
    }

    /// Whether the file ends before its sections or certificates do; firmware then refuses it.
    package var isTruncated: Bool {
        sections.contains { !$0.isComplete } || certificates.map { $0.upperBound > source.size } ?? false
    }

    /// Whether there are certificates. Whether they are valid is not looked at.
    package var isSigned: Bool { certificates != nil }

    /// The bytes the file has at least, by its sections.
    package var minimumSize: UInt64 {
        sections.map { UInt64($0.fileOffset) + UInt64($0.fileSize) }.max() ?? 0
    }

    /// The first section called `name`.
    package func section(_ name: String) -> Section? { sections.first { $0.name == name } }

    /// The bytes of a section: those that are both in memory and in the file.
    package func contents(of section: Section, limit: Int = 64 << 20) throws(ImageFault) -> Bytes {
        let count =
            section.virtualSize == 0 ? section.fileSize : Swift.min(section.virtualSize, section.fileSize)
        guard UInt64(count) <= UInt64(limit) else {
            throw ImageFault(
                .limit, "section \(section.name) has \(count) bytes", at: UInt64(section.fileOffset))
        }
        return try source.read(at: UInt64(section.fileOffset), count: Int(count))
    }

    /// The text of a section up to the first NUL, nil if there is no such section.
    package func text(of name: String, limit: Int = 1 << 20) throws(ImageFault) -> String? {
        guard let section = section(name) else { return nil }
        return try contents(of: section, limit: limit).textToNUL
    }

    /// The whole file.
    func allBytes(limit: Int) throws(ImageFault) -> Bytes { try source.readAll(limit: limit) }

    /// What GRUB packed into section `mods`; nil if there is none.
    func grubModules() throws(ImageFault) -> GrubModules? {
        guard let section = section("mods") else { return nil }
        let wordSize =
            switch machine {
            case .x86, .arm: 4
            default: 8
            }
        return try GrubModules(parsing: source, at: UInt64(section.fileOffset), wordSize: wordSize)
    }
}
