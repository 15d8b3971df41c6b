import BlockIO
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

@testable import Ext4

@Suite(.enabled(if: Ext4Image.hasTools), .serialized)
struct JournalTests {
    /// debugfs writes the transactions, e2fsck replays them into a copy: every block outside the journal and
    /// the superblock must be the same as it is through the overlay.
    @Test(
        arguments: ["", "-c", "-v 2", "-v 3"],
        ["-O 64bit,metadata_csum", "-O ^64bit,metadata_csum", "-O ^64bit,^metadata_csum"])
    func `replays what e2fsck replays`(_ checksums: String, _ features: String) async throws {
        // Journals of debugfs have the checksums of the volume unless told otherwise, and version 1 is no mix
        // with metadata_csum.
        guard checksums.isEmpty || features.contains("metadata_csum") && !features.contains("^metadata_csum")
        else { return }
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024 \(features) -J size=1", in: folder)
        let blocks = folder.file("blocks")
        // The first block begins with the journal's magic and has to be escaped.
        try await HostTool.shell(
            "(printf '\\300;9\\230'; head -c 4092 /dev/urandom) > \(blocks); head -c 1024 /dev/urandom > \(blocks)2"
        )
        try await Ext4Image.debugfs(
            [
                "jo \(checksums)", "jw -b 9000-9003 \(blocks)", "jw -b 9001 \(blocks)2",
                "jw -b 9005 \(blocks)2",
                "jw -r 9002", "jw -b 9010-9013 \(blocks)", "jw -r 9010,9012", "jw -b 9012 \(blocks)2", "jc",
            ], on: image)
        let replayed = folder.file("replayed")
        _ = try? await HostTool.shell("cp \(image) \(replayed) && e2fsck -y -E journal_only \(replayed)")

        let fileSystem = try Ext4Image.open(image)
        #expect(fileSystem.conditions.map(\.code) == [.journalReplayed])
        let before = try FileSource(image)
        let expected = try FileSource(replayed)
        var changed: [UInt64] = []
        for block in UInt64(8990)..<9100 {
            let found = try fileSystem.volume.source.read(at: block * 1024, count: 1024)
            #expect(try found == expected.read(at: block * 1024, count: 1024), "block \(block)")
            if try found != before.read(at: block * 1024, count: 1024) { changed.append(block) }
        }
        #expect(changed == [9000, 9001, 9003, 9005, 9011, 9012, 9013])
        // Boot loaders see it without.
        let stored = try #require(try fileSystem.stored() as? Ext4FileSystem)
        #expect(!stored.conditions.contains { $0.code == .journalReplayed })
        for block in changed {
            #expect(
                try stored.volume.source.read(at: block * 1024, count: 1024)
                    == before.read(at: block * 1024, count: 1024))
        }
        // Reads that begin and end inside blocks and cross replaced ones.
        let run = try fileSystem.volume.source.read(at: 8999 * 1024 + 500, count: 5000)
        #expect(try run == expected.read(at: 8999 * 1024 + 500, count: 5000))
    }

    /// The image is copied while it is mounted, as after a crash; the kernel replays one copy.
    @Test(
        .enabled(if: Ext4Image.canMount),
        arguments: [
            ("-t ext4 -b 4096 -J size=4", "commit=300"),
            ("-t ext3 -b 1024 -J size=1", "commit=300"),
            ("-t ext4 -b 1024 -O ^64bit -J size=1", "commit=300,data=journal"),
            ("-t ext4 -b 1024 -O ^metadata_csum -J size=1", "data=writeback,journal_async_commit"),
        ])
    func `reads a volume after a crash`(_ options: String, _ mountOptions: String) async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make(options, size: "32M", in: folder)
        let crashed = folder.file("crashed")
        let mended = folder.file("mended")
        try await Ext4Image.mounted(image, options: mountOptions, in: folder) { point in
            try await HostTool.shell(
                """
                cd \(point)
                for round in $(seq 1 40); do
                    mkdir d$round
                    for f in $(seq 1 12); do echo $round $f > d$round/a-file-with-a-long-name-$f; done
                    printf '\\300;9\\230' | dd of=magic$round conv=sync bs=4096 status=none
                    [ $round -gt 3 ] && rm -r d$((round - 3)) && rm magic$((round - 2))
                    dd if=/dev/urandom of=data$round bs=5000 count=1 conv=fsync status=none
                done
                cp \(image) \(crashed); cp \(image) \(mended)
                """)
        }
        let expected = try await Ext4Image.mounted(mended, in: folder) { point in
            try await Listing.ofDirectory(point)
        }
        let fileSystem = try Ext4Image.open(crashed)
        #expect(fileSystem.conditions.map(\.code) == [.journalReplayed])
        #expect(try Listing.of(fileSystem) == expected)
        let free = try await HostTool.shell("dumpe2fs -h \(mended) 2>/dev/null | grep '^Free inodes'")
        #expect(
            free.split(separator: " ").last.map { String($0.filter(\.isNumber)) }
                == "\(fileSystem.usage.freeInodes)")
    }

    @Test(.enabled(if: Ext4Image.canMount)) func `says that fast commits are left out`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make(
            "-t ext4 -b 4096 -O fast_commit -J size=8", size: "32M", in: folder)
        let crashed = folder.file("crashed")
        try await Ext4Image.mounted(image, options: "commit=300", in: folder) { point in
            try await HostTool.shell(
                """
                cd \(point)
                dd if=/dev/zero of=a bs=1000 count=1 conv=fsync status=none
                for i in 1 2 3; do dd if=/dev/zero of=b$i bs=9000 count=1 conv=fsync status=none; done
                cp \(image) \(crashed)
                """)
        }
        let conditions = try Ext4Image.open(crashed).conditions
        #expect(conditions.map(\.code) == [.journalNotReplayed, .journalReplayed])
        #expect(conditions.first?.message.contains("fast commits") == true)
    }

    @Test func `does not replay a damaged journal`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024 -J size=1", in: folder)
        let blocks = folder.file("blocks")
        try await HostTool.shell("head -c 2048 /dev/urandom > \(blocks)")
        try await Ext4Image.debugfs(
            ["jo -c", "jw -b 9000-9001 \(blocks)", "jw -b 9005 \(blocks)", "jc"], on: image)
        let clean = try Ext4Image.open(image)
        let journal = try clean.volume.inode(Ext4InodeNumber(8))
        let start =
            try #require(try clean.volume.extents(of: journal, in: 0..<1).first).physical.rawValue * 1024
        let whole = try FileSource(image).read(at: 0, count: 16 << 20).array
        func conditions(flipping offset: UInt64) throws -> [FileSystemCondition] {
            var bytes = whole
            bytes[Int(start + offset)] ^= 0x40
            return try Ext4FileSystem(MemorySource(bytes)).conditions
        }
        // The journal's superblock; a descriptor; a block in the log; the commit behind them.
        let places: [UInt64] = [0x30, 1024 + 30, 2048 + 5, 5 * 1024 + 0x14]
        for offset in places {
            let found = try conditions(flipping: offset)
            #expect(found.contains { $0.code == .journalNotReplayed }, "flipped \(offset): \(found)")
        }
    }

    @Test func `misses a journal on another device`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024 -O ^has_journal", in: folder)
        try await Ext4Image.debugfs(
            ["feature has_journal", "ssv journal_inum 0", "ssv journal_dev 0x701"], on: image)
        #expect(try Ext4Image.open(image).conditions.map(\.code) == [.journalNotReplayed])
    }
}
