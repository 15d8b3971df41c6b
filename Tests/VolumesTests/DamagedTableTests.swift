import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import Volumes

/// Tables with one thing wrong, and what is said about it.
@Suite(.enabled(if: HostTool.has("sfdisk", "sgdisk")))
struct DamagedTableTests {
    private static func codes(_ table: PartitionTable) -> Set<PartitionFinding.Code> {
        Set(table.findings.map(\.code))
    }

    private static func gpt(_ more: String = "") async throws -> (ScratchFolder, FileSource) {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            truncate -s 32M disk
            sgdisk -n 1:2048:+8M -t 1:ef00 -n 2:0:+8M -t 2:8300 -c 2:root disk > /dev/null
            \(more)
            """, in: folder.path)
        return (folder, try FileSource(folder.file("disk")))
    }

    @Test func backupIsUsed() async throws {
        let (_, disk) = try await Self.gpt()
        let healthy = try PartitionTable(of: disk)
        #expect(healthy.findings.isEmpty)
        for patch: (offset: UInt64, bytes: [UInt8]) in [
            (512, [0]), (512 + 16, [1, 2, 3, 4]), (1024 + 56, [0x41]),
        ] {
            let table = try PartitionTable(of: PatchedSource(disk, patches: [patch]))
            #expect(table.scheme == .gpt)
            #expect(table.gptSource == .backup)
            #expect(Self.codes(table) == [.backupUsed])
            #expect(table.partitions == healthy.partitions)
            // grub-fstest lists the partitions of the second one only.
            #expect(table.primaryIsThereUnchecked == (patch.offset == 512 + 16))
        }
        let broken = try PartitionTable(
            of: PatchedSource(disk, patches: [(512, [0]), (disk.size - 512, [0])]))
        #expect(broken.scheme == .protective)
        #expect(Self.codes(broken) == [.gptUnreadable])
        let noBackup = try PartitionTable(of: PatchedSource(disk, patches: [(disk.size - 512, [0])]))
        #expect(noBackup.gptSource == .primary)
        #expect(Self.codes(noBackup) == [.backupDamaged])
    }

    @Test func grownAndCutDisks() async throws {
        let (folder, disk) = try await Self.gpt(
            "cp disk grown; truncate -s 40M grown; cp disk cut; truncate -s 12M cut")
        let grown = try PartitionTable(of: FileSource(folder.file("grown")))
        #expect(Self.codes(grown) == [.backupNotAtEnd])
        let grownFile = try FileSource(folder.file("grown"))
        let onlyBackup = try PartitionTable(of: PatchedSource(grownFile, patches: [(512 + 16, [9])]))
        #expect(onlyBackup.partitions.count == 2)
        #expect(Self.codes(onlyBackup) == [.backupUsed, .backupNotAtEnd])
        let cut = try PartitionTable(of: FileSource(folder.file("cut")))
        #expect(Self.codes(cut).isSuperset(of: [.beyondEnd, .backupDamaged]))
        #expect(cut.partitions.count == 2)
        _ = disk
    }

    @Test func protection() async throws {
        let (_, disk) = try await Self.gpt()
        let bare = try PartitionTable(
            of: PatchedSource(disk, patches: [(0x1BE, [UInt8](repeating: 0, count: 64))]))
        #expect(bare.scheme == .gpt)
        #expect(Self.codes(bare) == [.protectiveMissing])
        #expect(!bare.hasProtectiveEntry)
        let unmarked = try PartitionTable(of: PatchedSource(disk, patches: [(510, [0, 0])]))
        #expect(Self.codes(unmarked) == [.protectiveUnmarked])
        #expect(!unmarked.hasProtectiveEntry)
        let empty = try PartitionTable(
            of: PatchedSource(disk, patches: [(0x1BE, [UInt8](repeating: 0, count: 66))]))
        #expect(Self.codes(empty) == [.protectiveMissing])
        // GRUB takes the entry wherever it starts; the kernel and firmware do not.
        let later = try PartitionTable(of: PatchedSource(disk, patches: [(0x1C6, [2])]))
        #expect(Self.codes(later) == [.protectiveMissing])
        #expect(later.hasProtectiveEntry)
        // The kernel looks at nothing but type and start.
        let odd = try PartitionTable(of: PatchedSource(disk, patches: [(0x1BE, [0x7F])]))
        #expect(odd.scheme == .gpt)
        #expect(Self.codes(odd).isEmpty)
        let hybrid: [UInt8] = [0x80, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0]
        let table = try PartitionTable(of: PatchedSource(disk, patches: [(0x1CE, hybrid)]))
        #expect(table.scheme == .hybrid)
        #expect(table.hybridPartitions.map(\.number) == [2])
        let mbrOnly = try PartitionTable(
            of: PatchedSource(disk, patches: [(0x1BE, hybrid + [UInt8](repeating: 0, count: 48))]))
        #expect(mbrOnly.scheme == .mbr)
        #expect(Self.codes(mbrOnly) == [.staleGPT])
    }

    @Test func masterBootRecordFindings() throws {
        func entry(_ status: UInt8, _ type: UInt8, _ start: UInt32, _ count: UInt32) -> [UInt8] {
            func bytes(_ value: UInt32) -> [UInt8] {
                (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
            }
            return [status, 0, 0, 0, type, 0, 0, 0] + bytes(start) + bytes(count)
        }
        func disk(_ entries: [[UInt8]], _ records: [(UInt64, [[UInt8]])] = []) -> SparseSource {
            var disk = SparseSource(size: 64 << 20)
            for (place, entries) in [(0, entries)] + records {
                disk.write(entries.flatMap { $0 }, at: place * 512 + 0x1BE)
                disk.write([0x55, 0xAA], at: place * 512 + 510)
            }
            return disk
        }
        let overlap = try PartitionTable(
            of: disk([entry(0x80, 0x83, 2048, 4096), entry(0x80, 0x83, 4096, 4096)]))
        #expect(Self.codes(overlap) == [.overlap, .multipleActive])
        #expect(overlap.uuid == nil && overlap.partitions[0].partUUID == nil)
        let outside = try PartitionTable(of: disk([entry(0, 0x83, 2048, 1 << 20), entry(0, 0x83, 63, 100)]))
        #expect(Self.codes(outside) == [.beyondEnd, .unaligned])
        let loop = try PartitionTable(
            of: disk(
                [entry(0, 0x05, 2048, 8192)],
                [
                    (2048, [entry(0, 0x83, 64, 64), entry(0, 0x05, 1024, 64)]),
                    (3072, [entry(0, 0x83, 64, 64), entry(0, 0x05, 0, 64)]),
                ]))
        #expect(loop.partitions.map(\.number) == [1, 5, 6])
        #expect(Self.codes(loop).contains(.extendedChain))
        let none = try PartitionTable(of: SparseSource(size: 1 << 20))
        #expect(none.scheme == .none && none.findings.isEmpty)
        #expect(try PartitionTable(of: SparseSource(size: 100)).scheme == .none)
    }

    @Test func hostileSweep() async throws {
        let (_, file) = try await Self.gpt()
        let head = try file.read(at: 0, count: 1024 + 256)
        func exercise(_ disk: any BlockSource) {
            guard let table = try? PartitionTable(of: disk) else { return }
            for partition in table.partitions {
                _ = try? partition.source(on: disk).readUpTo(at: 0, count: 512)
            }
        }
        for place in 440..<head.count {
            let value = try head.byte(at: place)
            for changed in [value ^ 0xFF, value ^ 1] where changed != value {
                exercise(PatchedSource(file, patches: [(UInt64(place), [changed])]))
            }
            // With checksums made right again, so that the changed field is believed.
            if place >= 512 {
                exercise(PatchedSource(file, patches: try repaired(head, changing: place, to: value ^ 0xFF)))
                exercise(PatchedSource(file, patches: try repaired(head, changing: place, to: 0)))
            }
        }
        for size in Array(0..<40) + [
            511, 512, 513, 1023, 1024, 1535, 1536, 4096, 8191, 17407, 17408, 1 << 20,
        ] {
            exercise(PatchedSource(file, size: UInt64(size)))
        }

        func repaired(_ head: Bytes, changing place: Int, to value: UInt8) throws -> [(
            offset: UInt64, bytes: [UInt8]
        )] {
            var array = head.array
            array[place] = value
            let entries = try file.read(at: 1024, count: 128 * 128).array
            let table = Array(array[1024...]) + entries.dropFirst(array.count - 1024)
            func store(_ sum: UInt32, at offset: Int) {
                for index in 0..<4 {
                    array[offset + index] = UInt8(truncatingIfNeeded: sum >> UInt32(index * 8))
                }
            }
            store(CRC32.ieee.checksum(Bytes(table)), at: 512 + 88)
            store(0, at: 512 + 16)
            store(CRC32.ieee.checksum(Bytes(Array(array[512..<(512 + 92)]))), at: 512 + 16)
            return [(0, array)]
        }
    }
}
