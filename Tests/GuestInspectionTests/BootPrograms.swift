import FileSystemCore

/// Programs and kernels as firmware takes them.
enum BootPrograms {
    private static func put(_ value: UInt64, _ count: Int, at offset: Int, in bytes: inout [UInt8]) {
        for index in 0..<count {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
        }
    }

    /// An EFI program with these sections.
    static func program(_ sections: [(String, [UInt8])], machine: UInt64 = 0x8664, isSigned: Bool = false)
        -> [UInt8]
    {
        var file = [UInt8](repeating: 0, count: 0x400)
        file.replaceSubrange(0..<2, with: Array("MZ".utf8))
        put(0x80, 4, at: 0x3C, in: &file)
        file.replaceSubrange(0x80..<0x84, with: [0x50, 0x45, 0, 0])
        put(machine, 2, at: 0x84, in: &file)
        put(UInt64(sections.count), 2, at: 0x86, in: &file)
        put(240, 2, at: 0x94, in: &file)
        put(0x20B, 2, at: 0x98, in: &file)
        put(10, 2, at: 0x98 + 68, in: &file)
        put(16, 4, at: 0x98 + 108, in: &file)
        for (index, (name, content)) in sections.enumerated() {
            let entry = 0x98 + 240 + 40 * index
            for (place, byte) in name.utf8.prefix(8).enumerated() { file[entry + place] = byte }
            put(UInt64(content.count), 4, at: entry + 8, in: &file)
            put(UInt64(file.count), 4, at: entry + 12, in: &file)
            put(UInt64(content.count), 4, at: entry + 16, in: &file)
            put(UInt64(file.count), 4, at: entry + 20, in: &file)
            file += content
        }
        if isSigned {
            put(UInt64(file.count), 4, at: 0x98 + 112 + 32, in: &file)
            put(8, 4, at: 0x98 + 112 + 36, in: &file)
            file += [UInt8](repeating: 0, count: 8)
        }
        return file
    }

    /// A bzImage with an EFI stub; its version stands at 0x300.
    static func kernel(_ version: String = "6.1.0-9-amd64", isSigned: Bool = false) -> [UInt8] {
        var file = program([(".text", [UInt8](repeating: 7, count: 2048))], isSigned: isSigned)
        file[0x1F1] = 1
        put(16, 4, at: 0x1F4, in: &file)
        file[0x1FE] = 0x55
        file[0x1FF] = 0xAA
        file.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
        put(0x020F, 2, at: 0x206, in: &file)
        put(0x100, 2, at: 0x20E, in: &file)
        put(1, 2, at: 0x236, in: &file)
        let text = Array("\(version) (x) #1 SMP\0".utf8)
        file.replaceSubrange(0x300..<0x300 + text.count, with: text)
        return file
    }

    /// systemd-boot: known by its section.
    static let systemdBoot = program([(".sdmagic", Array("#### LoaderInfo: systemd-boot 252.39 ####\0".utf8))]
    )

    /// A unified kernel image.
    static func unified(
        _ commandLine: String?, kernel: [UInt8] = kernel(), initrd: [UInt8]? = [1, 2, 3],
        isSigned: Bool = false
    ) -> [UInt8] {
        var sections: [(String, [UInt8])] = [
            (".osrel", Array("ID=debian\nPRETTY_NAME=\"Debian\"\n".utf8)),
            (".uname", Array("6.1.0-9-amd64".utf8)), (".linux", kernel),
        ]
        if let commandLine { sections.append((".cmdline", Array(commandLine.utf8))) }
        if let initrd { sections.append((".initrd", initrd)) }
        return program(sections, isSigned: isSigned)
    }
}
