import BlockIO
import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import Testing

@testable import GuestInspection

/// A machine with an EFI system partition and a root file system.
private struct Machine {
    var system = MemoryFileSystem(kind: "vfat", uuid: "ABCD-1234")
    var root = MemoryFileSystem(uuid: "feed")
    var extended: MemoryFileSystem?
    var architecture = "x86_64"

    init() {
        root.system()
        root.file("lib/modules/6.1.0-9-amd64/modules.dep")
    }

    var layout: DiskLayout {
        var volumes = [
            Compose.partition(1, "vfat", uuid: "ABCD-1234"), Compose.partition(2, "ext4", uuid: "feed"),
        ]
        var systems = ["gpt:1": system, "gpt:2": root]
        if let extended {
            volumes.append(Compose.partition(3, extended.kind))
            systems["gpt:3"] = extended
        }
        var layout = Compose.layout(volumes, systems)
        var sectors = [UInt8](repeating: 0, count: 4096)
        sectors.replaceSubrange(510..<512, with: [0x55, 0xAA])
        layout.disk = MemorySource(sectors)
        layout.image.partitions?.partitions = [
            PartitionFacts(
                number: 1, offset: 1 << 20, size: 1 << 20, type: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
                isEFISystem: true, volume: "gpt:1"),
            PartitionFacts(
                number: 3, offset: 3 << 20, size: 1 << 20, type: "BC13C2FF-59E6-4262-A352-B275FD6F7172",
                volume: "gpt:3"),
        ]
        return layout
    }

    func inspect() -> BootFacts {
        let layout = layout
        let reader = GuestReader(tree: FileTree(root: root))
        var mounts = MountTable(root: "gpt:2")
        mounts.add("gpt:1", subvolume: "", at: GuestPath("/efi"))
        return BootInspection(
            reader: reader, layout: layout,
            files: BootFiles(disk: GrubDisk(layout: layout, mendsPartitionTable: true), mounts: mounts),
            resolver: DeviceResolver(volumes: layout.image.volumes) { _ in .no }, architecture: architecture
        ).inspect().facts
    }
}

private let root = "root=UUID=feed ro"

private func withSystemdBoot() -> Machine {
    var machine = Machine()
    machine.system.file("EFI/BOOT/BOOTX64.EFI", bytes: BootPrograms.systemdBoot)
    machine.system.file("debian/linux", bytes: BootPrograms.kernel())
    machine.system.file("debian/initrd", "not an archive")
    machine.system.file(
        "loader/entries/debian.conf",
        "title Debian\nlinux /debian/linux\ninitrd /debian/initrd\noptions \(root)\n")
    return machine
}

@Suite struct BootInspectionTests {
    @Test func systemdBootLeadsToAnEntry() throws {
        let facts = withSystemdBoot().inspect()
        let path = facts.uefi
        #expect(path.isPresent == .yes)
        #expect(path.loader == "systemd-boot")
        #expect(path.steps.allSatisfy { $0.state == .holds }, "\(path.steps)")
        let entry = try #require(path.entry)
        #expect(entry.kernelPath == "/efi/debian/linux")
        #expect(entry.initramfsPaths == ["/efi/debian/initrd"])
        #expect(entry.commandLine.text == root)
        #expect(entry.commandLine.evidence.path == "/efi/loader/entries/debian.conf")
        #expect(entry.commandLine.evidence.line == 4)
        #expect(entry.commandLine.root?.resolution == .volume("gpt:2"))
        let kernel = try #require(facts.kernels["/efi/debian/linux"])
        #expect(kernel.image == .good)
        #expect(kernel.version == "6.1.0-9-amd64")
        #expect(kernel.modulesPresent == .yes)
        #expect(path.programs.map(\.role) == ["systemdBoot", "kernel"])
        #expect(facts.bios.isPresent == .no)
    }

    @Test func aMissingArchiveBreaksTheStart() throws {
        var machine = withSystemdBoot()
        machine.system.file(
            "loader/entries/debian2.conf", "linux /debian/linux\ninitrd /gone\nsort-key a\n")
        let path = machine.inspect().uefi
        #expect(path.steps.last?.code == "Grub.InitrdMissing")
        #expect(path.steps.last?.evidence.first?.path == "/efi/loader/entries/debian2.conf")
        #expect(path.entry?.initramfsPaths == ["/efi/gone"])
        #expect(path.entry?.problems.isEmpty == true)
    }

    @Test func aMissingKernelIsSaidOfTheEntry() throws {
        var machine = Machine()
        machine.system.file("EFI/BOOT/BOOTX64.EFI", bytes: BootPrograms.systemdBoot)
        machine.system.file("loader/entries/a.conf", "linux /gone\n")
        let facts = machine.inspect()
        let entry = try #require(facts.uefi.entry)
        #expect(entry.problems.map(\.code) == ["Grub.KernelMissing"])
        #expect(facts.kernels["/efi/gone"]?.image == .missing)
        machine.system = MemoryFileSystem(kind: "vfat")
        machine.system.file("EFI/BOOT/BOOTX64.EFI", bytes: BootPrograms.systemdBoot)
        #expect(machine.inspect().uefi.steps.last?.code == "Grub.ConfigMissing")
    }

    @Test func theExtendedPartition() throws {
        var machine = Machine()
        machine.system.file("EFI/BOOT/BOOTX64.EFI", bytes: BootPrograms.systemdBoot)
        var extended = MemoryFileSystem(kind: "vfat")
        extended.file("vmlinuz", bytes: BootPrograms.kernel())
        extended.file("loader/entries/a.conf", "linux /vmlinuz\noptions \(root)\n")
        machine.extended = extended
        #expect(machine.inspect().uefi.entry?.kernelPath == "(hd0,gpt3)/vmlinuz")
        // Firmware does not read ext4, and there is no driver for it.
        machine.extended?.kind = "ext4"
        #expect(machine.inspect().uefi.steps.last?.code == "Grub.ConfigMissing")
        machine.system.file("EFI/systemd/drivers/ext4_x64.efi")
        #expect(machine.inspect().uefi.steps.last?.state == .unknown)
    }

    @Test("Trap 32: a unified kernel image has its own command line")
    func aUnifiedKernelImage() throws {
        var machine = Machine()
        machine.root.file("etc/kernel/cmdline", "root=UUID=other")
        machine.system.file(
            "EFI/BOOT/BOOTX64.EFI", bytes: BootPrograms.unified(root, isSigned: true))
        let facts = machine.inspect()
        #expect(facts.uefi.loader == "unified kernel image")
        let entry = try #require(facts.uefi.entry, "\(facts.uefi.steps)")
        #expect(entry.commandLine.text == root)
        #expect(entry.title == "Debian")
        #expect(entry.kernelPath == "/efi/EFI/BOOT/BOOTX64.EFI")
        #expect(entry.initramfsPaths == ["/efi/EFI/BOOT/BOOTX64.EFI › .initrd"])
        let kernel = try #require(facts.kernels["/efi/EFI/BOOT/BOOTX64.EFI"])
        #expect(kernel.image == .good)
        #expect(kernel.version == "6.1.0-9-amd64")
        // Three bytes that are no archive: it was opened as a part of the file.
        #expect(facts.initramfs["/efi/EFI/BOOT/BOOTX64.EFI › .initrd"]?.state == .corrupt)
        #expect(facts.uefi.programs.map(\.isSigned) == [true])
    }

    @Test func anImageAsAnEntryOfSystemdBoot() throws {
        var machine = Machine()
        machine.system.file("EFI/BOOT/BOOTX64.EFI", bytes: BootPrograms.systemdBoot)
        machine.system.file("EFI/Linux/debian.efi", bytes: BootPrograms.unified(root))
        let path = machine.inspect().uefi
        #expect(path.loader == "systemd-boot, unified kernel image")
        #expect(path.entry?.commandLine.text == root)
        #expect(path.entry?.initramfsPaths == ["/efi/EFI/Linux/debian.efi › .initrd"])
        // An entry with options of its own: they go before those in the image.
        machine.system.file(
            "loader/entries/z.conf", "efi /EFI/Linux/debian.efi\noptions root=UUID=x\nsort-key a\n")
        #expect(machine.inspect().uefi.entry?.commandLine.text == "root=UUID=x")
        // What lies beside the image may add to its command line.
        machine.system.file("EFI/Linux/debian.efi.extra.d/a.addon.efi")
        #expect(machine.inspect().uefi.notes.map(\.code) == ["Grub.Uncertain"])
    }

    @Test func anImageWithoutACommandLineOrArchive() throws {
        var machine = Machine()
        machine.system.file("EFI/BOOT/BOOTX64.EFI", bytes: BootPrograms.unified(nil, initrd: nil))
        let entry = try #require(machine.inspect().uefi.entry)
        #expect(entry.commandLine.text == "")
        #expect(entry.commandLine.root == nil)
        #expect(entry.initramfsPaths.isEmpty)
    }

    @Test func aKernelAtTheRemovablePath() throws {
        var machine = Machine()
        machine.system.file("EFI/BOOT/BOOTX64.EFI", bytes: BootPrograms.kernel())
        // Nobody knows what is built in.
        #expect(machine.inspect().uefi.steps.last?.state == .unknown)
        machine.root.file("boot/config-6.1.0-9-amd64", "# CONFIG_CMDLINE_BOOL is not set\n")
        #expect(try #require(machine.inspect().uefi.entry).commandLine.text == "")
        var other = Machine()
        other.system.file("EFI/BOOT/BOOTX64.EFI", bytes: BootPrograms.kernel())
        other.root.file(
            "boot/config-6.1.0-9-amd64", "CONFIG_CMDLINE_BOOL=y\nCONFIG_CMDLINE=\"root=/dev/vda2\"\n")
        #expect(try #require(other.inspect().uefi.entry).commandLine.text == "root=/dev/vda2")
    }

    @Test func systemdBootTakesNoKernelForAnotherProcessor() {
        var machine = withSystemdBoot()
        machine.system = MemoryFileSystem(kind: "vfat")
        machine.system.file(
            "EFI/BOOT/BOOTAA64.EFI",
            bytes: BootPrograms.program(
                [(".sdmagic", Array("#### LoaderInfo: systemd-boot 252 ####\0".utf8))], machine: 0xAA64))
        machine.system.file("vmlinuz", bytes: BootPrograms.kernel())
        machine.system.file("loader/entries/a.conf", "linux /vmlinuz\n")
        machine.architecture = "arm64"
        #expect(machine.inspect().uefi.steps.last?.code == "Grub.ImageInvalid")
    }

    @Test func arm64StartsOnlyItsOwnProgram() {
        var machine = withSystemdBoot()
        machine.architecture = "arm64"
        #expect(machine.inspect().uefi.steps.last?.code == "EfiFallback.Missing")
    }

    @Test("Trap 19: a menu of PV-GRUB counts only where nothing else starts")
    func theMenuOfPVGrub() {
        var machine = Machine()
        machine.root.file("boot/grub/menu.lst", "title x\n")
        #expect(machine.inspect().xenMenu?.path == "/boot/grub/menu.lst")
        var other = withSystemdBoot()
        other.root.file("boot/grub/menu.lst", "title x\n")
        #expect(other.inspect().xenMenu == nil)
    }

    @Test("Trap 26: a kernel under the mount point is not the one the loader sees")
    func filesUnderAMountPoint() throws {
        var machine = withSystemdBoot()
        machine.root.file("efi/debian/linux", bytes: BootPrograms.kernel("5.10.0-1-amd64"))
        machine.root.file("efi/debian/newer", bytes: BootPrograms.kernel("6.9.0-1-amd64"))
        let facts = machine.inspect()
        #expect(facts.kernels["/efi/debian/linux"]?.version == "6.1.0-9-amd64")
        machine.system.file("loader/entries/new.conf", "linux /debian/newer\nsort-key a\n")
        #expect(try #require(machine.inspect().uefi.entry).kernelPath == "/efi/debian/linux")
    }

    @Test func aPartOfAFileIsRead() throws {
        var machine = Machine()
        machine.system.file("x", bytes: [0, 1, 2, 3, 4, 5])
        let layout = machine.layout
        let files = BootFiles(disk: GrubDisk(layout: layout), mounts: MountTable(root: "gpt:2"))
        var file = files.file(GrubDevice("hd0,gpt1"), "/x")
        file.range = 2..<4
        let opened = try #require(files.open(file).value)
        #expect(opened.size == 2)
        #expect(try opened.read(0, 100).array == [2, 3])
        #expect(try opened.read(1, 1).array == [3])
        file.range = 4..<400
        #expect(try #require(files.open(file).value).size == 2)
        file.range = 90..<400
        #expect(try #require(files.open(file).value).size == 0)
    }

    @Test func aKernelThatOnlyXenStarts() {
        // An ELF file where a boot loader wants a bzImage.
        var machine = withSystemdBoot()
        var elf = [UInt8](repeating: 0, count: 4096)
        elf.replaceSubrange(0..<8, with: [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0])
        elf[18] = 62
        machine.system = MemoryFileSystem(kind: "vfat")
        machine.system.file("EFI/BOOT/BOOTX64.EFI", bytes: BootPrograms.systemdBoot)
        machine.system.file("vmlinux", bytes: elf)
        machine.system.file("loader/entries/a.conf", "linux /vmlinux\n")
        #expect(machine.inspect().uefi.steps.last?.code == "Grub.ImageInvalid")
    }

    // MARK: arm64

    /// systemd-boot for arm64 and one entry for `kernel`.
    private func arm(_ kernel: [UInt8]) -> Machine {
        var machine = Machine()
        machine.architecture = "arm64"
        machine.system.file(
            "EFI/BOOT/BOOTAA64.EFI",
            bytes: BootPrograms.program(
                [(".sdmagic", Array("#### LoaderInfo: systemd-boot 252 ####\0".utf8))], machine: 0xAA64))
        machine.system.file("vmlinuz-6.1.0-9-arm64", bytes: kernel)
        machine.system.file(
            "loader/entries/a.conf", "linux /vmlinuz-6.1.0-9-arm64\narchitecture aa64\noptions \(root)\n")
        return machine
    }

    @Test func arm64StartsImagesThatArePrograms() throws {
        var image = BootPrograms.program([(".text", [1, 2, 3])], machine: 0xAA64)
        image.replaceSubrange(0x38..<0x3C, with: [0x41, 0x52, 0x4D, 0x64])
        var compressed = BootPrograms.program([(".text", [1, 2, 3])], machine: 0xAA64)
        compressed.replaceSubrange(4..<8, with: Array("zimg".utf8))
        for kernel in [image, compressed] {
            let facts = arm(kernel).inspect()
            let path = try #require(facts.uefi.entry?.kernelPath, "\(facts.uefi.steps)")
            #expect(facts.kernels[path]?.image == .good)
            #expect(facts.kernels[path]?.architecture == "arm64")
            #expect(facts.kernels[path]?.version == "6.1.0-9-arm64")
        }
    }

    @Test func aCompressedImageIsNoProgram() {
        // Debian's arm64 kernels are gzip files, which GRUB unpacks and firmware does not.
        #expect(
            arm([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]).inspect().uefi.steps.last?.code
                == "Grub.ImageInvalid")
    }
}
