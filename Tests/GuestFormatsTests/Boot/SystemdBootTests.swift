import ByteReading
import GuestFormats
import Testing

/// An EFI system partition and, where a test asks for it, one of the type XBOOTLDR.
private struct Fixture {
    var system = MemoryGrubHost.Volume()
    var extended: MemoryGrubHost.Volume?

    init() {
        system.files["/debian/6.1/linux"] = kernel
        system.files["/debian/6.1/initrd.img"] = [1]
    }

    mutating func entry(_ name: String, _ text: String) {
        system.files["/loader/entries/\(name)"] = Array(text.utf8)
    }

    func run(machine: PEImage.Machine = .x64) -> LoaderEvaluation {
        var host = MemoryGrubHost(("hd0,gpt1", system))
        if let extended {
            host.volumes["hd0,gpt2"] = extended
            host.order.append("hd0,gpt2")
        }
        return SystemdBootLoader(
            host: host, partition: GrubDevice("hd0,gpt1"),
            extendedPartition: extended == nil ? nil : GrubDevice("hd0,gpt2"), machine: machine,
            ownPath: "/EFI/BOOT/BOOTX64.EFI"
        ).run()
    }
}

private let kernel = program([(".text", [1, 2, 3])])
private let debian = """
    title Debian
    version 6.1
    sort-key debian
    options root=UUID=1 ro quiet
    linux /debian/6.1/linux
    initrd /debian/6.1/initrd.img

    """

private func image(_ release: String, commandLine: String = "root=x") -> [UInt8] {
    program([
        (".osrel", Array(release.utf8)), (".cmdline", Array(commandLine.utf8)), (".linux", [1]),
        (".initrd", [2]),
    ])
}

@Suite struct SystemdBootTests {
    @Test func anEntryOfTypeOne() throws {
        var fixture = Fixture()
        fixture.entry("debian-6.1.conf", debian)
        let result = fixture.run()
        let selection = try #require(result.selection, "\(result.outcome)")
        #expect(selection.loader == .linux)
        #expect(selection.image.path == "/debian/6.1/linux")
        #expect(selection.image.location.line == 5)
        #expect(selection.arguments == ["root=UUID=1 ro quiet"])
        #expect(selection.commandLineSource?.location.line == 4)
        #expect(selection.initrds.map(\.path) == ["/debian/6.1/initrd.img"])
        #expect(selection.title == "Debian")
        #expect(selection.identifier == "debian-6.1")
        #expect(result.doubt == nil)
    }

    @Test func severalArchivesStayInTheirOrder() throws {
        var fixture = Fixture()
        fixture.system.files["/ucode.img"] = [9]
        fixture.entry(
            "a.conf", #"linux \debian\6.1\linux"# + "\ninitrd /ucode.img\ninitrd debian/6.1/initrd.img\n")
        let selection = try #require(fixture.run().selection)
        #expect(selection.initrds.map(\.path) == ["/ucode.img", "/debian/6.1/initrd.img"])
    }

    @Test func anEntryWhoseKernelIsMissingIsNotInTheMenu() throws {
        var fixture = Fixture()
        fixture.entry("new.conf", "version 9\nsort-key debian\nlinux /gone\n")
        guard case .kernelMissing(let missing)? = fixture.run().stop?.reason else {
            Issue.record("\(fixture.run().outcome)")
            return
        }
        #expect(missing.path == "/gone")
        fixture.entry("debian-6.1.conf", debian)
        #expect(try #require(fixture.run().selection).identifier == "debian-6.1")
    }

    @Test func aMissingArchiveEndsTheStart() throws {
        var fixture = Fixture()
        fixture.system.files["/debian/6.1/initrd.img"] = nil
        fixture.entry("debian-6.1.conf", debian)
        let stop = try #require(fixture.run().stop)
        guard case .initrdMissing(let missing) = stop.reason else {
            Issue.record("\(stop)")
            return
        }
        #expect(missing.path == "/debian/6.1/initrd.img")
        #expect(stop.selection?.initrdFailure?.count == 1)
    }

    @Test func nothingAtAll() {
        #expect(Fixture().run().stop?.reason == .configurationMissing)
    }

    @Test func entriesForAnotherProcessorAndForItselfAreLeftOut() throws {
        var fixture = Fixture()
        fixture.system.files["/EFI/BOOT/BOOTX64.EFI"] = kernel
        fixture.entry("z-arm.conf", "architecture aa64\nlinux /debian/6.1/linux\n")
        fixture.entry("y-self.conf", "efi /EFI/BOOT/BOOTX64.EFI\n")
        fixture.entry("auto-x.conf", debian)
        fixture.entry("a.conf", "architecture X64\nlinux /debian/6.1/linux\n")
        #expect(try #require(fixture.run().selection).identifier == "a")
    }

    @Test func aKernelThatIsNoProgramIsRefused() throws {
        for (bytes, machine) in [([1, 2, 3], PEImage.Machine.x64), (kernel, .arm64)] {
            var fixture = Fixture()
            fixture.system.files["/debian/6.1/linux"] = bytes
            fixture.entry("debian.conf", debian)
            #expect(try #require(fixture.run(machine: machine).stop).reason == .imageInvalid)
        }
    }

    @Test func imagesAreEntriesToo() throws {
        var fixture = Fixture()
        fixture.entry("debian-6.1.conf", debian)
        fixture.system.files["/EFI/Linux/arch.efi"] = image("ID=arch\nPRETTY_NAME=\"Arch Linux\"\n")
        fixture.system.files["/EFI/Linux/unnamed.efi"] = image("X=1\n")
        fixture.system.files["/EFI/Linux/broken.efi"] = [0]
        let selection = try #require(fixture.run().selection)
        #expect(selection.loader == .chainloader)
        #expect(selection.image.path == "/EFI/Linux/arch.efi")
        #expect(selection.title == "Arch Linux")
        #expect(selection.arguments == [])
    }

    @Test func theExtendedPartitionIsReadAsWell() throws {
        var fixture = Fixture()
        var extended = MemoryGrubHost.Volume()
        extended.files["/vmlinuz"] = kernel
        extended.files["/loader/entries/x.conf"] = Array("linux /vmlinuz\n".utf8)
        fixture.extended = extended
        let selection = try #require(fixture.run().selection)
        #expect(selection.image.device == GrubDevice("hd0,gpt2"))
    }

    @Test func loaderConfChoosesAndWaits() throws {
        var fixture = Fixture()
        fixture.entry("debian-6.1.conf", debian)
        fixture.entry("rescue.conf", debian + "sort-key zzz\n")
        fixture.system.files["/loader/loader.conf"] = Array("default rescue.conf\ntimeout 3\n".utf8)
        #expect(try #require(fixture.run().selection).identifier == "rescue")
        fixture.system.files["/loader/loader.conf"] = Array("default fedora-*\n".utf8)
        let other = fixture.run()
        #expect(try #require(other.selection).identifier == "debian-6.1")
        #expect(other.notes.map(\.kind) == [.defaultNotFound])
        #expect(other.doubt == nil)
        // Nothing was ever saved on a new machine.
        fixture.system.files["/loader/loader.conf"] = Array("default @saved\n".utf8)
        #expect(fixture.run().notes.isEmpty)
        fixture.system.files["/loader/loader.conf"] = Array("timeout menu-force\n".utf8)
        #expect(fixture.run().stop?.reason == .waitsForever)
    }

    @Test func startsThatAreUsedUpPutAnEntryLast() throws {
        var fixture = Fixture()
        fixture.entry("b+0-3.conf", debian)
        #expect(try #require(fixture.run().selection).identifier == "b")
        fixture.entry("a+1-2.conf", debian.replacing("version 6.1", with: "version 5"))
        #expect(try #require(fixture.run().selection).identifier == "a")
    }

    @Test func whetherCountersBelongToTheNameDependsOnTheVersion() {
        var fixture = Fixture()
        fixture.entry("a.conf", debian)
        fixture.entry("z+3.conf", debian.replacing("version 6.1", with: "version 1"))
        fixture.system.files["/loader/loader.conf"] = Array("default z.conf\n".utf8)
        #expect(fixture.run().doubt != nil)
    }

    /// From the specification of the version format.
    @Test(arguments: [
        ("122.1", "123~rc1-1"), ("123~rc1-1", "123"), ("123", "123-a"), ("123-a", "123-a.1"),
        ("123-a.1", "123-1"), ("123-1", "123-1.1"), ("123-1.1", "123^post1"), ("123^post1", "123.a-1"),
        ("123.a-1", "123.1-1"), ("123.1-1", "123a-1"), ("123a-1", "124-1"), ("6.1.0-9", "6.1.0-10"),
    ])
    func versionsAreInOrder(older: String, newer: String) {
        #expect(SystemdVersion.compare(older, newer) < 0)
        #expect(SystemdVersion.compare(newer, older) > 0)
        #expect(SystemdVersion.compare(newer, newer) == 0)
    }

    @Test("Trap 31: an image with systemd-boot has no GRUB at all")
    func noGrub() throws {
        var fixture = Fixture()
        fixture.entry("debian-6.1.conf", debian)
        #expect(fixture.run().selection != nil)
        #expect(fixture.system.files.keys.allSatisfy { !$0.contains("grub") })
    }

    @Test func theFirstProfileOfAnImageHolds() throws {
        let bytes = program([
            (".linux", [1, 2]), (".initrd", [3]), (".cmdline", Array("shared".utf8)),
            (".profile", Array("ID=a".utf8)), (".cmdline", Array("first\0".utf8)),
            (".profile", Array("ID=b".utf8)), (".cmdline", Array("second".utf8)), (".initrd", [4]),
        ])
        let found = try #require(
            try UnifiedKernelImage(reading: try PEImage(parsing: ContentSource(Bytes(bytes)))))
        #expect(found.commandLine == "first")
        let archive = try #require(found.range(of: ".initrd"))
        #expect(bytes[Int(archive.lowerBound)] == 3)
        #expect(found.range(of: ".ucode") == nil)
    }

    @Test func damagedConfigurationsComeBack() {
        var fixture = Fixture()
        let bytes = Array(debian.utf8)
        for length in 0..<bytes.count {
            fixture.system.files["/loader/entries/a.conf"] = Array(bytes.prefix(length))
            fixture.system.files["/loader/loader.conf"] = Array(bytes.prefix(length).reversed())
            fixture.system.files["/EFI/Linux/x.efi"] = Array(image("ID=a\n").prefix(length * 7))
            _ = fixture.run()
        }
        fixture.system.unreadable = ["/loader/loader.conf"]
        guard case .unknown = fixture.run().outcome else {
            Issue.record("what cannot be read is not known")
            return
        }
    }
}
