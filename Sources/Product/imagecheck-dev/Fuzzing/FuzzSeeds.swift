import Compression

/// Small well-formed inputs in binary formats.
enum FuzzSeeds {
    static let zeros = [UInt8](repeating: 0, count: 4096)

    /// A short text, compressed.
    static let compressed: [CompressionFormat: [UInt8]] = [
        .gzip: decoded(
            "1f8b0800000000000203cb48cdc9c957c840277514327313d35393335293b3b133014da4f5d839000000"),
        .bzip2: decoded(
            "425a6839314159265359bf2e6305000010110040042aeea000310340d0115340c9a5b1445bd196965a7b430f"
                + "02c2dc07c5dc914e14242fcb98c140"),
        .xz: decoded(
            "fd377a585a0000016922de360200210116000000742fe5a3e00038001a5d00341949ee8de9560ae779993efc"
                + "fbbbce3ace84ef249d9ecc27000000004da4f5d8000132395269f3929042990d010000000001595a"),
        .lzma: decoded(
            "5d00008000ffffffffffffffff00341949ee8de9560ae779993efcfbbbce3ace84ef249da4939dfffffd5d90" + "00"),
        .lz4Legacy: decoded(
            "02214c181e0000006d68656c6c6f200600cd2c20696d616765636865636b0b0050636865636b"),
        .lzop: decoded(
            "894c5a4f000d0a1a0a104020a0094001050300000d000000006b0397f300000000002d0a0368000000390000"
                + "0028641b15400368656c6c6f202f1400092c20696d616765636865636b2a280007696d616765636865636b11"
                + "000000000000"),
        .zstd: decoded(
            "28b52ffd0468d500009068656c6c6f202c20696d616765636865636b02002e4aca5c8a63815ed3"),
    ]

    /// A qcow2 header of version 3 for a disk of 1 MiB, with its L1, L2 and reference tables; nothing is allocated.
    static let qcow2: [UInt8] = {
        var image = [UInt8](repeating: 0, count: 4 << 12)
        put([0x51, 0x46, 0x49, 0xFB], at: 0, in: &image)
        let fields: [(offset: Int, value: UInt8)] = [
            (7, 3), (23, 12), (29, 0x10), (39, 1), (46, 0x10), (54, 0x20), (59, 1), (99, 4), (103, 104),
            (0x1000, 0x80), (0x1006, 0x30), (0x2006, 0x20),
        ]
        for (offset, value) in fields { image[offset] = value }
        return image
    }()

    /// A disk whose MBR names one Linux partition.
    static let masterBootRecord: [UInt8] = {
        var disk = [UInt8](repeating: 0, count: 64 << 10)
        put([0xEB, 0x63, 0x90], at: 0, in: &disk)
        put([0x80, 0, 2, 0, 0x83, 0, 0, 0, 8, 0, 0, 0, 64, 0, 0, 0], at: 446, in: &disk)
        put([0x55, 0xAA], at: 510, in: &disk)
        return disk
    }()

    /// A cpio archive (newc) with a script and its end mark.
    static let archive: [UInt8] = {
        func member(_ name: String, mode: String, _ content: String) -> String {
            func field(_ value: Int) -> String {
                let digits = String(value, radix: 16)
                return String(repeating: "0", count: 8 - digits.count) + digits
            }
            let head =
                "070701" + field(1) + mode + field(0) + field(0) + field(1) + field(0)
                + field(content.utf8.count) + field(0) + field(0) + field(0) + field(0)
                + field(name.utf8.count + 1) + field(0) + name + "\0"
            func padded(_ text: String) -> String {
                text + String(repeating: "\0", count: (4 - text.utf8.count % 4) % 4)
            }
            return padded(head) + padded(content)
        }
        return Array(
            (member("init", mode: "000081ed", "#!/bin/sh\n") + member("a", mode: "0000a1ff", "init")
                + member("TRAILER!!!", mode: "00000000", "")).utf8)
    }()

    /// The setup header of a bzImage (Documentation/arch/x86/boot.rst).
    static let bootHeader: [UInt8] = {
        var image = [UInt8](repeating: 0, count: 4096)
        image[0x1F1] = 4
        put([0x55, 0xAA], at: 0x1FE, in: &image)
        put(Array("HdrS".utf8) + [0x0F, 0x02], at: 0x202, in: &image)
        put([0x00, 0x02], at: 0x20E, in: &image)
        put(Array("6.1.0-1-amd64 (a@b) #1".utf8), at: 0x400, in: &image)
        return image
    }()

    /// An index of kmod with a root node that has one value.
    static let moduleIndex: [UInt8] =
        [0xB0, 0x07, 0xF4, 0x57, 0, 2, 0, 1, 0xE0, 0, 0, 12]
        + Array("a\0".utf8) + [0x62, 0x62, 0x40, 0, 0, 35, 0, 0, 0, 1, 0, 0, 0, 1] + Array("kernel\0".utf8)
        + [0, 0, 0, 1, 0, 0, 0, 1] + Array("b.ko:\0".utf8)

    static let grubScript = """
        if [ -s $prefix/grubenv ]; then load_env -f $prefix/grubenv; fi
        set default="${saved_entry}"
        function f { for x in "$@" a*; do echo ${x} '$x' "\\"$x"; break 1; done; return 3; }
        while [ x$n != xxx ]; do n=x$n; f $n; done
        menuentry 'A' --class c --id a $opt { linux /boot/vmlinuz-1 a="b c"; initrd /boot/initrd-1 }
        submenu 'B' { menuentry 'C' { search --set=root --label ROOT; linux /boot/vmlinuz-2 $1; } }
        blscfg
        configfile /boot/grub/other.cfg
        """

    /// A PE program with the sections of a unified kernel image.
    static let program: [UInt8] = {
        var image = [UInt8](repeating: 0, count: 2048)
        put(Array("MZ".utf8), at: 0, in: &image)
        image[0x3C] = 0x80
        put([0x50, 0x45, 0, 0, 0x64, 0x86, 2, 0], at: 0x80, in: &image)
        image[0x80 + 20] = 0xF0
        put([0x0B, 0x02], at: 0x98, in: &image)
        image[0x98 + 68] = 10
        image[0x98 + 108] = 16
        for (index, name) in [".linux", ".cmdline"].enumerated() {
            let entry = 0x98 + 0xF0 + index * 40
            put(Array(name.utf8), at: entry, in: &image)
            put([0x10, 0, 0, 0, 0, 0x10, 0, 0, 0x10, 0, 0, 0, 0, 4, 0, 0], at: entry + 8, in: &image)
        }
        put(Array("root=/dev/vda1".utf8), at: 1024, in: &image)
        return image
    }()

    private static func put(_ bytes: [UInt8], at offset: Int, in image: inout [UInt8]) {
        image.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    private static func decoded(_ hexadecimal: String) -> [UInt8] {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }
}
