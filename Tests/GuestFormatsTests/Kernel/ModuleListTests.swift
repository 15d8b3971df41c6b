import ByteReading
import Compression
import GuestFormats
import TestSupport
import Testing

private func bytes(_ text: String) -> Bytes { Bytes(Array(text.utf8)) }

/// A trie in kmod's form with one key of one character per level.
private func index(_ key: String, _ value: String) -> [UInt8] {
    func big(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }
    let characters = Array(key.utf8)
    var result = big(0xB007_F457) + big(0x0002_0001)
    // The root has one child, which has the rest of the key as its prefix.
    result += big(0x2000_000C)
    result += [characters[0], characters[0]] + big(0xC000_0012)
    result += characters.dropFirst() + [0] + big(1) + big(0) + Array(value.utf8) + [0]
    return result
}

@Suite struct ModuleListTests {
    @Test func readsNames() {
        #expect(ModuleName.module(atPath: "kernel/drivers/block/virtio-blk.ko.zst")?.name == "virtio_blk")
        #expect(ModuleName.module(atPath: "a.ko")?.compression == CompressionFormat.none)
        #expect(ModuleName.module(atPath: ".ko") == nil)
        #expect(ModuleName.module(atPath: "lib/a.so") == nil)
    }

    @Test func readsDependencies() throws {
        let text =
            "kernel/d/virtio_blk.ko.xz: kernel/d/virtio.ko.xz kernel/d/virtio_ring.ko.xz\r\nkernel/a-b.ko:\n"
        let list = ModuleDependencies(parsing: bytes(text))
        #expect(list.entries.count == 2)
        #expect(list.dependencies(of: "virtio-blk") == ["virtio", "virtio_ring"])
        #expect(list["a_b"]?.path == "kernel/a-b.ko")
        #expect(list.dependencies(of: "none") == nil)
        let binary = try ModuleDependencies(
            parsingIndex: Bytes(index("x_y", "kernel/x-y.ko: kernel/z.ko")))
        #expect(binary.dependencies(of: "x-y") == ["z"])
    }

    @Test func survivesDamagedIndexes() {
        let good = index("x_y", "kernel/x-y.ko: kernel/z.ko")
        for length in 0..<good.count {
            #expect(throws: ImageFault.self) {
                try ModuleDependencies(parsingIndex: Bytes(Array(good[..<length])))
            }
        }
        for position in good.indices {
            for bit in 0..<8 {
                var flipped = good
                flipped[position] ^= 1 << UInt8(bit)
                _ = try? ModuleDependencies(parsingIndex: Bytes(flipped))
            }
        }
    }

    @Test func matchesAliases() {
        let list = ModuleAliases(
            parsing: bytes(
                """
                # Aliases
                alias virtio:d00000002v* virtio_blk
                alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio-pci
                alias pci:v*d*sv*sd*bc01sc08i02* nvme
                alias scsi:t-0x00* sd_mod
                alias *:t-0x07* odd

                """))
        #expect(list.modules(matching: ModuleAliases.Device.virtioBlock.rawValue) == ["virtio_blk"])
        #expect(list.modules(matching: ModuleAliases.Device.virtioPCI.rawValue) == ["virtio_pci"])
        #expect(list.modules(matching: ModuleAliases.Device.nvme.rawValue) == ["nvme"])
        #expect(list.modules(matching: ModuleAliases.Device.scsiDisk.rawValue) == ["sd_mod"])
        #expect(list.modules(matching: ModuleAliases.Device.virtioNetwork.rawValue) == [])
        #expect(list.modules(matching: "scsi:t-0x07") == ["odd"])
    }

    @Test(arguments: [
        ("a*c", "abbbc", true), ("a*c", "abbb", false), ("*", "", true), ("?", "", false),
        ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false), ("[]]", "]", true), ("[", "[", true), ("\\*", "*", true),
        ("\\*", "a", false),
        ("*a*b*", "xxaxxbxx", true), ("*a*b", "abab", true), ("", "", true), ("a", "", false),
    ])
    func globs(_ pattern: String, _ text: String, _ expected: Bool) {
        #expect(Glob.matches(pattern, text) == expected)
    }

    @Test func readsBuiltinsAndSoftDependencies() {
        let builtin = BuiltinModules(parsing: bytes("kernel/drivers/virtio/virtio-pci.ko\n\nkernel/x.ko\n"))
        #expect(builtin.contains("virtio_pci") && builtin.contains("x") && !builtin.contains("y"))
        let soft = ModuleSoftDependencies(
            parsing: bytes("# c\nsoftdep ext4 pre: crypto-crc32c post: a b\nsoftdep cifs gcm\nsoftdep\n"))
        #expect(soft.entries["ext4"]?.before == ["crypto-crc32c"])
        #expect(soft.entries["ext4"]?.after == ["a", "b"])
        #expect(soft.entries["cifs"]?.before == ["gcm"])
    }

    @Test func readsConfigurations() {
        let config = KernelConfig(
            parsing: bytes(
                """
                #
                # Linux/x86 6.1.0-9-amd64 Kernel Configuration
                #
                CONFIG_VIRTIO_BLK=m
                CONFIG_VIRTIO_PCI=y
                # CONFIG_XFS_FS is not set
                CONFIG_LSM="lockdown,yama"
                CONFIG_HZ=250
                CONFIG_BAD
                """))
        #expect(config.version == "6.1.0-9-amd64")
        #expect(config["VIRTIO_BLK"] == .module)
        #expect(config.driver("virtio-pci") == .builtIn)
        #expect(config.driver("xfs") == nil)
        #expect(KernelConfig.knowsDriver("xfs") && !KernelConfig.knowsDriver("nothing"))
        #expect(config["LSM"] == .text("lockdown,yama"))
        #expect(config["HZ"] == .text("250"))
        #expect(config.count == 4)
    }

    @Test func readsModprobeRules() throws {
        let configuration = ModprobeConfiguration(files: [
            ("usr/lib/modprobe.d/a.conf", bytes("blacklist virtio-blk\n")),
            ("etc/modprobe.d/a.conf", bytes("# hides the other\noptions nvme_core io_timeout=255\n")),
            (
                "etc/modprobe.d/b.conf",
                bytes("install vfat \\\n /bin/true\n  install udf /bin/false\ninstall snd modprobe x && y\n")
            ),
            ("etc/modprobe.d/README", bytes("blacklist readme\n")),
            ("etc/modprobe.d/c.conf", bytes("alias floppy off\nblacklist  xfs\n")),
        ])
        #expect(configuration.blacklist("virtio_blk") == nil)
        #expect(configuration.options(for: "nvme-core") == ["io_timeout=255"])
        #expect(configuration.disablingInstall("vfat")?.line == 1)
        #expect(configuration.disablingInstall("udf")?.line == 3)
        #expect(configuration.disablingInstall("snd") == nil)
        #expect(configuration.disablingAlias("floppy") != nil)
        #expect(configuration.blacklist("xfs")?.file == "etc/modprobe.d/c.conf")
        #expect(configuration.blacklist("readme") == nil)
    }

    /// Real lists: `IMAGECHECK_MODULES` names a `/lib/modules/K`; text and binary must say the same.
    @Test(.enabled(if: FixtureTool.environment("IMAGECHECK_MODULES") != nil))
    func textAndBinaryListsAgree() throws {
        let directory = try #require(FixtureTool.environment("IMAGECHECK_MODULES"))
        func file(_ name: String) throws -> Bytes { Bytes(try FixtureTool.contents(directory + "/" + name)) }
        let text = ModuleDependencies(parsing: try file("modules.dep"))
        let binary = try ModuleDependencies(parsingIndex: try file("modules.dep.bin"))
        #expect(text.entries == binary.entries && text.entries.count > 100)
        #expect(
            BuiltinModules(parsing: try file("modules.builtin")).names
                == (try BuiltinModules(parsingIndex: try file("modules.builtin.bin"))).names)
        let aliases = ModuleAliases(parsing: try file("modules.alias"))
        let binaryAliases = try ModuleAliases(parsingIndex: try file("modules.alias.bin"))
        for device in ModuleAliases.Device.allCases {
            let modules = aliases.modules(matching: device.rawValue)
            #expect(!modules.isEmpty, "\(device)")
            #expect(Set(binaryAliases.modules(matching: device.rawValue)) == Set(modules))
        }
    }
}
