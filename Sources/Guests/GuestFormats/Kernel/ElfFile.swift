package import ByteReading

/// The head of an ELF file: for which machine it is, which loader and libraries it needs
/// (System V ABI, chapters 4 and 5).
package struct ElfFile: Sendable, Hashable {
    /// Machines that clouds have (`e_machine`, 0x12).
    package enum Machine: Sendable, Hashable {
        /// 62.
        case x86_64
        /// 3.
        case i386
        /// 183.
        case arm64
        /// 40.
        case arm
        /// 243.
        case riscv
        /// 21.
        case powerPC64
        /// 22.
        case s390
        /// 258.
        case loongArch
        /// Another `e_machine`.
        case other(UInt16)

        /// The machine of this `e_machine`.
        package init(_ number: UInt16) {
            switch number {
            case 62: self = .x86_64
            case 3: self = .i386
            case 183: self = .arm64
            case 40: self = .arm
            case 243: self = .riscv
            case 21: self = .powerPC64
            case 22: self = .s390
            case 258: self = .loongArch
            default: self = .other(number)
            }
        }
    }

    /// What the file is (`e_type`, 0x10).
    package enum Kind: Sendable, Hashable {
        /// 1: an object file; a kernel module is one.
        case relocatable
        /// 2: a program at fixed addresses.
        case executable
        /// 3: a shared library, or a program that may lie anywhere.
        case shared
        /// Another `e_type`.
        case other(UInt16)
    }

    /// The machine.
    package let machine: Machine
    /// What the file is.
    package let kind: Kind
    /// Whether addresses have 64 bits (`EI_CLASS`).
    package let is64Bit: Bool
    /// Whether numbers are little-endian (`EI_DATA`).
    package let isLittleEndian: Bool
    /// The program's loader (`PT_INTERP`); nil for a static one and for libraries.
    package private(set) var interpreter: String?
    /// The libraries it is linked against (`DT_NEEDED`), in order; nil when that part could not be read.
    package private(set) var needed: [String]?
    /// Where libraries are looked for first (`DT_RUNPATH` or `DT_RPATH`).
    package private(set) var runPath: String?
    /// The levels of x86 processors that the file was built for (`GNU_PROPERTY_X86_ISA_1_NEEDED`; x86-64 ABI, "Program
    /// Property"): bit 0 for any, bit 1 for x86-64-v2, and so on. Nil when it does not say.
    package private(set) var neededLevels: UInt32?
    /// The bytes that the headers say the file has at least: the end of its segments and of its section table.
    package private(set) var minimumSize: UInt64 = 0

    /// Whether the bytes begin like an ELF file.
    package static func isElf(_ head: Bytes) -> Bool { head.starts(with: [0x7F, 0x45, 0x4C, 0x46]) }

    /// Reads what the first bytes tell. With fewer than the whole file `needed` may be nil.
    package init(parsing head: Bytes) throws(ImageFault) {
        try self.init { (offset, count) throws(ImageFault) in
            guard offset <= UInt64(head.count) else { return Bytes([]) }
            return head.dropFirst(Int(offset)).prefix(count)
        }
    }

    /// Reads the file through `read(offset, count)`, which returns fewer bytes where the file ends.
    package init(read: (UInt64, Int) throws(ImageFault) -> Bytes) throws(ImageFault) {
        let head = try read(0, 64)
        guard Self.isElf(head) else { throw ImageFault(.corrupt, "not an ELF file", at: head.origin) }
        let classByte = try head.byte(at: 4)
        let dataByte = try head.byte(at: 5)
        guard classByte == 1 || classByte == 2, dataByte == 1 || dataByte == 2 else {
            throw ImageFault(.corrupt, "ELF class \(classByte), data \(dataByte)", at: head.origin)
        }
        is64Bit = classByte == 2
        isLittleEndian = dataByte == 1
        let fields = ElfFields(bytes: head, is64Bit: classByte == 2, isLittleEndian: dataByte == 1)
        let type = try fields.half(0x10)
        kind =
            switch type {
            case 1: .relocatable
            case 2: .executable
            case 3: .shared
            default: .other(type)
            }
        machine = Machine(try fields.half(0x12))
        try readSegments(fields, read)
    }

    private struct Segment {
        var type: UInt32
        var offset: UInt64
        var address: UInt64
        var size: UInt64
    }

    private mutating func readSegments(
        _ head: ElfFields, _ read: (UInt64, Int) throws(ImageFault) -> Bytes
    ) throws(ImageFault) {
        let tableOffset = try head.word(is64Bit ? 0x20 : 0x1C)
        let entrySize = Int(try head.half(is64Bit ? 0x36 : 0x2A))
        let count = Int(try head.half(is64Bit ? 0x38 : 0x2C))
        let sectionTable = try head.word(is64Bit ? 0x28 : 0x20)
        let sectionSize = UInt64(try head.half(is64Bit ? 0x3A : 0x2E))
        let sectionCount = UInt64(try head.half(is64Bit ? 0x3C : 0x30))
        let (sectionEnd, overflow) = sectionTable.addingReportingOverflow(sectionSize * sectionCount)
        if !overflow { minimumSize = sectionEnd }
        guard count > 0 else {
            needed = []
            return
        }
        guard entrySize >= (is64Bit ? 56 : 32), count <= 256 else {
            throw ImageFault(.corrupt, "ELF program headers: \(count) of \(entrySize) bytes")
        }
        let table = try read(tableOffset, entrySize * count)
        var segments: [Segment] = []
        for index in 0..<count {
            guard (index + 1) * entrySize <= table.count else { return }
            let entry = ElfFields(
                bytes: table.dropFirst(index * entrySize), is64Bit: is64Bit, isLittleEndian: isLittleEndian)
            segments.append(
                Segment(
                    type: try entry.full(0), offset: try entry.word(is64Bit ? 8 : 4),
                    address: try entry.word(is64Bit ? 16 : 8), size: try entry.word(is64Bit ? 32 : 16)))
        }
        for segment in segments {
            let (end, overflow) = segment.offset.addingReportingOverflow(segment.size)
            if !overflow { minimumSize = max(minimumSize, end) }
        }
        if let segment = segments.first(where: { $0.type == 3 }) {
            let count = try segment.size.bounded(to: 4096, "length of the ELF interpreter's name")
            let name = try read(segment.offset, count)
            if name.count == count { interpreter = name.textToNUL }
        }
        if let notes = segments.first(where: { $0.type == 0x6474_E553 }) {
            let count = try notes.size.bounded(to: 4096, "size of the ELF program properties")
            neededLevels = try levels(in: try read(notes.offset, count))
        }
        guard let dynamic = segments.first(where: { $0.type == 2 }) else {
            needed = []
            return
        }
        try readDynamic(dynamic, segments, read)
    }

    /// `PT_GNU_PROPERTY`: a note of type `NT_GNU_PROPERTY_TYPE_0` (5) whose description is a list of properties, each
    /// with its type, its length and its value, padded to the width of an address.
    private func levels(in notes: Bytes) throws(ImageFault) -> UInt32? {
        func fields(_ offset: Int) -> ElfFields {
            ElfFields(bytes: notes.dropFirst(offset), is64Bit: is64Bit, isLittleEndian: isLittleEndian)
        }
        guard notes.count >= 16, try fields(0).full(0) == 4, try fields(0).full(8) == 5 else { return nil }
        let end = min(notes.count, 16 + Int(min(try fields(0).full(4), 4096)))
        let alignment = is64Bit ? 8 : 4
        var offset = 16
        while offset + 12 <= end {
            let type = try fields(offset).full(0)
            let size = Int(min(try fields(offset).full(4), 4096))
            if type == 0xC000_8002, size == 4 { return try fields(offset).full(8) }
            offset += 8 + (size + alignment - 1) / alignment * alignment
        }
        return nil
    }

    private mutating func readDynamic(
        _ dynamic: Segment, _ segments: [Segment], _ read: (UInt64, Int) throws(ImageFault) -> Bytes
    ) throws(ImageFault) {
        let size = try dynamic.size.bounded(to: 1 << 16, "size of the ELF dynamic section")
        let bytes = try read(dynamic.offset, size)
        guard bytes.count == size else { return }
        let entrySize = is64Bit ? 16 : 8
        var names: [UInt64] = []
        var pathName: UInt64?
        var stringsAddress: UInt64?
        var stringsSize: UInt64 = 0
        for index in 0..<size / entrySize {
            let entry = ElfFields(
                bytes: bytes.dropFirst(index * entrySize), is64Bit: is64Bit, isLittleEndian: isLittleEndian)
            let tag = try entry.word(0)
            let value = try entry.word(entrySize / 2)
            if tag == 0 { break }
            switch tag {
            case 1: names.append(value)
            case 5: stringsAddress = value
            case 10: stringsSize = value
            case 15 where pathName == nil: pathName = value
            case 29: pathName = value
            default: break
            }
        }
        guard let stringsAddress,
            let load = segments.first(where: {
                $0.type == 1 && $0.address <= stringsAddress && stringsAddress - $0.address < $0.size
            })
        else {
            if names.isEmpty { needed = [] }
            return
        }
        let offset = try load.offset.adding(stringsAddress - load.address)
        let strings = try read(offset, try stringsSize.bounded(to: 4 << 20, "size of the ELF string table"))
        guard UInt64(strings.count) == stringsSize, names.count <= 4096 else { return }
        func text(_ start: UInt64) -> String {
            strings.dropFirst(Int(min(start, UInt64(strings.count)))).prefix(4096).textToNUL
        }
        needed = names.map(text)
        runPath = pathName.map(text)
    }
}

/// Fields of an ELF structure in its own width and byte order.
private struct ElfFields {
    var bytes: Bytes
    var is64Bit: Bool
    var isLittleEndian: Bool

    func half(_ offset: Int) throws(ImageFault) -> UInt16 {
        isLittleEndian ? try bytes.little(at: offset) : try bytes.big(at: offset)
    }

    func full(_ offset: Int) throws(ImageFault) -> UInt32 {
        isLittleEndian ? try bytes.little(at: offset) : try bytes.big(at: offset)
    }

    /// A number of the width of an address.
    func word(_ offset: Int) throws(ImageFault) -> UInt64 {
        guard is64Bit else { return UInt64(try full(offset)) }
        return isLittleEndian ? try bytes.little(at: offset) : try bytes.big(at: offset)
    }
}
