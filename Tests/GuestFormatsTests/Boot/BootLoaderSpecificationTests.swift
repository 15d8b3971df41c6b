import ByteReading
import GuestFormats
import Testing

private func entry(_ version: String, options: String, extra: String = "") -> String {
    """
    title Some Linux (\(version)) 9
    version \(version)
    linux /vmlinuz-\(version)
    initrd /initramfs-\(version).img $tuned_initrd
    options \(options)
    \(extra)grub_users $grub_users
    grub_arg --unrestricted
    grub_class fedora
    """
}

private let machine = "9af7b02ac08149d985841c07c8ff366e"

/// A separate /boot with BLS entries, as el8 and el9 have it.
private func host(
    _ configuration: String, versions: [String], options: String, environment: [(String, String)],
    directory: String = "/loader/entries/"
) -> MemoryGrubHost {
    var boot = MemoryGrubHost.Volume(uuid: "b00t", label: nil)
    boot.files["/grub2/grub.cfg"] = Array(configuration.utf8)
    boot.files["/grub2/grubenv"] = environmentBlock(environment)
    for version in versions {
        boot.files["\(directory)\(machine)-\(version).conf"] = Array(entry(version, options: options).utf8)
        boot.files["/vmlinuz-\(version)"] = [1]
        boot.files["/initramfs-\(version).img"] = [1]
    }
    return MemoryGrubHost(("hd0,gpt2", boot))
}

private let start = GrubStart(platform: .pc, processor: "i386", root: "hd0,gpt2", prefix: "(hd0,gpt2)/grub2")

private let el8 = """
    set pager=1
    if [ -f ${config_directory}/grubenv ]; then
      load_env -f ${config_directory}/grubenv
    elif [ -s $prefix/grubenv ]; then
      load_env
    fi
    if [ "${next_entry}" ] ; then
       set default="${next_entry}"
       set next_entry=
       save_env next_entry
       set boot_once=true
    else
       set default="${saved_entry}"
    fi
    if [ x"${feature_menuentry_id}" = xy ]; then
      menuentry_id_option="--id"
    else
      menuentry_id_option=""
    fi
    export menuentry_id_option
    function load_video {
        insmod all_video
    }
    set timeout=5
    insmod part_gpt
    set root='hd0,gpt2'
    if [ x$feature_platform_search_hint = xy ]; then
      search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt2 --hint='hd0,gpt2'  b00t
    else
      search --no-floppy --fs-uuid --set=root b00t
    fi
    set boot='hd0,gpt2'
    search --no-floppy --fs-uuid --set=boot --hint-bios=hd0,gpt2 b00t
    if [ -z "${kernelopts}" ]; then
      set kernelopts="root=fallback ro "
    fi
    insmod blscfg
    blscfg
    """

private let versions = [
    "4.18.0-80.el8.x86_64", "4.18.0-193.6.3.el8_2.x86_64", "0-rescue", "4.18.0-147.el8.x86_64",
]

@Suite struct BootLoaderSpecificationTests {
    @Test func entriesAreNewestFirstAndOptionsComeFromTheEnvironment() throws {
        let environment = [
            ("saved_entry", "\(machine)-4.18.0-147.el8.x86_64"),
            ("kernelopts", "root=/dev/mapper/r ro quiet"),
            ("boot_success", "0"),
        ]
        let result = GrubInterpreter(
            host: host(
                el8, versions: versions, options: "$kernelopts $tuned_params", environment: environment),
            start: start
        ).run()
        let selection = try #require(result.selection)
        #expect(selection.image.path == "/vmlinuz-4.18.0-147.el8.x86_64")
        #expect(selection.commandLine == "root=/dev/mapper/r ro quiet")
        #expect(selection.initrds.map(\.path) == ["/initramfs-4.18.0-147.el8.x86_64.img"])
        #expect(
            selection.location.description
                == "(hd0,gpt2)/loader/entries/\(machine)-4.18.0-147.el8.x86_64.conf:1")
        #expect(
            result.menu?.entries.map(\.identifier) == [
                "\(machine)-4.18.0-193.6.3.el8_2.x86_64", "\(machine)-4.18.0-147.el8.x86_64",
                "\(machine)-4.18.0-80.el8.x86_64", "\(machine)-0-rescue",
            ])
        #expect(result.menu?.entries.first?.classes == ["fedora"])
        #expect(result.isCertain)
    }

    @Test func withoutASavedEntryTheNewestStarts() throws {
        for saved in [[], [("saved_entry", "\(machine)-removed")]] {
            let result = GrubInterpreter(
                host: host(el8, versions: versions, options: "$kernelopts", environment: saved), start: start
            ).run()
            #expect(try #require(result.selection).image.path == "/vmlinuz-4.18.0-193.6.3.el8_2.x86_64")
            #expect(try #require(result.selection).commandLine == "root=fallback ro")
            #expect(result.notes.contains { $0.kind == .defaultNotFound } == !saved.isEmpty)
        }
    }

    @Test func bootInsideTheRootFileSystem() throws {
        let result = GrubInterpreter(
            host: host(
                el8, versions: ["5.14.0-1.el9"], options: "root=UUID=1 \"a b\"", environment: [],
                directory: "/boot/loader/entries/"), start: start
        ).run()
        #expect(try #require(result.selection).arguments == ["root=UUID=1", "a b"])
    }

    @Test func anEmptyDirectoryLeavesThePrompt() {
        let result = GrubInterpreter(
            host: host(el8, versions: [], options: "", environment: []), start: start
        ).run()
        #expect(result.outcome.name == "prompt")
    }

    /// `bls_load_entries`: BIOS takes `boot`, else `root`; EFI takes `root` whatever `boot` says.
    @Test func theDeviceOfTheEntriesGoesByThePlatform() throws {
        let unset = el8.replacing("set boot='hd0,gpt2'\n", with: "")
            .replacing("search --no-floppy --fs-uuid --set=boot --hint-bios=hd0,gpt2 b00t\n", with: "")
        #expect(!unset.contains("set=boot") && !unset.contains("set boot="))
        let elsewhere = unset.replacing("insmod blscfg\n", with: "set root='hd0,gpt1'\ninsmod blscfg\n")
        let wrongBoot = unset.replacing("insmod blscfg\n", with: "set boot='hd0,gpt1'\ninsmod blscfg\n")
        func run(_ configuration: String, _ platform: GrubStart.Platform) -> GrubEvaluation {
            var host = host(configuration, versions: ["5.14.0-1.el9"], options: "root=x", environment: [])
            host.volumes["hd0,gpt1"] = MemoryGrubHost.Volume(uuid: "e5p", label: nil)
            var start = start
            start.platform = platform
            return GrubInterpreter(host: host, start: start).run()
        }
        #expect(run(unset, .pc).selection != nil)
        #expect(run(unset, .efi).selection != nil)
        #expect(run(wrongBoot, .efi).selection != nil)
        for result in [run(wrongBoot, .pc), run(elsewhere, .pc), run(elsewhere, .efi)] {
            #expect(result.outcome.name == "prompt")
            #expect(result.isCertain)
        }
        // An entry of its own is not followed.
        let single = unset.replacing("\nblscfg", with: "\nblscfg (hd0,gpt2)/loader/entries/x.conf")
        #expect(!run(single, .pc).isCertain)
    }

    @Test func aBlankLineEndsAnEntryForGrub() throws {
        let text = "title T\nlinux /vmlinuz\n\noptions root=x\ninitrd /i\n"
        let entry = BootLoaderSpecificationEntry(parsing: Bytes(Array(text.utf8)), fileName: "a+3-1.conf")
        #expect(entry.options == "root=x")
        #expect(entry.grubStopsAtLine == 3)
        #expect(entry.identifier == "a")
        #expect(entry.bootCounters?.left == 3)
        #expect(entry.bootCounters?.done == 1)
        let spaced = "title\tA B\r\nlinux /l\noptions a\noptions b \ninitrd /1\ninitrd /2\n"
        let other = BootLoaderSpecificationEntry(parsing: Bytes(Array(spaced.utf8)), fileName: "b.conf")
        #expect(other.title == "A B")
        #expect(other.options == "a b")
        #expect(other.initrds == ["/1", "/2"])
        #expect(other.grubStopsAtLine == nil)
        #expect(other.bootCounters == nil)
    }

    /// From rpm's own test of `rpmvercmp`.
    @Test(arguments: [
        ("1.0", "1.0", 0), ("1.0", "2.0", -1), ("2.0.1", "2.0.1", 0), ("2.0", "2.0.1", -1),
        ("2.0.1a", "2.0.1", 1),
        ("5.5p1", "5.5p2", -1), ("5.5p10", "5.5p1", 1), ("10xyz", "10.1xyz", -1), ("xyz.4", "8", -1),
        ("5.5p2", "5.6p1", -1), ("5.6p1", "6.5p1", -1), ("6.0.rc1", "6.0", 1), ("10b2", "10a1", 1),
        ("1.0aa", "1.0a", 1), ("10.0001", "10.1", 0), ("10.0001", "10.0039", -1), ("4.999.9", "5.0", -1),
        ("20101121", "20101122", -1), ("2_0", "2.0", 0), ("a+", "a_", 0), ("1.0~rc1", "1.0", -1),
        ("1.0~rc1", "1.0~rc2", -1), ("1.0~rc1~git123", "1.0~rc1", -1),
    ])
    func versionsCompareAsInRPM(left: String, right: String, order: Int) {
        #expect(RPMVersion.compare(left, right, plusIsLower: false) == order)
        #expect(RPMVersion.compare(right, left, plusIsLower: false) == -order)
    }

    @Test func systemdBootOrdersAndChooses() throws {
        func file(_ name: String, _ text: String) -> SystemdBootMenu.Entry {
            .file(BootLoaderSpecificationEntry(parsing: Bytes(Array(text.utf8)), fileName: name))
        }
        let entries = [
            file("old.conf", "linux /a\nsort-key debian\nversion 6.1.0-9\n"),
            file("new.conf", "linux /b\nsort-key debian\nversion 6.1.0-10\n"),
            file("bad+0-3.conf", "linux /c\nsort-key debian\nversion 9\n"),
            file("plain.conf", "linux /d\n"),
            .unifiedKernelImage(name: "arch.efi", release: ["ID": "arch", "VERSION_ID": "1"]),
        ]
        let names = ["arch", "new", "old", "plain", "bad"]
        let menu = SystemdBootMenu(entries, configuration: nil)
        #expect(menu.entries.map(\.identifier) == names)
        #expect(menu.defaultIndex == 0)
        for (pattern, index, isFound) in [
            ("old.conf", 2, true), ("OLD", 2, true), ("ol*", 2, true), ("gone", 0, false),
            ("@saved", 0, false),
        ] {
            let text = "#default x\ntimeout 3\ndefault  \(pattern)\neditor no\n"
            let configuration = SystemdBootConfiguration(parsing: Bytes(Array(text.utf8)))
            #expect(configuration.timeout == 3)
            let menu = SystemdBootMenu(entries, configuration: configuration)
            #expect(menu.defaultIndex == index)
            #expect(menu.isDefaultFound == isFound)
        }
    }
}
