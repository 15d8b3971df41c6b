import BlockIO
import ByteReading
import FileSystemCore
import SquashFS
import SystemPackage
import TestSupport

/// Makes SquashFS images with mksquashfs and reads them both ways.
enum SquashImage {
    static let hasTools = HostTool.has("mksquashfs", "unsquashfs")
    /// Whether loop mounts are possible: the kernel is the judge then.
    static let canMount = hasTools && HostTool.isRoot && HostTool.has("mount", "umount", "losetup", "find")

    /// A shell script that fills `$D` with files of awkward sizes, links, devices, times and owners, and directories
    /// with and without an index.
    static let fill = """
        mkdir -p $D/files $D/links $D/special $D/empty
        for n in 0 1 511 4095 4096 4097 8192 70000 131072 131073 400000; do
            head -c $n /dev/urandom > $D/files/random-$n; seq 1 200000 | head -c $n > $D/files/text-$n; done
        cp $D/files/random-70000 $D/files/duplicate
        truncate -s 2500000 $D/files/sparse
        printf middle | dd of=$D/files/sparse bs=1 seek=1500001 conv=notrunc status=none
        truncate -s 1048576 $D/files/hole; truncate -s 1234567 $D/files/odd-hole
        for k in 1 255 256 257 800; do
            mkdir $D/many$k; seq -f "$D/many$k/entry-%g-with-a-name-that-takes-room" 1 $k | xargs touch
        done
        for n in 1 58 1022; do ln -s $(head -c $n /dev/zero | tr '\\0' x) $D/links/l$n; done
        echo s > $D/special/suid; ln $D/special/suid $D/special/hard; ln $D/files/text-400000 $D/special/hard-large
        mkfifo $D/special/fifo; mkdir $D/special/sticky; chmod 1777 $D/special/sticky
        echo ä > "$D/special/näme with space"; : > $D/$(head -c 255 /dev/zero | tr '\\0' n)
        touch -d @86399 $D/special/suid; touch -d @4294967295 $D/special/fifo
        """

    /// What only root can make.
    static let fillAsRoot = """
        chown 70000:100000 $D/special/suid; chmod 6755 $D/special/suid
        mknod $D/special/null c 1 3; mknod $D/special/disk b 259 1000
        setfattr -n user.note -v text $D/special/suid; setfattr -n user.note -v text $D/links
        """

    /// A tree of files in `folder`.
    static func tree(in folder: ScratchFolder) async throws -> FilePath {
        let path = folder.file("tree")
        try await HostTool.shell("D=\(path)\n\(fill)")
        if HostTool.isRoot, HostTool.has("setfattr") { try await HostTool.shell("D=\(path)\n\(fillAsRoot)") }
        return path
    }

    /// An image of `tree`.
    static func make(
        _ tree: FilePath, _ options: String, name: String = "image", in folder: ScratchFolder
    ) async throws -> FilePath {
        let path = folder.file(name)
        try await HostTool.shell("mksquashfs \(tree) \(path) -noappend -no-progress -quiet \(options)")
        return path
    }

    static func open(_ image: FilePath) throws -> SquashFileSystem {
        try SquashFileSystem(CachedSource(try FileSource(image)))
    }
}
