import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import Testing

@testable import GuestInspection

/// `/lib/modules` of the root file system.
@Suite struct ModuleTreeTests {
    private static let release = "5.14.0-503.el9.x86_64"

    private func tree(_ fill: (inout MemoryFileSystem, String) -> Void) -> ModuleTree {
        var disk = MemoryFileSystem(uuid: "feed")
        let directory = "usr/lib/modules/\(Self.release)"
        fill(&disk, directory)
        return ModuleTree(
            reader: GuestReader(tree: FileTree(root: disk)), version: Self.release,
            bootDirectory: GuestPath("/boot"))
    }

    private func lists(_ disk: inout MemoryFileSystem, _ directory: String) {
        disk.file(
            "\(directory)/modules.dep",
            "kernel/virtio_blk.ko.xz:\nweak-updates/ena/ena.ko.xz:\nextra/gone.ko.xz:\n")
        disk.file("\(directory)/modules.builtin", "kernel/fs/ext4/ext4.ko\n")
        disk.file("\(directory)/kernel/virtio_blk.ko.xz")
    }

    @Test("Trap 14: a link in weak-updates into the tree of another kernel is the module")
    func weakUpdates() {
        let modules = tree {
            $0.link("lib", "usr/lib")
            lists(&$0, $1)
            $0.file("usr/lib/modules/5.14.0-70.el9.x86_64/extra/ena/ena.ko.xz")
            $0.link(
                "\($1)/weak-updates/ena/ena.ko.xz", "/lib/modules/5.14.0-70.el9.x86_64/extra/ena/ena.ko.xz")
            $0.link("\($1)/extra/gone.ko.xz", "/lib/modules/no/gone.ko.xz")
        }
        #expect(modules.presence == .yes)
        #expect(modules.module("ena") != nil)
        #expect(modules.module("gone") == nil)
        #expect(modules.absenceEvidence("gone")?.excerpt?.contains("does not exist") == true)
    }

    @Test("Trap 15: /lib may be an absolute link; a dangling one hides all modules")
    func links() {
        for target in ["usr/lib", "/usr/lib", "../usr/lib"] {
            let modules = tree {
                $0.link("lib", target)
                lists(&$0, $1)
            }
            #expect(modules.presence == .yes && modules.module("virtio_blk") != nil, "\(target)")
            #expect(modules.builtinEvidence("ext4") != nil)
        }
        for target in ["usr/lib64", "/mnt/usr/lib"] {
            let modules = tree {
                $0.link("lib", target)
                lists(&$0, $1)
            }
            #expect(modules.presence == .no && modules.module("virtio_blk") == nil, "\(target)")
        }
    }

    @Test("Trap 1: built in by the configuration where no list says it")
    func configuration() {
        let modules = tree {
            $0.link("lib", "usr/lib")
            $0.file("\($1)/modules.dep", "kernel/other.ko:\n")
            $0.file("boot/config-\(Self.release)", "CONFIG_VIRTIO_BLK=y\nCONFIG_EXT4_FS=m\n")
        }
        #expect(modules.builtinEvidence("virtio_blk")?.path == "/boot/config-\(Self.release)")
        #expect(modules.builtinEvidence("ext4") == nil)
        #expect(modules.gap == nil)
        // Neither list nor configuration: nobody can say what is missing.
        let bare = tree {
            $0.link("lib", "usr/lib")
            $0.file("\($1)/modules.dep", "kernel/other.ko:\n")
        }
        #expect(bare.gap != nil)
    }
}
