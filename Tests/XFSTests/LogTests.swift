import BlockIO
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

@testable import XFS

/// Volumes that were in use: what the kernel shows after it replayed a copy is what must be read from the
/// image as it is.
@Suite(.enabled(if: XFSImage.canMount), .serialized)
struct LogTests {
    /// Mounts, runs `work`, and stops the file system in the middle of it; then compares.
    private func compare(
        _ options: String, mount: String = "", size: String = "100M", _ work: String,
        shutdown: String = "shutdown -f"
    ) async throws -> XFSFileSystem {
        let folder = try await ScratchFolder()
        let image = try await XFSImage.make(options, size: size, in: folder)
        try await XFSImage.mounted(image, options: mount, in: folder) { point in
            try await HostTool.shell("D=\(point)\n\(work)\nxfs_io -x -c '\(shutdown)' $D")
        }
        let copy = folder.file("copy")
        try await HostTool.shell("cp --sparse=always \(image) \(copy)")
        let expected = try await XFSImage.mounted(copy, in: folder) { point in
            try await Listing.ofDirectory(point)
        }
        let fileSystem = try XFSImage.open(image)
        #expect(
            fileSystem.conditions.map(\.code) == [.journalReplayed], "\(fileSystem.conditions)")
        let found = try Listing.of(fileSystem)
        let missing = Set(expected).subtracting(found).sorted().prefix(5)
        let extra = Set(found).subtracting(expected).sorted().prefix(5)
        #expect(missing.isEmpty && extra.isEmpty, "missing \(missing), extra \(extra)")
        #expect(found.count > 10)
        // Without the log it is another tree, or the test shows nothing.
        let stored = try fileSystem.stored()
        #expect(!stored.conditions.contains { $0.code == .journalReplayed })
        let names = try? stored.list(stored.root)
        let replayedNames = try fileSystem.list(fileSystem.root)
        #expect(names?.count != replayedNames.count)
        return fileSystem
    }

    @Test(arguments: [
        ("", ""), ("-b size=1024 -n size=4096 -m rmapbt=1", "logbsize=256k"),
        ("-m bigtime=0,reflink=0,finobt=0,inobtcount=0 -i sparse=0", "logbsize=64k"),
        ("-s size=4096 -i nrext64=1,size=1024 -m rmapbt=1", ""),
        ("-l version=2,su=32k", "logbsize=128k"),
    ])
    func `replays what the kernel replays`(_ options: String, _ mount: String) async throws {
        _ = try await compare(
            options, mount: mount,
            """
            \(XFSImage.fill)
            sync $D/files/f70000 $D/files/unwritten
            rm -r $D/many120 $D/few; mv $D/many30 $D/moved; rm $D/many1200/entry-1*
            """)
    }

    /// Directories that are removed make their blocks void; files take them over.
    @Test func `leaves out what became void`() async throws {
        let fileSystem = try await compare(
            "-b size=1024",
            """
            : > $D/kept; sync -f $D
            for round in 1 2 3 4; do
                for d in a b c d e f; do mkdir $D/$d; seq -f "$D/$d/entry-$round-%g-with-a-long-name" 1 200 | xargs touch; done
                rm -r $D/a $D/c $D/e; head -c 200000 /dev/urandom > $D/data$round; sync $D/data$round
                rm -r $D/b $D/d $D/f
            done
            for n in 1 2 3 4 5 6 7 8 9 10 11 12; do mkdir $D/last$n; done
            """)
        #expect(try fileSystem.lookup("last12", in: fileSystem.root) != nil)
    }

    /// The ends of the log are found on either side of its end.
    @Test func `replays a log that goes around its end`() async throws {
        let fileSystem = try await compare(
            "-b size=4096 -i size=2048", size: "64M",
            """
            : > $D/kept; round=0
            while [ $round -lt 14 ]; do
                mkdir $D/d; seq -f "$D/d/entry-$round-%g-with-a-long-name" 1 700 | xargs touch
                sync -f $D; rm -r $D/d; round=$((round+1))
            done
            mkdir $D/d; seq -f "$D/d/entry-%g" 1 300 | xargs touch
            for n in 1 2 3 4 5 6 7 8 9 10 11 12; do mkdir $D/last$n; done
            """)
        let ends = try XFSLogEnds(of: XFSLogArea(fileSystem.volume))
        let area = try XFSLogArea(fileSystem.volume)
        #expect(try area.cycle(of: 0) > 1)
        #expect(ends.head != ends.tail)
    }

    /// A file whose size reached the log and one whose did not.
    @Test func `replays what was synchronised and no more`() async throws {
        _ = try await compare(
            "",
            """
            for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $n > $D/early$n; done
            head -c 50000 /dev/urandom > $D/safe; xfs_io -c fsync $D/safe
            head -c 50000 /dev/urandom > $D/lost
            """, shutdown: "shutdown")
    }

    /// Damage to the last records is a write that was cut short; damage further back is a log that cannot be
    /// used.
    @Test func `tells torn records from damage`() async throws {
        let folder = try await ScratchFolder()
        let image = try await XFSImage.make("", in: folder)
        try await XFSImage.mounted(image, in: folder) { point in
            try await HostTool.shell(
                "D=\(point)\n\(XFSImage.fill)\nxfs_io -x -c 'shutdown -f' $D")
        }
        let source = CachedSource(try FileSource(image))
        let volume = try XFSFileSystem(source).volume
        let area = try XFSLogArea(
            XFSVolume(source: source, overlay: nil, superblock: volume.superblock, log: ConditionLog()))
        let ends = try XFSLogEnds(of: area)
        let lastByte = area.offset(of: area.block(ends.head, plus: area.blockCount - 1)) + 40
        let torn = PatchedSource(source, patches: [(lastByte, [0x5A, 0x5A, 0xA5])])
        let conditions = try XFSFileSystem(torn).conditions
        #expect(conditions.map(\.code) == [.journalReplayed])
        #expect(conditions.first?.message.contains("torn") == true)
        let early = area.offset(of: ends.tail) + 512 + 40
        let damaged = PatchedSource(source, patches: [(early, [0x5A, 0x5A, 0xA5])])
        #expect(try XFSFileSystem(damaged).conditions.map(\.code) == [.journalNotReplayed])
    }
}
