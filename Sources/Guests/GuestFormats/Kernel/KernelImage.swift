package import ByteReading
package import Compression

/// What a file that a boot entry names as kernel really is.
package struct KernelImage: Sendable, Hashable {
    /// Kinds of kernel files.
    package enum Format: Sendable, Hashable {
        /// x86 with a boot header (Documentation/arch/x86/boot.rst).
        case bzImage
        /// arm64 `Image` (Documentation/arch/arm64/booting.rst).
        case arm64Image
        /// RISC-V `Image`.
        case riscvImage
        /// An EFI program that holds a compressed `Image` (`drivers/firmware/efi/libstub/zboot-header.S`).
        case zboot
        /// A unified kernel image: kernel, initramfs and command line in one EFI program.
        case unifiedKernelImage
        /// Another EFI program.
        case efiProgram
        /// `vmlinux`.
        case elf
        /// A compressed file that holds one of the others.
        case compressed(CompressionFormat)
        /// Nothing known.
        case unknown
    }

    /// Machines.
    package enum Architecture: String, Sendable, Hashable {
        /// 64-bit x86.
        case x86_64
        /// 32-bit x86.
        case i386
        /// 64-bit ARM.
        case arm64
        /// 64-bit RISC-V.
        case riscv64
        /// Any other.
        case other
    }

    /// What the file is.
    package private(set) var format: Format = .unknown
    /// The machine, where the head tells it.
    package private(set) var architecture: Architecture?
    /// The release, such as `6.1.0-9-amd64`, where the head holds it: bzImage only.
    package private(set) var version: String?
    /// The whole version text of a bzImage.
    package private(set) var versionText: String?
    /// The boot protocol of a bzImage: 0x020F is 2.15.
    package private(set) var bootProtocol: UInt16?
    /// Whether firmware can start it as an EFI program.
    package private(set) var hasEFIStub = false
    /// The bytes that the headers say the file has at least.
    package private(set) var expectedSize: UInt64?
    /// Where the compressed kernel lies in a bzImage or zboot file.
    package private(set) var payload: Range<UInt64>?
    /// The bytes the file has.
    package let fileSize: UInt64

    /// Whether the file is shorter than its headers say.
    package var isTruncated: Bool { expectedSize.map { fileSize < $0 } ?? false }

    /// Judges a file by its first bytes; 64 KiB are enough for all but odd files. An unknown file is a result,
    /// not a fault; a fault is a header that contradicts itself.
    package init(parsing head: Bytes, fileSize: UInt64) throws(ImageFault) {
        self.fileSize = fileSize
        if head.starts(with: "HdrS", at: 0x202), head.starts(with: [0x55, 0xAA], at: 0x1FE) {
            try readBootHeader(head)
        } else if head.starts(with: "MZ") {
            try readEFI(head)
        } else if head.starts(with: [0x41, 0x52, 0x4D, 0x64], at: 0x38) {
            format = .arm64Image
            architecture = .arm64
        } else if head.starts(with: [0x52, 0x53, 0x43, 0x05], at: 0x38) {
            format = .riscvImage
            architecture = .riscv64
        } else if ElfFile.isElf(head) {
            let elf = try ElfFile(parsing: head)
            format = .elf
            architecture = Self.architecture(elf.machine)
            expectedSize = elf.minimumSize
        } else {
            readCompressed(head)
        }
    }

    private static func architecture(_ machine: ElfFile.Machine) -> Architecture {
        switch machine {
        case .x86_64: .x86_64
        case .i386: .i386
        case .arm64: .arm64
        case .riscv: .riscv64
        default: .other
        }
    }

    private static func architecture(_ machine: PEImage.Machine) -> Architecture {
        switch machine {
        case .x64: .x86_64
        case .x86: .i386
        case .arm64: .arm64
        case .riscv64: .riscv64
        default: .other
        }
    }

    /// `setup_sects` (0x1F1), `syssize` (0x1F4), `version` (0x206), `kernel_version` (0x20E), `xloadflags`
    /// (0x236, bit 0: has a 64-bit entry), `payload_offset` (0x248), `payload_length` (0x24C).
    private mutating func readBootHeader(_ head: Bytes) throws(ImageFault) {
        format = .bzImage
        let protocolVersion = try head.little(UInt16.self, at: 0x206)
        bootProtocol = protocolVersion
        let setupSectors = UInt64(try head.byte(at: 0x1F1))
        let setupSize = ((setupSectors == 0 ? 4 : setupSectors) + 1) * 512
        let paragraphs =
            protocolVersion >= 0x0204
            ? UInt64(try head.little(UInt32.self, at: 0x1F4))
            : UInt64(try head.little(UInt16.self, at: 0x1F4))
        expectedSize = setupSize + paragraphs * 16
        let nameOffset = Int(try head.little(UInt16.self, at: 0x20E))
        if nameOffset > 0, UInt64(nameOffset) < setupSectors * 512 {
            let text = head.dropFirst(nameOffset + 0x200).prefix(256).textToNUL
            versionText = text
            version = text.split(separator: " ").first.map(String.init)
        }
        if protocolVersion >= 0x0208 {
            let start = setupSize + UInt64(try head.little(UInt32.self, at: 0x248))
            let length = UInt64(try head.little(UInt32.self, at: 0x24C))
            // Behind an LZ4 stream, which has no mark at its end, stands the unpacked size
            // (lib/decompress_unlz4.c, `__decompress`).
            let isLZ4 = head.starts(with: [0x02, 0x21, 0x4C, 0x18], at: Int(start))
            payload = start..<start + (isLZ4 && length > 4 ? length - 4 : length)
        }
        if let executable = try? PEImage(parsing: ContentSource(head)) {
            // Kernels without CONFIG_EFI_STUB begin with other bytes than MZ.
            hasEFIStub = true
            architecture = Self.architecture(executable.machine)
        }
        if protocolVersion >= 0x020C, try head.little(UInt16.self, at: 0x236) & 1 != 0 {
            architecture = .x86_64
        } else if protocolVersion >= 0x020C {
            architecture = .i386
        }
    }

    private mutating func readEFI(_ head: Bytes) throws(ImageFault) {
        let executable = try PEImage(parsing: ContentSource(head))
        architecture = Self.architecture(executable.machine)
        expectedSize = executable.minimumSize
        hasEFIStub = true
        if head.starts(with: "zimg", at: 4) {
            format = .zboot
            let start = UInt64(try head.little(UInt32.self, at: 8))
            let size = UInt64(try head.little(UInt32.self, at: 12))
            payload = start..<start + size
            expectedSize = max(executable.minimumSize, start + size)
        } else if head.starts(with: [0x41, 0x52, 0x4D, 0x64], at: 0x38) {
            format = .arm64Image
        } else if head.starts(with: [0x52, 0x53, 0x43, 0x05], at: 0x38) {
            format = .riscvImage
        } else if executable.section(".linux") != nil {
            format = .unifiedKernelImage
        } else {
            format = .efiProgram
        }
    }

    private mutating func readCompressed(_ head: Bytes) {
        let compression = CompressionFormat.detect(head)
        guard compression != .none else { return }
        format = .compressed(compression)
        let limits = DecompressionLimits(maximumOutput: 1 << 24)
        let reader = StreamReader(BytesStream(head))
        guard
            let decompressor = try? StreamDecompressor(compression, reader: reader, limits: limits),
            // The head is only a part of the file, so the fault at its end is expected.
            let inner = try? decompressor.next(),
            let image = try? KernelImage(parsing: inner, fileSize: UInt64.max)
        else { return }
        architecture = image.architecture
    }
}
