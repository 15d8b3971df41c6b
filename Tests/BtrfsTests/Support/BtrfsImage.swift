import BlockIO
import Btrfs
import ByteReading
import FileSystemCore
import Glibc
import SystemPackage
import TestSupport

/// Makes btrfs images with the tools of btrfs-progs and reads them both ways.
enum BtrfsImage {
    static let hasTools = HostTool.has("mkfs.btrfs", "btrfs", "python3")
    /// Whether loop mounts are possible: the kernel is the judge then.
    static let canMount = hasTools && getuid() == 0 && HostTool.has("mount", "umount", "losetup", "getfattr")

    static func open(_ images: [FilePath]) throws -> BtrfsFileSystem {
        var sources: [any BlockSource] = []
        for image in images { sources.append(CachedSource(try FileSource(image))) }
        return try BtrfsFileSystem(sources)
    }

    /// Empty image files.
    static func files(_ count: Int, size: String, in folder: ScratchFolder) async throws -> [FilePath] {
        let files = (0..<count).map { folder.file("disk\($0)") }
        for file in files { try await HostTool.shell("truncate -s \(size) \(file)") }
        return files
    }

    /// Formats and fills: `script` runs with the mount point as `$D`, and where given with `$L`, the loop devices.
    static func make(
        _ options: String, devices: Int = 1, size: String = "256M", mount: String = "", _ script: String,
        in folder: ScratchFolder
    ) async throws -> [FilePath] {
        let files = try await files(devices, size: size, in: folder)
        try await HostTool.shell("mkfs.btrfs -q -f \(options) \(list(files))")
        try await mounted(files, options: mount, in: folder) { point in
            try await HostTool.shell("D=\(point)\n\(script)")
        }
        return files
    }

    static func list(_ files: [FilePath]) -> String { files.map(\.description).joined(separator: " ") }

    /// Attaches and mounts the images, runs `body` with the mount point, and undoes it whatever happens.
    @discardableResult
    static func mounted<Value: Sendable>(
        _ images: [FilePath], options: String = "", in folder: ScratchFolder,
        _ body: (FilePath) async throws -> Value
    ) async throws -> Value {
        let point = folder.file("mnt")
        let loops = try await HostTool.shell(
            "for f in \(list(images)); do losetup -f --show $f; done"
        ).split(separator: "\n").map(String.init)
        // Forgotten again, because copies of a file system have the same identity.
        let devices = loops.joined(separator: " ")
        let detach = "btrfs device scan --forget \(devices) 2>/dev/null || :; losetup -d \(devices)"
        do {
            var all = loops.map { "device=\($0)" }
            if !options.isEmpty { all.append(options) }
            let value = try await HostMount.during(
                "mount -t btrfs -o \(all.joined(separator: ",")) \(loops[0]) \(point)", on: point, body)
            try await HostTool.shell(detach)
            return value
        } catch {
            _ = try? await HostTool.shell(detach)
            throw error
        }
    }

    /// A shell script that fills `$D` with files of awkward sizes, links, devices, times, owners and attributes.
    static let fill = """
        mkdir -p $D/files $D/links $D/special $D/many $D/few/a/b
        for n in 0 1 59 100 2047 2048 2049 3900 4095 4096 4097 13000 70000 131072 131073 400000 1500000; do
            head -c $n /dev/urandom > $D/files/r$n; seq 1 300000 | head -c $n > $D/files/t$n; done
        truncate -s 2500000 $D/files/sparse
        printf middle | dd of=$D/files/sparse bs=1 seek=1500001 conv=notrunc status=none
        truncate -s 123456 $D/files/hole; fallocate -l 300000 $D/files/allocated
        printf x | dd of=$D/files/allocated bs=1 seek=70001 conv=notrunc status=none
        cp --reflink=always $D/files/t400000 $D/files/clone
        printf y | dd of=$D/files/clone bs=1 seek=200001 conv=notrunc status=none
        truncate -s 300001 $D/files/clone
        i=0; while [ $i -lt 320 ]; do : > $D/many/entry-$i-with-a-name-that-takes-room; i=$((i+1)); done
        rm $D/many/entry-1*; for i in 1 2 3; do echo $i > $D/few/e$i; done
        for n in 1 58 59 60 61 200 900 3000; do ln -s $(head -c $n /dev/zero | tr '\\0' x) $D/links/l$n || :; done
        echo s > $D/special/suid; chown 70000:100000 $D/special/suid; chmod 6755 $D/special/suid
        mkfifo $D/special/fifo; mkdir $D/special/sticky; chmod 1777 $D/special/sticky
        mknod $D/special/null c 1 3
        i=0; while [ $i -lt 90 ]; do ln $D/special/suid $D/special/hard-$i-with-a-name-that-takes-room || break; i=$((i+1)); done
        echo ä > "$D/special/näme with space"
        for t in -300000000 2147483653 4294967373; do : > $D/special/t$t; touch -d @$t $D/special/t$t; done
        setfattr -n user.a -v value $D/files/t100; setfattr -n user.empty $D/files/t100
        setfattr -n user.long -v $(head -c 1500 /dev/zero | tr '\\0' v) $D/files/t100
        setfattr -n user.d -v dir $D/few; setfattr -n trusted.t -v t $D/few/a
        """
}
