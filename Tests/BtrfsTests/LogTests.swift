import BlockIO
import Btrfs
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

/// Images taken after an fsync and before a commit: the kernel replays the log of one copy, this package that of
/// another.
@Suite(.enabled(if: BtrfsImage.canMount), .serialized)
struct LogTests {
    private static let before = """
        mkdir -p $D/dir/sub $D/other; seq 1 20000 > $D/dir/kept; seq 1 9000 > $D/dir/changed
        echo a > $D/dir/old; echo b > $D/dir/removed; echo c > $D/dir/linked; ln $D/dir/linked $D/dir/second
        i=0; while [ $i -lt 100 ]; do echo $i > $D/dir/n$i; i=$((i+1)); done
        setfattr -n user.a -v 1 $D/dir/changed; setfattr -n user.b -v 2 $D/dir/changed
        seq 1 40000 > $D/dir/holes; echo x > $D/other/x
        btrfs subvolume create $D/volume >/dev/null; echo s > $D/volume/s; sync
        """

    private static let fsync = """
        f() { python3 -c 'import os,sys
        for p in sys.argv[1:]: os.fsync(os.open(p, os.O_RDONLY))' "$@"; }

        """

    @Test(arguments: [
        "echo new > $D/dir/new; f $D/dir/new",
        "seq 5 30000 > $D/dir/changed; setfattr -x user.a $D/dir/changed; setfattr -n user.c -v 3 $D/dir/changed; f $D/dir/changed",
        "printf hello | dd of=$D/dir/kept bs=1 seek=50000 conv=notrunc status=none; f $D/dir/kept",
        "mv $D/dir/old $D/dir/renamed; f $D/dir/renamed",
        "rm $D/dir/removed $D/dir/n1*; echo z > $D/dir/zz; f $D/dir",
        "ln $D/dir/linked $D/other/third; f $D/dir/linked; rm $D/dir/second; f $D/dir/linked",
        "truncate -s 1000 $D/dir/kept; f $D/dir/kept",
        "fallocate -p -o 8192 -l 40960 $D/dir/holes; truncate -s 700000 $D/dir/holes; f $D/dir/holes",
        "mkdir $D/dir/fresh; echo q > $D/dir/fresh/q; ln -s q $D/dir/fresh/link; f $D/dir/fresh/q $D/dir/fresh $D/dir",
        "echo t > $D/volume/t; f $D/volume/t; echo u > $D/top; f $D/top; chmod 600 $D/volume/s; f $D/volume/s",
        "head -c 300000 /dev/urandom > $D/tmp; f $D/tmp; mv $D/tmp $D/dir/changed; f $D/dir/changed",
        "mv $D/dir/n5 $D/other/n5; mv $D/dir/n6 $D/dir/n5; f $D/dir/n5 $D/other/n5",
        "i=0; while [ $i -lt 200 ]; do ln $D/dir/linked $D/other/a-long-name-$i; i=$((i+1)); done; f $D/dir/linked",
    ])
    func `replays what the kernel replays`(_ change: String) async throws {
        let folder = try await ScratchFolder()
        let images = try await BtrfsImage.files(1, size: "160M", in: folder)
        let copy = folder.file("copy")
        try await HostTool.shell("mkfs.btrfs -q -f \(images[0])")
        try await BtrfsImage.mounted(images, options: "commit=300", in: folder) { point in
            try await HostTool.shell("D=\(point)\n\(LogTests.before)")
            try await HostTool.shell(
                "D=\(point)\n\(LogTests.fsync)\(change)\ncp --sparse=always \(images[0]) \(copy)")
        }
        let again = folder.file("again")
        try await HostTool.shell("cp --sparse=always \(copy) \(again)")
        let expected = try await BtrfsImage.mounted([again], in: folder) { point in
            try await Listing.ofDirectory(point)
        }
        let fileSystem = try BtrfsImage.open([copy])
        // Some changes make the kernel commit everything instead.
        let dump = try await HostTool.shell("btrfs inspect-internal dump-super \(copy)")
        let isClean = dump.contains("log_root\t\t0\n")
        #expect(fileSystem.conditions.map(\.code) == (isClean ? [] : [.journalReplayed]))
        let found = try Listing.of(fileSystem)
        #expect(Set(found).symmetricDifference(expected).sorted().prefix(8) == [])
        // Boot loaders see it without the log.
        let stored = try fileSystem.stored()
        #expect(stored.conditions.isEmpty)
        #expect((try Listing.of(stored) == found) == isClean)
    }
}
