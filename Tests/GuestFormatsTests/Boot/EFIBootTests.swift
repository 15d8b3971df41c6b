import ByteReading
import GuestFormats
import Testing

/// A PE program with these sections.
func program(_ sections: [(String, [UInt8])], machine: UInt16 = 0x8664, isSigned: Bool = false) -> [UInt8] {
    var file = [UInt8](repeating: 0, count: 0x400)
    file.replaceSubrange(0..<2, with: Array("MZ".utf8))
    file.put(UInt32(0x80), at: 0x3C)
    file.replaceSubrange(0x80..<0x84, with: [0x50, 0x45, 0, 0])
    file.put(machine, at: 0x84)
    file.put(UInt16(sections.count), at: 0x86)
    file.put(UInt16(240), at: 0x94)
    file.put(UInt16(0x20B), at: 0x98)
    file.put(UInt16(10), at: 0x98 + 68)
    file.put(UInt32(16), at: 0x98 + 108)
    for (index, (name, content)) in sections.enumerated() {
        let entry = 0x98 + 240 + 40 * index
        for (place, byte) in name.utf8.prefix(8).enumerated() { file[entry + place] = byte }
        file.put(UInt32(content.count), at: entry + 8)
        file.put(UInt32(file.count), at: entry + 12)
        file.put(UInt32(content.count), at: entry + 16)
        file.put(UInt32(file.count), at: entry + 20)
        file += content
    }
    if isSigned {
        file.put(UInt32(file.count), at: 0x98 + 112 + 32)
        file.put(UInt32(8), at: 0x98 + 112 + 36)
        file += [UInt8](repeating: 0, count: 8)
    }
    return file
}

private func wide(_ text: String) -> [UInt8] { text.utf16.flatMap { [UInt8].little($0) } }

/// The module area of a 64-bit GRUB.
func grubModules(_ objects: [(UInt32, [UInt8])]) -> [UInt8] {
    var area: [UInt8] = []
    for (type, content) in objects {
        var padded = content
        while padded.count % 8 != 0 { padded.append(0) }
        area += [UInt8].little(type) + [UInt8].little(UInt32(padded.count + 8)) + padded
    }
    return [UInt8].little(UInt32(0x676D_696D)) + [UInt8].little(UInt32(0)) + [UInt8].little(UInt64(24))
        + [UInt8].little(UInt64(24 + area.count)) + area
}

private func grub(prefix: String, configuration: String? = nil) -> [UInt8] {
    var objects: [(UInt32, [UInt8])] = [(3, Array(prefix.utf8) + [0])]
    if let configuration { objects.insert((2, Array(configuration.utf8) + [0]), at: 0) }
    return program([(".sbat", Array("sbat,1,x\ngrub,5,y\n".utf8)), ("mods", grubModules(objects))])
}

private let shim = program(
    [(".sbat", Array("sbat,1\nshim,4\n".utf8)), (".data", wide("SHIM \\grubx64.efi\0"))], isSigned: true)
private let fallback = program([(".sbat", Array("shim,4\n".utf8)), (".data", wide("SHIM boot.csv\0"))])

/// An ESP in memory.
struct MemoryPartition: EFISystemPartition {
    var files: [(String, [UInt8])]
    var unreadable: Set<String> = []

    func file(at path: String) throws(ImageFault) -> ContentSource? {
        if unreadable.contains(path) { throw ImageFault(.corrupt, "cluster chain", at: 7) }
        return files.first { $0.0.lowercased() == path.lowercased() }.map { ContentSource(Bytes($0.1)) }
    }

    func names(inDirectory path: String) throws(ImageFault) -> [String]? {
        let prefix = path.lowercased() + "/"
        var names: [String] = []
        for (file, _) in files where file.lowercased().hasPrefix(prefix) {
            let name = String(file.dropFirst(prefix.count).prefix { $0 != "/" })
            if !names.contains(name) { names.append(name) }
        }
        return names
    }
}

private func trace(_ files: [(String, [UInt8])], _ machine: PEImage.Machine = .x64) -> BootTrace {
    EFIBoot.trace(MemoryPartition(files: files), machine: machine, device: GrubDevice("hd0,gpt1"))
}

@Suite struct EFIBootTests {
    private let csv = wide("\u{FEFF}shimx64.efi,debian,,This is the boot entry for debian\n")

    @Test func shimRunsFallbackAndFallbackRunsShim() throws {
        let result = trace([
            ("/efi/boot/bootx64.efi", shim), ("/EFI/BOOT/fbx64.efi", fallback), ("/EFI/BOOT/grubx64.efi", []),
            ("/EFI/debian/BOOTX64.CSV", csv), ("/EFI/debian/shimx64.efi", shim),
            ("/EFI/debian/grubx64.efi", grub(prefix: "/EFI/debian")),
        ])
        let start = try #require(result.grubStart)
        #expect(start.prefix == "(hd0,gpt1)/EFI/debian")
        #expect(start.root == "hd0,gpt1")
        #expect(start.commandPath == "(hd0,gpt1)/EFI/debian")
        #expect(result.path == "/EFI/debian/grubx64.efi")
        #expect(result.steps.count == 5)
    }

    @Test func aFreshMachineIsLeftWithoutALoader() {
        #expect(trace([("/EFI/debian/shimx64.efi", shim)]).stop == .removablePathMissing)
        #expect(trace([("/EFI/BOOT/BOOTX64.EFI", shim)]).stop == .secondStageMissing)
        #expect(trace([("/EFI/BOOT/BOOTX64.EFI", Array("no program".utf8))]).stop == .notAProgram)
        #expect(trace([("/EFI/BOOT/BOOTX64.EFI", [])]).stop == .notAProgram)
        let foreign = program([(".text", [0])], machine: 0xAA64)
        #expect(trace([("/EFI/BOOT/BOOTX64.EFI", foreign)]).stop == .wrongMachine(.arm64))
        #expect(trace([("/EFI/BOOT/BOOTX64.EFI", Array(shim.dropLast(20)))]).stop == .programTruncated)
        #expect(
            trace([("/EFI/BOOT/BOOTX64.EFI", shim), ("/EFI/BOOT/fbx64.efi", fallback)]).stop
                == .fallbackFindsNothing)
        #expect(
            trace([
                ("/EFI/BOOT/BOOTX64.EFI", shim), ("/EFI/BOOT/fbx64.efi", fallback),
                ("/EFI/a/BOOTX64.CSV", csv),
            ]).stop == .entryMissing)
    }

    @Test func whatCannotBeReadIsUnknown() {
        let partition = MemoryPartition(files: [], unreadable: ["/EFI/BOOT/BOOTX64.EFI"])
        let result = EFIBoot.trace(partition, machine: .x64, device: GrubDevice("hd0,gpt1"))
        guard case .unknown = result.destination else {
            Issue.record("\(result.destination)")
            return
        }
    }

    @Test func otherProgramsAreRecognised() throws {
        func kind(_ sections: [(String, [UInt8])]) throws -> EFILoader.Kind {
            try EFILoader(recognizing: try PEImage(parsing: ContentSource(Bytes(program(sections))))).kind
        }
        #expect(
            try kind([(".sdmagic", Array("#### LoaderInfo: systemd-boot 252 ####\0".utf8))]) == .systemdBoot)
        #expect(try kind([(".linux", [1]), (".cmdline", [])]) == .unifiedKernelImage)
        #expect(try kind([(".data", wide("bootmgfw.efi"))]) == .windowsBootManager)
        #expect(try kind([(".sbat", Array("memtest86+,1\n".utf8))]) == .memoryTest)
        #expect(try kind([(".text", [0])]) == .unknown)
        #expect(
            try kind([(".sbat", Array("shim,4\n".utf8)), (".d", wide("Perform MOK management"))])
                == .mokManager)
    }

    @Test func aUnifiedKernelImage() throws {
        let bytes = program([
            (".osrel", Array("ID=debian\nVERSION_ID=\"12\"\n".utf8)),
            (".cmdline", Array("root=x quiet\n\0".utf8)),
            (".uname", Array("6.1.0".utf8)), (".linux", [1, 2]), (".initrd", [3]),
        ])
        let image = try #require(
            try UnifiedKernelImage(reading: try PEImage(parsing: ContentSource(Bytes(bytes)))))
        #expect(image.commandLine == "root=x quiet")
        #expect(image.kernelVersion == "6.1.0")
        #expect(image.release["VERSION_ID"] == "12")
        let kernel = try #require(image.range(of: ".linux"))
        #expect(Array(bytes[Int(kernel.lowerBound)..<Int(kernel.upperBound)]) == [1, 2])
        let archive = try #require(image.range(of: ".initrd"))
        #expect(Array(bytes[Int(archive.lowerBound)..<Int(archive.upperBound)]) == [3])
    }

    @Test(arguments: [
        ("(,gpt2)/boot/grub", "hd0,gpt2", "(hd0,gpt2)/boot/grub"),
        ("(lvm/vg-root)/boot/grub", "lvm/vg-root", "(lvm/vg-root)/boot/grub"),
        ("", "hd0,gpt1", "(hd0,gpt1)/EFI/BOOT"), ("/EFI/fedora", "hd0,gpt1", "(hd0,gpt1)/EFI/fedora"),
    ])
    func prefixes(packed: String, root: String, prefix: String) throws {
        let start = try #require(trace([("/EFI/BOOT/BOOTX64.EFI", grub(prefix: packed))]).grubStart)
        #expect(start.root == root)
        #expect(start.prefix == prefix)
    }

    @Test func theEmbeddedConfigurationMovesThePrefix() throws {
        let configuration =
            "search.fs_uuid a12f6a6b-394f-4861-a30d-a4d22e1b8870 root\nset prefix=($root)'/boot/grub'\n"
        let result = trace([("/EFI/BOOT/BOOTX64.EFI", grub(prefix: "", configuration: configuration))])
        var host = MemoryGrubHost(
            configuration: "set timeout=0\nmenuentry a {\nlinux /boot/vmlinuz-1 x\n}\n")
        let lost = try #require(result.runGrub(on: host))
        #expect(lost.outcome.name == "rescue")
        host.volumes["hd0,msdos1"]?.files["/boot/grub/x86_64-efi/normal.mod"] = [0x7F]
        let found = try #require(result.runGrub(on: host))
        #expect(found.selection?.commandLine == "x")
    }

    @Test func bootCSV() throws {
        #expect(try BootCSV(parsing: Bytes(csv)).entries.map(\.label) == ["debian"])
        #expect(try BootCSV(parsing: Bytes(Array("shimx64.efi,debian,,x\n".utf8))).entries.isEmpty)
        #expect(try BootCSV(parsing: Bytes([])).entries.isEmpty)
        #expect(
            try BootCSV(parsing: Bytes(wide("a.efi,L,\r\nb.efi,M\r\n\r\n"))).entries.map(\.fileName) == [
                "a.efi", "b.efi",
            ])
    }

    @Test func hostilePrograms() {
        let original = program([
            (".sbat", Array("grub,1\n".utf8)), (".cmdline", [65]),
            ("mods", grubModules([(0, [0x7F, 0x45, 0x4C, 0x46]), (2, [65, 0]), (3, [47, 0]), (1, [1])])),
        ])
        func look(_ bytes: [UInt8]) {
            let partition = MemoryPartition(files: [("/EFI/BOOT/BOOTX64.EFI", bytes)])
            _ = EFIBoot.trace(partition, machine: .x64, device: GrubDevice("hd0"))
        }
        for length in 0..<original.count { look(Array(original.prefix(length))) }
        for index in original.indices {
            for value in [0, 0xFF, original[index] ^ 0x80, original[index] &+ 1] {
                var changed = original
                changed[index] = value
                look(changed)
            }
        }
    }
}
