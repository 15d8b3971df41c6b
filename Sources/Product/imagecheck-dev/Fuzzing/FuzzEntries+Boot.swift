import ByteReading
import GuestFormats

/// Boot loaders: what they are and what they read.
extension FuzzEntries {
    static let grub: [FuzzEntry] = [
        FuzzEntry("grub-script", seed: FuzzSeeds.grubScript) { data in
            var start = GrubStart(
                platform: .pc, processor: "i386", root: "hd0,msdos1", prefix: "(hd0,msdos1)/boot/grub")
            start.limits = limits
            _ = GrubInterpreter(host: FuzzGrubHost(configuration: data), start: start).run()
        },
        FuzzEntry("grubenv", seed: "# GRUB Environment Block\nsaved_entry=0\n######################") {
            _ = try GrubEnvironmentBlock(parsing: $0)
        },
        FuzzEntry("grub-memory-disk", seed: FuzzSeeds.zeros) {
            _ = try GrubMemoryDisk(parsing: $0).file(at: "/boot/grub/grub.cfg")
        },
        FuzzEntry("grub-modules", seed: [0x6D, 0x69, 0x6D, 0x67] + FuzzSeeds.zeros) {
            for wordSize in [4, 8] {
                _ = try GrubModules(parsing: ContentSource($0), at: 0, wordSize: wordSize).moduleNames
            }
        },
        FuzzEntry("grub-core-image", seed: FuzzSeeds.masterBootRecord) {
            _ = try GrubCoreImage(reading: ContentSource($0), sector: 1)
        },
        FuzzEntry("bios-boot", seed: FuzzSeeds.masterBootRecord) { data in
            _ = try? MBRBootCode(parsing: data.prefix(512))
            let trace = BIOSBoot.trace(ContentSource(data))
            _ = trace.runGrub(on: FuzzGrubHost(configuration: data))
        },
    ]

    static let boot: [FuzzEntry] = [
        FuzzEntry("bls-entry", seed: "title A\nversion 1\nlinux /vmlinuz\ninitrd /a\noptions ro x\n") {
            let entry = BootLoaderSpecificationEntry(parsing: $0, fileName: "a-1+3-0.conf")
            _ = SystemdBootMenu([.file(entry)], configuration: SystemdBootConfiguration(parsing: $0))
        },
        FuzzEntry("pe", seed: FuzzSeeds.program) { data in
            let image = try PEImage(parsing: ContentSource(data))
            _ = (image.isTruncated, image.isSigned)
            _ = try? UnifiedKernelImage(reading: image)
            _ = try EFILoader(recognizing: image)
        },
        FuzzEntry("efi-boot", seed: FuzzSeeds.program) { data in
            let trace = EFIBoot.trace(
                FuzzSystemPartition(program: data), machine: .x64, device: GrubDevice("hd0"))
            _ = trace.runGrub(on: FuzzGrubHost(configuration: data))
        },
        FuzzEntry(
            "boot-csv", seed: [0xFF, 0xFE] + Array("shimx64.efi,debian,,x\n".utf8).flatMap { [$0, 0] }
        ) {
            _ = try BootCSV(parsing: $0).entries
        },
        FuzzEntry("systemd-boot", seed: "default a-*.conf\ntimeout 3\neditor no\n") {
            _ = SystemdBootMenu([], configuration: SystemdBootConfiguration(parsing: $0))
        },
    ]

    /// Loaders that are not GRUB 2.
    static let otherLoaders: [FuzzEntry] = [
        FuzzEntry("systemd-boot-menu", seed: "title A\nlinux /vmlinuz\ninitrd /a\noptions ro x\n") { data in
            _ = SystemdBootLoader(
                host: FuzzGrubHost(configuration: data), partition: GrubDevice("hd0,msdos1"),
                extendedPartition: nil, machine: .x64, ownPath: "/EFI/BOOT/BOOTX64.EFI"
            ).run()
        },
        FuzzEntry("syslinux", seed: "default a\ntimeout 5\nlabel a\nlinux b\ninitrd c\nappend d\n") { data in
            let start = SyslinuxStart(
                device: GrubDevice("hd0,msdos1"), directory: "/boot/syslinux", version: "6.04")
            _ = SyslinuxLoader(host: FuzzGrubHost(configuration: data), start: start).run()
        },
        FuzzEntry("syslinux-core", seed: FuzzSeeds.masterBootRecord) { data in
            _ = try SyslinuxCore(reading: ContentSource(data), volumeAt: 0, bootRecord: data.prefix(512))
        },
        FuzzEntry(
            "grub-legacy-menu", seed: "default=0\ntimeout=5\ntitle A\nroot (hd0,0)\nkernel /k ro\ninitrd /i\n"
        ) { data in
            let start = GrubLegacyStart(
                device: GrubDevice("hd0,msdos1"), configuration: "/boot/grub/menu.lst", version: "0.97")
            _ = GrubLegacyLoader(host: FuzzGrubHost(configuration: data), start: start).run()
        },
        FuzzEntry("grub-legacy-stage", seed: FuzzSeeds.masterBootRecord) { data in
            _ = try? GrubLegacyStage(parsing: data)
            _ = try GrubLegacyStage(reading: ContentSource(data), sector: 0)
        },
        FuzzEntry("bios-active-partition", seed: FuzzSeeds.masterBootRecord) { data in
            let partition = BIOSPartition(
                number: 1, offset: 512, isActive: true, device: GrubDevice("hd0,msdos1"))
            let host = FuzzGrubHost(configuration: data)
            for isGPT in [false, true] {
                let trace = BIOSBoot.trace(ContentSource(data), partitions: [partition], isGPT: isGPT)
                _ = trace.runLoader(on: host, partition: GrubDevice("hd0,msdos1"))
            }
        },
    ]

    private static let limits: GrubLimits = {
        var limits = GrubLimits()
        limits.commands = 2000
        limits.lookups = 500
        limits.expandedBytes = 1 << 20
        return limits
    }()
}

/// A disk with one partition, where every file is the input.
private struct FuzzGrubHost: GrubHost {
    let configuration: Bytes
    private static let first = GrubDevice("hd0,msdos1")

    func device(named name: String) -> GrubDevice? {
        ["hd0", "hd0,msdos1"].contains(name) ? GrubDevice(name) : nil
    }

    func device(
        matching key: GrubSearchKey, hints: [String], where sees: (GrubDevice) -> Bool
    ) -> GrubDevice? { FuzzGrubHost.first }

    func file(at path: String, on device: GrubDevice) -> GrubFile? {
        path.hasSuffix("/") ? GrubFile(isDirectory: true) : GrubFile(size: UInt64(configuration.count))
    }

    func contents(of path: String, on device: GrubDevice, limit: Int) -> Bytes? {
        configuration.prefix(limit)
    }

    func names(inDirectory path: String, on device: GrubDevice) -> [String]? { ["a.conf", "b-1.conf"] }

    func property(_ property: GrubDeviceProperty, of device: GrubDevice) -> String? { "ext2" }
}

/// An ESP where every file is the input.
private struct FuzzSystemPartition: EFISystemPartition {
    let program: Bytes

    func file(at path: String) -> ContentSource? { ContentSource(program) }
    func names(inDirectory path: String) -> [String]? { ["BOOTX64.EFI", "BOOTX64.CSV"] }
}
