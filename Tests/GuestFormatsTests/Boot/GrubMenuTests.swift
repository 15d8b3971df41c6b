import ByteReading
import GuestFormats
import Testing

/// Entry 1, a submenu with entries 2 and 3, and a header as generators write it.
private func configuration(_ header: String) -> String {
    """
    if [ -s $prefix/grubenv ]; then
      set have_grubenv=true
      load_env
    fi
    \(header)
    if [ x"${feature_menuentry_id}" = xy ]; then
      menuentry_id_option="--id"
    else
      menuentry_id_option=""
    fi
    export menuentry_id_option
    function savedefault {
      if [ -z "${boot_once}" ]; then
        saved_entry="${chosen}"
        save_env saved_entry
      fi
    }
    function load_video {
      if [ x$feature_all_video_module = xy ]; then
        insmod all_video
      else
        insmod vbe
      fi
    }
    set timeout=5
    menuentry 'One' --class os $menuentry_id_option 'id-one' {
    	load_video
    	search --no-floppy --fs-uuid --set=root A12F6A6B-394f-4861-a30d-a4d22e1b8870
    	echo	'Loading ...'
    	linux	/boot/vmlinuz-1 root=UUID=x ro  quiet\u{20}
    	initrd	/boot/initrd-1
    }
    submenu 'More > options' $menuentry_id_option 'id-more' {
    	menuentry 'Two' $menuentry_id_option 'id-two' {
    		linux	/boot/vmlinuz-2 "a b" c\\'d
    		initrd	/boot/initrd-2
    	}
    	menuentry 'Three' $menuentry_id_option 'id-three' {
    		linux	/boot/vmlinuz-3
    	}
    }
    """
}

@Suite struct GrubMenuTests {
    @Test func aDebianConfiguration() throws {
        let result = run(MemoryGrubHost(configuration: configuration("set default=\"0\"")))
        let selection = try #require(result.selection)
        #expect(selection.loader == .linux)
        #expect(selection.image.path == "/boot/vmlinuz-1")
        #expect(selection.image.device == GrubDevice("hd0,msdos1"))
        #expect(selection.image.presence == .present(size: 3 << 20))
        #expect(selection.commandLine == "root=UUID=x ro quiet")
        #expect(selection.initrds.map(\.path) == ["/boot/initrd-1"])
        #expect(selection.title == "One")
        #expect(selection.identifier == "id-one")
        #expect(selection.location.description == "(hd0,msdos1)/boot/grub/grub.cfg:26")
        #expect(selection.image.location.line == 30)
        #expect(result.isCertain)
        let menu = try #require(result.menu)
        #expect(menu.entries.map(\.title) == ["One", "More > options"])
        #expect(menu.entries[1].children.map(\.identifier) == ["id-two", "id-three"])
        #expect(menu.timeout == 5)
        #expect(menu.entries[0].location.lastLine == 32)
    }

    @Test(arguments: [
        ("1", "Two"), ("1>1", "Three"), ("1>Three", "Three"), ("id-more>id-three", "Three"),
        ("More >> options>Two", "Two"), ("id-one", "One"), ("One", "One"), ("id-more", "Two"),
        ("id-more>id-nothing", "Two"), ("nothing", "One"), ("7", "One"), ("0", "One"), ("", "One"),
        ("0x1>1", "Three"), ("1 is a number", "Two"), ("99999999999999999999999", "One"), ("-1", "One"),
    ])
    func theDefaultEntry(value: String, title: String) throws {
        let result = run(MemoryGrubHost(configuration: configuration("set default=\"\(value)\"")))
        #expect(try #require(result.selection).title == title)
        let isUnknown = ["nothing", "7", "99999999999999999999999", "-1", "id-more>id-nothing"].contains(
            value)
        #expect(result.notes.contains { $0.kind == .defaultNotFound } == isUnknown)
    }

    static let saved = """
        if [ "${next_entry}" ] ; then
           set default="${next_entry}"
           set next_entry=
           save_env next_entry
           set boot_once=true
        else
           set default="${saved_entry}"
        fi
        """

    @Test(arguments: [
        ([("saved_entry", "id-more>id-three")], "Three"), ([], "One"),
        ([("saved_entry", "1>0"), ("next_entry", "0")], "One"), ([("saved_entry", "")], "One"),
        ([("saved_entry", "id-removed")], "One"), ([("next_entry", "1")], "Two"),
    ])
    func theSavedEntry(environment: [(String, String)], title: String) throws {
        let result = run(MemoryGrubHost(configuration: configuration(Self.saved), environment: environment))
        #expect(try #require(result.selection).title == title)
        let isOneShot = environment.contains { $0.0 == "next_entry" }
        #expect(result.notes.contains { $0.kind == .oneShot } == isOneShot)
        #expect(result.savedVariables.contains { $0.name == "next_entry" } == isOneShot)
        #expect(result.environmentBlocks.count == 1)
    }

    @Test func argumentsAreQuotedForTheKernel() throws {
        let selection = try #require(
            run(MemoryGrubHost(configuration: configuration("set default=1"))).selection)
        #expect(selection.arguments == ["a b", "c'd"])
        #expect(selection.commandLine == "\"a b\" c\\'d")
        #expect(selection.titles == ["More > options", "Two"])
    }

    @Test func anEntryThatFailsFallsBack() throws {
        var host = MemoryGrubHost(configuration: configuration("set default=0\nset fallback='7 1 0'"))
        host.volumes["hd0,msdos1"]?.files["/boot/vmlinuz-1"] = nil
        let result = run(host)
        let selection = try #require(result.selection)
        #expect(selection.title == "Two")
        #expect(selection.isFallback)
        #expect(
            result.attempts.map(\.title) == ["One", "More > options"] || result.attempts.first?.title == "One"
        )
        #expect(result.attempts[0].notes.first?.message == "file `/boot/vmlinuz-1' not found")
    }

    @Test func aMissingKernelWithoutFallbackStopsAtTheMenu() throws {
        var host = MemoryGrubHost(configuration: configuration("set default=0"))
        host.volumes["hd0,msdos1"]?.files["/boot/vmlinuz-1"] = nil
        let result = run(host)
        #expect(result.outcome.name == "menu")
        #expect(result.attempts.count == 1)
        #expect(result.notes.contains { $0.message.contains("you need to load the kernel first") })
    }

    @Test func aMissingInitrdIsLeftOut() throws {
        var host = MemoryGrubHost(configuration: configuration("set default=0"))
        host.volumes["hd0,msdos1"]?.files["/boot/initrd-1"] = nil
        let selection = try #require(run(host).selection)
        #expect(selection.initrds.isEmpty)
        #expect(selection.initrdFailure?.map(\.presence) == [.missing])
    }

    @Test func anUnreadableKernelIsNotMissing() throws {
        var host = MemoryGrubHost(configuration: configuration("set default=0"))
        host.volumes["hd0,msdos1"]?.unreadable = ["/boot/vmlinuz-1"]
        let result = run(host)
        #expect(!result.isCertain)
        guard case .unreadable = try #require(result.selection).image.presence else {
            Issue.record("the kernel should be unreadable")
            return
        }
    }

    @Test func passwords() throws {
        let header =
            "set superusers=\"root\"\nexport superusers\npassword_pbkdf2 root grub.pbkdf2.x\nset default=0"
        let locked = run(MemoryGrubHost(configuration: configuration(header)))
        #expect(locked.outcome.name == "password")
        #expect(locked.menu?.superusers == "root")
        let open = configuration(header).replacing("--class os", with: "--class os --unrestricted")
        let result = run(MemoryGrubHost(configuration: open))
        #expect(try #require(result.selection).title == "One")
        #expect(result.menu?.entries[0].users == nil)
    }

    @Test func aMenuWithoutTimeoutWaits() throws {
        let text = configuration("set default=0").replacing("set timeout=5", with: "set timeout=-1")
        let result = run(MemoryGrubHost(configuration: text))
        #expect(result.menu?.timeout == nil)
        #expect(result.notes.contains { $0.kind == .waitsForever })
        #expect(try #require(result.selection).title == "One")
    }

    @Test func noConfigurationEndsAtThePrompt() {
        var host = MemoryGrubHost(configuration: "")
        #expect(run(host).outcome.name == "prompt")
        #expect(run(host).menu == nil)
        host.volumes["hd0,msdos1"]?.files["/boot/grub/grub.cfg"] = nil
        let result = run(host)
        #expect(result.outcome.name == "prompt")
        #expect(result.notes.map(\.kind) == [.configurationMissing])
    }

    @Test func anEFIStubLeadsToTheRealConfiguration() throws {
        var real = MemoryGrubHost(configuration: configuration("set default=0"))
        real.volumes["hd0,gpt1"] = .init(
            files: [
                "/EFI/debian/grub.cfg": Array(
                    """
                    search.fs_uuid a12f6a6b-394f-4861-a30d-a4d22e1b8870 root\u{20}
                    set prefix=($root)'/boot/grub'
                    configfile $prefix/grub.cfg
                    """.utf8)
            ])
        real.order.append("hd0,gpt1")
        let start = GrubStart(
            platform: .efi, processor: "x86_64", root: "hd0,gpt1", prefix: "(hd0,gpt1)/EFI/debian",
            commandPath: "(hd0,gpt1)/EFI/BOOT")
        let result = run(real, start)
        #expect(try #require(result.selection).title == "One")
        #expect(
            result.configurationFiles
                == ["(hd0,gpt1)/EFI/debian/grub.cfg", "(hd0,msdos1)/boot/grub/grub.cfg"])
        real.volumes["hd0,msdos1"]?.uuid = "other"
        let lost = run(real, start)
        #expect(lost.outcome.name == "prompt")
        #expect(lost.notes.map(\.kind) == [.searchFailed, .configurationMissing])
    }

    @Test func aFileThatIncludesItselfEnds() {
        let result = run(MemoryGrubHost(configuration: "source $prefix/grub.cfg\nmenuentry a { true; }\n"))
        #expect(result.outcome.name == "abandoned")
        let loop = run(MemoryGrubHost(configuration: "while true; do set a=b; done\n"))
        #expect(loop.outcome.name == "abandoned")
        let growth = run(MemoryGrubHost(configuration: "set a=xxxxxxxx\nwhile true; do set a=$a$a; done\n"))
        #expect(growth.outcome.name == "abandoned")
    }

    @Test func anUbuntuConfiguration() throws {
        let header = """
            set default="0"
            function recordfail {
              set recordfail=1
              if [ -n "${have_grubenv}" ]; then if [ -z "${boot_once}" ]; then save_env recordfail; fi; fi
            }
            if [ "${recordfail}" != 1 ]; then
              if [ -e ${prefix}/gfxblacklist.txt ]; then
                if hwmatch ${prefix}/gfxblacklist.txt 3; then
                  if [ ${match} = 0 ]; then set linux_gfx_mode=keep; else set linux_gfx_mode=text; fi
                else
                  set linux_gfx_mode=text
                fi
              else
                set linux_gfx_mode=keep
              fi
            fi
            export linux_gfx_mode
            """
        let text = configuration(header).replacing("\tload_video\n", with: "\trecordfail\n\tload_video\n")
        let result = run(
            MemoryGrubHost(
                configuration: text, environment: [], extra: ["/boot/grub/gfxblacklist.txt": "x"]))
        #expect(result.isCertain, "\(result.notes)")
        #expect(try #require(result.selection).title == "One")
        #expect(result.savedVariables.map(\.name) == ["recordfail"])
        #expect(result.menu?.variables["linux_gfx_mode"] == "keep")
    }

    @Test func aXenEntry() throws {
        let text = """
            set timeout=0
            menuentry 'Xen' {
              multiboot2 /boot/vmlinuz-1 placeholder dom0_mem=1G
              module2 --nounzip /boot/vmlinuz-2 placeholder root=UUID=x ro
              module2 --nounzip /boot/initrd-2
            }
            """
        let selection = try #require(run(MemoryGrubHost(configuration: text)).selection)
        #expect(selection.loader == .multiboot)
        #expect(selection.modules.map(\.file.path) == ["/boot/vmlinuz-2", "/boot/initrd-2"])
        #expect(selection.modules[0].arguments == ["placeholder", "root=UUID=x", "ro"])
    }

    @Test func theNextLoaderTakesOver() throws {
        for (command, path) in [("chainloader +1", "+1"), ("chainloader (hd0,msdos1)+1", "+1")] {
            let text = "set timeout=0\nmenuentry a {\n\(command)\n}\n"
            let selection = try #require(run(MemoryGrubHost(configuration: text)).selection)
            #expect(selection.loader == .chainloader)
            #expect(selection.image.path == path)
        }
        let lost = run(
            MemoryGrubHost(configuration: "set timeout=0\nmenuentry a {\nchainloader (hd7)+1\n}\n"))
        #expect(lost.outcome.name == "menu")
    }

    @Test func whatIsNotFollowedIsSaid() {
        let text = "set timeout=0\nloopback loop /a.iso\nmenuentry a {\nlinux /boot/vmlinuz-1\n}\n"
        let result = run(MemoryGrubHost(configuration: text))
        #expect(!result.isCertain)
        #expect(result.notes.map(\.kind) == [.notFollowed])
    }
}
