package import ByteReading

/// The headers of a PE file, the format of EFI programs: kernels with an EFI stub, unified kernel images, boot
/// loaders (Microsoft PE/COFF specification).
package struct PortableExecutable: Sendable, Hashable {
    /// One section.
    package struct Section: Sendable, Hashable {
        /// Up to eight characters, such as `.linux`.
        package var name: String
        /// Where its bytes begin in the file.
        package var offset: UInt64
        /// How many bytes the file has of it.
        package var size: UInt64
        /// Its size in memory, which for data without padding is the true size (`VirtualSize`).
        package var virtualSize: UInt64

        /// The bytes that are content: the smaller of the two sizes.
        package var contentSize: UInt64 { virtualSize == 0 ? size : min(size, virtualSize) }
    }

    /// The `Machine` field: 0x8664 x86-64, 0x14C i386, 0xAA64 arm64, 0x5064 RISC-V 64.
    package let machine: UInt16
    /// The sections in order.
    package private(set) var sections: [Section] = []

    /// Whether the bytes begin like a DOS or PE file.
    package static func hasMagic(_ head: Bytes) -> Bool { head.starts(with: "MZ") }

    /// Reads the headers, which lie in the first kilobytes.
    package init(parsing head: Bytes) throws(ImageFault) {
        guard Self.hasMagic(head) else { throw ImageFault(.corrupt, "no MZ header", at: head.origin) }
        let start = try head.little(UInt32.self, at: 0x3C).bounded(to: 1 << 20, "offset of the PE header")
        guard head.starts(with: [0x50, 0x45, 0, 0], at: start) else {
            throw ImageFault(.corrupt, "no PE header at \(start)", at: UInt64(start))
        }
        machine = try head.little(at: start + 4)
        let count = Int(try head.little(UInt16.self, at: start + 6))
        let optionalSize = Int(try head.little(UInt16.self, at: start + 20))
        guard count <= 96 else { throw ImageFault(.corrupt, "\(count) PE sections") }
        for index in 0..<count {
            let entry = try head.slice(at: start + 24 + optionalSize + 40 * index, count: 40)
            sections.append(
                Section(
                    name: entry.prefix(8).textToNUL,
                    offset: UInt64(try entry.little(UInt32.self, at: 20)),
                    size: UInt64(try entry.little(UInt32.self, at: 16)),
                    virtualSize: UInt64(try entry.little(UInt32.self, at: 8))))
        }
    }

    /// The first section of this name.
    package func section(_ name: String) -> Section? { sections.first { $0.name == name } }

    /// The bytes the file has at least.
    package var minimumSize: UInt64 { sections.map { $0.offset + $0.size }.max() ?? 0 }
}
