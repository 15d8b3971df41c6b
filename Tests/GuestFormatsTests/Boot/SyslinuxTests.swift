import ByteReading
import Foundation
import GuestFormats
import Testing

private let modern = """
    DEFAULT linux
    PROMPT 0
    TIMEOUT 50

    LABEL linux
      MENU LABEL ^Alpine
      LINUX ../vmlinuz-lts
      INITRD ../initramfs-lts
      APPEND root=UUID=1 modules=ext4 quiet

    LABEL old
      KERNEL /boot/vmlinuz-old
      APPEND root=UUID=2 initrd=/boot/initramfs-lts,/boot/ucode
    """

private func host(_ configuration: String?, _ extra: [String: String] = [:]) -> MemoryGrubHost {
    var volume = MemoryGrubHost.Volume()
    for path in ["/boot/vmlinuz-lts", "/boot/vmlinuz-old", "/boot/initramfs-lts", "/boot/ucode"] {
        volume.files[path] = [1]
    }
    for module in ["ldlinux.c32", "menu.c32", "libutil.c32"] {
        volume.files["/boot/extlinux/\(module)"] = [1]
    }
    if let configuration { volume.files["/boot/extlinux/extlinux.conf"] = Array(configuration.utf8) }
    for (path, text) in extra { volume.files[path] = Array(text.utf8) }
    return MemoryGrubHost(("hd0,msdos1", volume))
}

private let start = SyslinuxStart(
    device: GrubDevice("hd0,msdos1"), directory: "/boot/extlinux", version: "6.04")

private func follow(_ host: MemoryGrubHost, _ start: SyslinuxStart = start) -> LoaderEvaluation {
    SyslinuxLoader(host: host, start: start).run()
}

@Suite struct SyslinuxTests {
    @Test("Trap 31: Alpine with extlinux has no GRUB at all")
    func alpine() throws {
        let result = follow(host(modern))
        let selection = try #require(result.selection, "\(result.outcome)")
        #expect(selection.image.path == "/boot/vmlinuz-lts")
        #expect(selection.initrds.map(\.path) == ["/boot/initramfs-lts"])
        #expect(selection.commandLine == "root=UUID=1 modules=ext4 quiet initrd=../initramfs-lts")
        #expect(selection.title == "Alpine")
        #expect(selection.image.location.line == 7)
        #expect(selection.commandLineSource?.location.line == 9)
        #expect(result.configurationFiles == ["(hd0,msdos1)/boot/extlinux/extlinux.conf"])
    }

    @Test func archivesOfAppendAreSeparatedByCommas() throws {
        let selection = try #require(
            follow(host(modern.replacing("DEFAULT linux", with: "default old"))).selection)
        #expect(selection.initrds.map(\.path) == ["/boot/initramfs-lts", "/boot/ucode"])
    }

    @Test func aGlobalAppendHoldsUntilALabelHasItsOwn() throws {
        let text = "append root=global\ndefault a\nlabel a\nkernel /boot/vmlinuz-lts\n"
        #expect(try #require(follow(host(text)).selection).commandLine == "root=global")
        #expect(try #require(follow(host(text + "append -\n")).selection).commandLine == "")
        #expect(try #require(follow(host(text + "append x\n")).selection).commandLine == "x")
    }

    @Test func aDefaultThatIsNoLabelIsAKernel() throws {
        let text = "default /boot/vmlinuz-old root=y\nlabel a\nkernel /boot/vmlinuz-lts\n"
        let selection = try #require(follow(host(text)).selection)
        #expect(selection.image.path == "/boot/vmlinuz-old")
        #expect(selection.commandLine == "root=y")
        guard
            case .kernelMissing? = follow(host(text.replacing("/boot/vmlinuz-old", with: "nosuch"))).stop?
                .reason
        else {
            Issue.record("a kernel that is not there")
            return
        }
        #expect(follow(host("implicit 0\n" + text)).stop?.reason == .configurationInvalid)
    }

    @Test func whatIsMissingStopsIt() throws {
        #expect(follow(host(nil)).stop?.reason == .configurationMissing)
        #expect(follow(host("label a\nkernel /boot/vmlinuz-lts\n")).stop?.reason == .configurationInvalid)
        var broken = host(modern)
        broken.volumes["hd0,msdos1"]?.files["/boot/extlinux/ldlinux.c32"] = nil
        #expect(follow(broken).stop?.reason == .moduleMissing)
        // Version 4 is one file.
        var old = start
        old.version = "4.05"
        #expect(follow(broken, old).selection != nil)
        var without = host(modern)
        without.volumes["hd0,msdos1"]?.files["/boot/initramfs-lts"] = nil
        guard case .initrdMissing? = follow(without).stop?.reason else {
            Issue.record("\(follow(without).outcome)")
            return
        }
    }

    @Test func aPromptWithoutTimeoutWaits() {
        #expect(follow(host("prompt 1\n" + modern.replacing("PROMPT 0", with: ""))).selection != nil)
        let text = modern.replacing("PROMPT 0", with: "PROMPT 1").replacing("TIMEOUT 50", with: "")
        #expect(follow(host(text)).stop?.reason == .waitsForever)
    }

    @Test func menusStartTheirDefaultWhenTheTimeIsOver() throws {
        let text = "UI menu.c32\n" + modern.replacing("DEFAULT linux", with: "")
        #expect(try #require(follow(host(text)).selection).identifier == "linux")
        let marked = text.replacing("LABEL old", with: "LABEL old\nMENU DEFAULT")
        #expect(try #require(follow(host(marked)).selection).identifier == "old")
        // The old way: the menu is the default, and the label is marked.
        let classic = "default menu.c32\ntimeout 20\nlabel a\nkernel /boot/vmlinuz-lts\n"
        #expect(try #require(follow(host(classic)).selection).identifier == "a")
        let onTimeout = classic + "label b\nkernel /boot/vmlinuz-old\nontimeout b\n"
        #expect(try #require(follow(host(onTimeout)).selection).identifier == "b")
        #expect(follow(host(text.replacing("TIMEOUT 50", with: ""))).stop?.reason == .waitsForever)
        #expect(follow(host(text.replacing("menu.c32", with: "vesamenu.c32"))).stop?.reason == .moduleMissing)
    }

    @Test func hiddenAndNestedEntriesAreNotTheFirst() throws {
        let text = """
            UI menu.c32
            TIMEOUT 30
            MENU BEGIN more
            LABEL inner
            KERNEL /boot/vmlinuz-old
            MENU END
            LABEL secret
            MENU HIDE
            KERNEL /boot/vmlinuz-old
            LABEL outer
            TEXT HELP
            LABEL is not one
            ENDTEXT
            KERNEL /boot/vmlinuz-lts
            """
        #expect(try #require(follow(host(text)).selection).identifier == "outer")
    }

    @Test func filesAreIncluded() throws {
        let text = "INCLUDE common.cfg\nDEFAULT a\n"
        let more = "LABEL a\nLINUX /boot/vmlinuz-lts\n"
        let result = follow(host(text, ["/boot/extlinux/common.cfg": more]))
        #expect(try #require(result.selection).location.file == "(hd0,msdos1)/boot/extlinux/common.cfg")
        #expect(follow(host(text)).notes.map(\.kind) == [.configurationMissing])
        let endless = follow(host("INCLUDE extlinux.conf\n"))
        guard case .unknown = endless.outcome else {
            Issue.record("\(endless.outcome)")
            return
        }
    }

    @Test func anotherConfigurationTakesOver() throws {
        let text = "DEFAULT next\nLABEL next\nCONFIG /boot/other.cfg\n"
        let other = "DEFAULT a\nLABEL a\nLINUX /boot/vmlinuz-old\n"
        #expect(
            try #require(follow(host(text, ["/boot/other.cfg": other])).selection).image.path
                == "/boot/vmlinuz-old")
    }

    @Test func configurationsAreLookedForInTheirOrder() throws {
        let text = "default a\nlabel a\nkernel /boot/vmlinuz-lts\n"
        let elsewhere = host(nil, ["/syslinux/syslinux.cfg": text, "/syslinux.cfg": "default x\n"])
        #expect(follow(elsewhere).selection?.identifier == "a")
        var efi = start
        efi.isEFI = true
        efi.directory = "/EFI/BOOT"
        let module = ["/EFI/BOOT/ldlinux.e64": "x", "/EFI/BOOT/syslx64.cfg": text]
        #expect(follow(host(nil, module), efi).selection?.identifier == "a")
    }

    @Test func pathsStartAtTheSubvolume() throws {
        var volume = MemoryGrubHost.Volume()
        for (path, text) in [
            ("extlinux/ldlinux.c32", "x"), ("extlinux/extlinux.conf", "default /vmlinuz root=z\n"),
            ("vmlinuz", "k"),
        ] {
            volume.files["/@/boot/\(path)"] = Array(text.utf8)
        }
        let start = SyslinuxStart(
            device: GrubDevice("hd0,msdos1"), directory: "/extlinux", subvolume: "@/boot", version: "6.04")
        let result = follow(MemoryGrubHost(("hd0,msdos1", volume)), start)
        #expect(try #require(result.selection).image.path == "/@/boot/vmlinuz")
    }

    @Test func damagedConfigurationsComeBack() {
        let bytes = Array(modern.utf8)
        for length in 0..<bytes.count {
            _ = follow(host(String(decoding: bytes.prefix(length), as: UTF8.self)))
            _ = follow(host(String(decoding: bytes.dropFirst(length), as: UTF8.self)))
        }
        _ = follow(host(String(repeating: "menu begin\nlabel x\n", count: 5000)))
        _ = follow(host("default a\nlabel a\nconfig extlinux.conf\n"))
    }

    // MARK: The boot record and ldlinux.sys

    @Test(.enabled(if: ExtlinuxDisk.isPossible))
    func whatExtlinuxInstalls() throws {
        var disk = try ExtlinuxDisk()
        defer { disk.remove() }
        let trace = disk.trace()
        guard case .syslinux(let found) = trace.destination else {
            Issue.record("\(trace.steps)")
            return
        }
        #expect(found.directory == "/boot/extlinux")
        #expect(found.device == GrubDevice("hd0,msdos1"))
        let version = try #require(found.version)
        #expect(SystemdVersion.compare(version, "4") > 0)
        disk.isActive = false
        #expect(disk.trace().stop == .noActivePartition)
        disk.isActive = true
        // ldlinux.sys is overwritten where the boot record looks for it.
        let place = try #require(
            disk.bytes.firstIndex(of: Array("\r\nSYSLINUX ".utf8), from: ExtlinuxDisk.offset))
        var other = disk
        other.bytes[place + 0x18] ^= 0xFF
        guard case .secondStageDamaged? = other.trace().stop else {
            Issue.record("\(other.trace().steps)")
            return
        }
        other = disk
        other.bytes[place + 0x1000] ^= 1
        guard case .secondStageDamaged? = other.trace().stop else {
            Issue.record("the checksum is not looked at: \(other.trace().steps)")
            return
        }
        for offset in stride(from: 0, to: 512, by: 3) {
            other = disk
            other.bytes[ExtlinuxDisk.offset + offset] ^= 0x55
            _ = other.trace()
            other = disk
            other.bytes[place + offset] ^= 0xFF
            _ = other.trace()
        }
        other = disk
        other.bytes = Array(disk.bytes.prefix(place + 700))
        _ = other.trace()
    }
}

/// An MBR disk with one ext4 on which extlinux was installed by its own program.
private struct ExtlinuxDisk {
    static let offset = 1 << 20
    var bytes: [UInt8]
    var isActive = true
    private let folder: URL

    private static let code = "/usr/lib/EXTLINUX/mbr.bin"
    static var isPossible: Bool {
        getuid() == 0 && FileManager.default.fileExists(atPath: code)
            && FileManager.default.fileExists(atPath: "/usr/bin/extlinux")
            && FileManager.default.fileExists(atPath: "/dev/loop-control")
    }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "extlinux-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let script = """
            set -e
            cd '\(folder.path)'
            truncate -s 8M volume
            mkfs.ext4 -q -F -O ^64bit volume
            mkdir mnt
            mount -o loop volume mnt
            mkdir -p mnt/boot/extlinux
            extlinux --install mnt/boot/extlinux >/dev/null 2>&1 || { umount mnt; exit 1; }
            umount mnt
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        try process.run()
        process.waitUntilExit()
        let volume = try Data(contentsOf: folder.appending(path: "volume"))
        let boot = try Data(contentsOf: URL(fileURLWithPath: Self.code))
        var disk = [UInt8](repeating: 0, count: Self.offset)
        disk.replaceSubrange(0..<min(440, boot.count), with: boot.prefix(440))
        disk.replaceSubrange(510..<512, with: [0x55, 0xAA])
        bytes = disk + volume
    }

    func trace() -> BootTrace {
        BIOSBoot.trace(
            ContentSource(Bytes(bytes)),
            partitions: [
                BIOSPartition(
                    number: 1, offset: UInt64(Self.offset), isActive: isActive,
                    device: GrubDevice("hd0,msdos1"))
            ])
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}

extension [UInt8] {
    /// Where `pattern` begins at or behind `start`.
    fileprivate func firstIndex(of pattern: [UInt8], from start: Int) -> Int? {
        Bytes(self).firstIndex(of: pattern, from: start)
    }
}
