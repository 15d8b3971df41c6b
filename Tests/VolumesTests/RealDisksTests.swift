import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import Volumes

/// Tables that sfdisk and sgdisk write, read here and held against what they and blkid say.
@Suite(.enabled(if: HostTool.has("sfdisk", "sgdisk", "blkid")))
struct RealDisksTests {
    @Test func masterBootRecord() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            truncate -s 64M disk
            printf 'label: dos\\nlabel-id: 0x1b2c3d4e\\n2048,20480,83,*\\n22528,20480,82\\n43008,,05\\n' > script
            printf '45056,8192,83\\n55296,8192,8e\\n' >> script
            sfdisk -q disk < script
            """, in: folder.path)
        let disk = try FileSource(folder.file("disk"))
        let table = try PartitionTable(of: disk)
        #expect(table.scheme == .mbr)
        #expect(table.uuid == "1b2c3d4e")
        #expect(table.partitions.map(\.number) == [1, 2, 3, 5, 6])
        #expect(table.partitions.map(\.partUUID) == ["01", "02", "03", "05", "06"].map { "1b2c3d4e-\($0)" })
        #expect(table.partitions.map { $0.start / 512 } == [2048, 22528, 43008, 45056, 55296])
        #expect(table.partitions.map(\.isLogical) == [false, false, false, true, true])
        #expect(table.partitions[0].isActive)
        #expect(table.partitions[1].kind.isLinuxSwap)
        #expect(table.partitions[4].kind.isLinuxLVM)
        #expect(table.findings.isEmpty)
        #expect(table.bootSector.count == 512)
    }

    @Test(arguments: [512, 4096])
    func guidTable(sectorSize: Int) async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            truncate -s 64M disk
            printf 'label: gpt\\nlabel-id: 12345678-1234-4321-8765-123456789ABC\\n' > script
            printf 'size=8MiB, type=uefi, name="EFI \\303\\244", uuid=11111111-2222-3333-4444-555555555555\\n' >> script
            printf 'size=1MiB, type=21686148-6449-6E6F-744E-656564454649, attrs="LegacyBIOSBootable"\\n' >> script
            sfdisk -q -b \(sectorSize) disk < script || sfdisk -q disk < script
            """, in: folder.path)
        let disk = try FileSource(folder.file("disk"))
        let table = try PartitionTable(of: disk)
        #expect(table.scheme == .gpt)
        #expect(table.uuid == "12345678-1234-4321-8765-123456789abc")
        #expect(table.partitions.count == 2)
        #expect(table.partitions[0].name == "EFI ä")
        #expect(table.partitions[0].kind.isEFISystem)
        #expect(table.partitions[0].partUUID == "11111111-2222-3333-4444-555555555555")
        #expect(table.partitions[0].size == 8 << 20)
        #expect(table.partitions[1].isActive)
        #expect(table.partitions[1].kind.isBIOSBoot)
        #expect(table.gptSource == .primary)
        #expect(table.findings.filter { $0.code != .largeSectors }.isEmpty)
    }
}
