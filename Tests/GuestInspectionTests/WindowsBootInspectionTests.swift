import BlockIO
import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import TestSupport
import Testing
import Volumes

@testable import GuestInspection

/// A Windows disk in memory: MBR, a boot partition and the system volume, with a real store.
private struct WindowsDisk {
    static let signature: UInt32 = 0xA1B2_C3D4
    static let bootOffset: UInt64 = 1 << 20
    static let rootOffset: UInt64 = 2 << 20

    var sector = [UInt8](repeating: 0, count: 512)
    var record = [UInt8](repeating: 0, count: 8192)
    var boot = MemoryFileSystem(kind: "ntfs")
    var root = MemoryFileSystem(kind: "ntfs")
    var active: Set<Int> = [1]
    var diskSignature = signature
    var store: BCDFixture

    init() {
        let message = Array("Invalid partition table".utf8)
        sector.replaceSubrange(0x160..<0x160 + message.count, with: message)
        sector.replaceSubrange(510..<512, with: [0x55, 0xAA])
        record.replaceSubrange(0..<11, with: [0xEB, 0x52, 0x90] + Array("NTFS    ".utf8))
        record.replaceSubrange(0x1C..<0x20, with: [0, 8, 0, 0])
        let name = Array("BOOTMGR is missing".utf8)
        record.replaceSubrange(0x190..<0x190 + name.count, with: name)
        record.replaceSubrange(510..<512, with: [0x55, 0xAA])
        let wide = "BOOTMGR".utf8.flatMap { unit -> [UInt8] in [unit, 0] }
        record.replaceSubrange(514..<514 + wide.count, with: wide)
        boot.file("bootmgr", "MZ boot manager")
        for path in ["System32/config/SYSTEM", "System32/config/SOFTWARE"] { root.file("Windows/\(path)") }
        for name in ["ntoskrnl.exe", "hal.dll", "winload.exe"] {
            root.add(GuestPath("/Windows/System32/\(name)"), .file(Self.program))
        }
        let partition = BCDFixture.partition(offset: Self.rootOffset, signature: Self.signature)
        store = BCDFixture(objects: [
            (
                BCDFixture.bootManager, 0x1010_0002,
                [
                    .device(
                        "11000001", BCDFixture.partition(offset: Self.bootOffset, signature: Self.signature)),
                    .string("12000004", "Windows Boot Manager"), .object("23000003", BCDFixture.windows),
                    .objects("24000001", [BCDFixture.windows]), .integer("25000004", 30),
                ]
            ),
            (
                BCDFixture.windows, 0x1020_0003,
                [
                    .device("11000001", partition), .string("12000002", #"\Windows\system32\winload.exe"#),
                    .string("12000004", "Windows Server 2012 R2"), .device("21000001", partition),
                    .string("22000002", #"\Windows"#),
                ]
            ),
        ])
    }

    /// The smallest program for x64 that the loader would take: headers and no section.
    static let program: [UInt8] = {
        var bytes = [UInt8](repeating: 0, count: 512)
        bytes.replaceSubrange(0..<2, with: "MZ".utf8)
        bytes[0x3C] = 0x40
        bytes.replaceSubrange(0x40..<0x44, with: [0x50, 0x45, 0, 0])
        bytes.replaceSubrange(0x44..<0x46, with: [0x64, 0x86])
        bytes[0x54] = 0xF0
        bytes.replaceSubrange(0x58..<0x5A, with: [0x0B, 0x02])
        return bytes
    }()

    /// Changes an element of the default entry.
    mutating func set(_ element: BCDFixture.Element, at index: Int) {
        store.objects[1].elements[index] = element
    }

    func facts(keepsStore: Bool = true) throws -> WindowsBootFacts {
        var boot = boot
        if keepsStore { boot.add(GuestPath("/Boot/BCD"), .file(try store.bytes())) }
        var bytes = [UInt8](repeating: 0, count: 4 << 20)
        bytes.replaceSubrange(0..<512, with: sector)
        bytes.replaceSubrange(Int(Self.bootOffset)..<Int(Self.bootOffset) + record.count, with: record)
        var image = ImageFacts(
            container: ContainerFacts(format: "raw", virtualSize: 4 << 20, fileSize: 4 << 20))
        var table = PartitionTableFacts(kind: .mbr, sectorSize: 512)
        table.identity = Hexadecimal.lower(diskSignature, width: 8)
        table.partitions = [(1, Self.bootOffset), (2, Self.rootOffset)].map { number, offset in
            PartitionFacts(
                number: number, offset: offset, size: 1 << 20, type: "0x7", active: active.contains(number),
                volume: "mbr:\(number)")
        }
        image.partitions = table
        image.volumes = [1, 2].map { number in
            var volume = VolumeFacts(id: "mbr:\(number)", size: 1 << 20)
            volume.kind = "ntfs"
            volume.partitionNumber = number
            return volume
        }
        let disk = MemorySource(Bytes(bytes))
        var partitions = try PartitionTable(of: disk)
        partitions.scheme = .mbr
        partitions.diskSignature = diskSignature
        let layout = DiskLayout(
            disk: disk, image: image, table: partitions,
            volumes: [
                OpenedVolume(id: "mbr:1", source: disk, fileSystem: boot),
                OpenedVolume(id: "mbr:2", source: disk, fileSystem: root),
            ])
        let reader = WindowsReader(layout: layout, volume: "mbr:2", fileSystem: root, systemRoot: "/Windows")
        return WindowsBootInspection(
            reader: reader, identity: WindowsIdentityInspection(reader: reader).inspect()
        )
        .inspect()
    }
}

@Suite(.enabled(if: BCDFixture.isAvailable)) struct WindowsBootInspectionTests {
    private func broken(_ disk: WindowsDisk, keepsStore: Bool = true) throws -> String? {
        try disk.facts(keepsStore: keepsStore).bios.steps.last { $0.state != .holds }?.code
    }

    @Test func theWholeWay() throws {
        let facts = try WindowsDisk().facts()
        #expect(facts.firmwares == [.bios])
        #expect(facts.bios.steps.allSatisfy { $0.state == .holds }, "\(facts.bios.steps)")
        #expect(facts.bios.volume == "mbr:1")
        let entry = try #require(facts.bios.entry)
        #expect(entry.osDevice?.volume == "mbr:2" && entry.device?.replacement == nil)
        #expect(
            entry.loader?.path == #"C:\Windows\system32\winload.exe"#
                && entry.loader?.architecture == "x86_64")
        #expect(entry.kernel.map(\.state) == [.good, .good])
        #expect(facts.bios.store?.managerDevice?.volume == "mbr:1")
    }

    @Test func firmware() throws {
        var disk = WindowsDisk()
        disk.sector[510] = 0
        #expect(try broken(disk) == "BootLoader.NoSignature")
        disk = WindowsDisk()
        disk.sector.replaceSubrange(0..<440, with: [UInt8](repeating: 0, count: 440))
        #expect(try broken(disk) == "BootLoader.NotInstalled")
        disk = WindowsDisk()
        disk.active = []
        #expect(try broken(disk) == "BootMgr.NoActivePartition")
        disk.active = [1, 2]
        #expect(try broken(disk) == "BootMgr.SeveralActive")
        // The system volume has no boot record.
        disk.active = [2]
        #expect(try broken(disk) == "BootMgr.BootSector")
        disk = WindowsDisk()
        disk.record.replaceSubrange(0x1C..<0x20, with: [63, 0, 0, 0])
        #expect(try broken(disk) == "BootMgr.HiddenSectors")
        disk = WindowsDisk()
        disk.record.replaceSubrange(512..., with: [UInt8](repeating: 0, count: 7680))
        #expect(try broken(disk) == "BootMgr.BootSector")
        disk = WindowsDisk()
        disk.boot = MemoryFileSystem(kind: "ntfs")
        disk.root.file("bootmgr", "a copy on C: is not enough")
        #expect(try broken(disk) == "BootMgr.Missing")
    }

    @Test func theStore() throws {
        var disk = WindowsDisk()
        #expect(try broken(disk, keepsStore: false) == "BCD.Missing")
        disk.boot.file("Boot/BCD", "no hive")
        #expect(try broken(disk, keepsStore: false) == "BCD.Corrupt")
        disk = WindowsDisk()
        disk.store.objects.remove(at: 0)
        #expect(try broken(disk) == "BCD.NoDefaultEntry")
        disk = WindowsDisk()
        disk.store.objects.remove(at: 1)
        #expect(try broken(disk) == "BCD.NoDefaultEntry")
        disk = WindowsDisk()
        disk.store.objects[1].type = 0x1020_0005
        #expect(try broken(disk) == "BCD.NotWindows")
        disk = WindowsDisk()
        disk.store.objects[1].elements.append(.boolean("26000022", true))
        #expect(try broken(disk) == "BCD.RecoveryDefault")
        // A second store, of another disk, on the system volume: it is not read.
        disk = WindowsDisk()
        disk.root.add(GuestPath("/Boot/BCD"), .file(try BCDFixture().bytes()))
        #expect(try broken(disk) == nil)
    }

    /// A disk that got another signature, or a partition that was moved: every file is there.
    @Test func devices() throws {
        var disk = WindowsDisk()
        disk.diskSignature = 0xDEAD_BEEF
        let facts = try disk.facts()
        #expect(facts.bios.steps.last?.code == "BCD.DeviceMismatch")
        #expect(facts.bios.entry?.device?.resolution == .otherDisk)
        #expect(
            facts.bios.entry?.osDevice?.replacement
                == BCDFixture.partition(offset: WindowsDisk.rootOffset, signature: 0xDEAD_BEEF))
        #expect(
            facts.bios.store?.managerDevice?.replacement
                == BCDFixture.partition(offset: WindowsDisk.bootOffset, signature: 0xDEAD_BEEF))
        disk = WindowsDisk()
        disk.set(
            .device("11000001", BCDFixture.partition(offset: 4096, signature: WindowsDisk.signature)), at: 0)
        #expect(try disk.facts().bios.entry?.device?.resolution == .noPartition)
        disk.set(.device("11000001", [1, 2, 3]), at: 0)
        #expect(try broken(disk) == "BCD.DeviceMismatch")
        // The boot device is the partition of the boot manager, which has no loader.
        disk.set(.device("11000001", BCDFixture.bootDevice), at: 0)
        #expect(try broken(disk) == "OSLoader.Missing")
        // As sysprep leaves it.
        disk.set(.device("11000001", BCDFixture.locateDevice), at: 0)
        #expect(try broken(disk) == nil)
        disk.boot.add(GuestPath("/Windows/System32/winload.exe"), .file(WindowsDisk.program))
        #expect(try broken(disk) == "BCD.Unreadable")
    }

    @Test func loaderAndKernel() throws {
        var disk = WindowsDisk()
        disk.set(.string("12000002", #"\Windows\system32\winload.efi"#), at: 1)
        #expect(try broken(disk) == "BCD.FirmwareMismatch")
        disk.set(.string("12000002", #"\Windows\system32\nothing.exe"#), at: 1)
        #expect(try broken(disk) == "OSLoader.Missing")
        disk = WindowsDisk()
        disk.root.file("Windows/System32/broken.exe", "no program")
        disk.set(.string("12000002", #"\Windows\System32\broken.exe"#), at: 1)
        #expect(try broken(disk) == "OSLoader.Damaged")
        disk = WindowsDisk()
        disk.set(.string("22000002", #"\WINNT"#), at: 4)
        #expect(try broken(disk) == "BCD.LoaderMissing")
        disk = WindowsDisk()
        disk.store.objects[1].elements.append(.string("22000012", "halmacpi.dll"))
        #expect(try broken(disk) == "OSLoader.KernelMissing")
        var wrong = WindowsDisk.program
        wrong[0x44] = 0x4C
        wrong[0x45] = 0x01
        disk = WindowsDisk()
        disk.root.add(GuestPath("/Windows/System32/win32.exe"), .file(wrong))
        disk.set(.string("12000002", #"\Windows\System32\win32.exe"#), at: 1)
        #expect(try broken(disk) == "OSLoader.WrongArchitecture")
    }

    @Test func settings() throws {
        var disk = WindowsDisk()
        disk.store.objects[1].elements += [
            .boolean("16000049", true), .integer("25000080", 1), .integer("250000e0", 1),
            .boolean("260000b0", true),
        ]
        disk.store.objects[0].elements += [
            .objects("24000002", [BCDFixture.windows]), .boolean("26000005", true),
            .object("23000006", BCDFixture.windows),
        ]
        let store = try #require(try disk.facts().bios.store)
        #expect(store.entry?.safeBoot?.value == "network")
        #expect(
            Set(store.entry?.settings.keys.map { $0 } ?? []) == ["testsigning", "bootstatuspolicy", "ems"])
        #expect(store.oneShot.map(\.title) == ["Windows Server 2012 R2"] && store.resume != nil)
        #expect(store.timeout == 30 && store.entryCount == 1)
    }
}
