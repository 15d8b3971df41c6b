import ByteReading
import GuestFormats
import Testing

/// The configurations of each generator of GRUB 2, as its `grub-mkconfig` or installer writes them.
@Suite struct GrubGeneratorTests {
    private func volume(_ files: [String: String], uuid: String? = nil) -> MemoryGrubHost.Volume {
        var volume = MemoryGrubHost.Volume(uuid: uuid)
        for (path, text) in files { volume.files[path] = Array(text.utf8) }
        return volume
    }

    private func bios(_ device: String, _ prefix: String) -> GrubStart {
        GrubStart(platform: .pc, processor: "i386", root: device, prefix: "(\(device))\(prefix)")
    }

    private func efi(_ directory: String) -> GrubStart {
        GrubStart(
            platform: .efi, processor: "x86_64", root: "hd0,gpt1", prefix: "(hd0,gpt1)\(directory)",
            commandPath: "(hd0,gpt1)\(directory)")
    }

    // MARK: el7

    private let el7Header = """
        set pager=1

        if [ -s $prefix/grubenv ]; then
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
        set timeout=5
        """

    private func el7(_ command: String) -> String {
        el7Header
            + """

            menuentry 'CentOS Linux (3.10.0-1160.el7.x86_64) 7 (Core)' --class centos --unrestricted $menuentry_id_option 'gnulinux-3.10.0-1160-advanced-1' {
            	load_video
            	set gfxpayload=keep
            	insmod gzio
            	insmod part_msdos
            	insmod xfs
            	set root='hd1,msdos1'
            	if [ x$feature_platform_search_hint = xy ]; then
            	  search --no-floppy --fs-uuid --set=root --hint-bios=hd1,msdos1 --hint='hd1,msdos1'  b007
            	else
            	  search --no-floppy --fs-uuid --set=root b007
            	fi
            	\(command) /vmlinuz-3.10.0-1160.el7.x86_64 root=/dev/mapper/centos-root ro crashkernel=auto rhgb quiet
            	initrd\(command.dropFirst(5)) /initramfs-3.10.0-1160.el7.x86_64.img
            }
            menuentry 'CentOS Linux (0-rescue-9af7) 7 (Core)' --class centos --unrestricted $menuentry_id_option 'gnulinux-0-rescue-advanced-1' {
            	search --no-floppy --fs-uuid --set=root b007
            	\(command) /vmlinuz-0-rescue-9af7 root=/dev/mapper/centos-root ro
            	initrd\(command.dropFirst(5)) /initramfs-0-rescue-9af7.img
            }
            """
    }

    private var el7Files: [String: String] {
        [
            "/vmlinuz-3.10.0-1160.el7.x86_64": "k", "/initramfs-3.10.0-1160.el7.x86_64.img": "i",
            "/vmlinuz-0-rescue-9af7": "k", "/initramfs-0-rescue-9af7.img": "i",
        ]
    }

    @Test("Trap 21: search succeeds although set root names a disk that does not exist")
    func el7OnBIOS() throws {
        var boot = volume(el7Files.merging(["/grub2/grub.cfg": el7("linux16")]) { $1 }, uuid: "b007")
        boot.files["/grub2/grubenv"] = environmentBlock([
            ("saved_entry", "CentOS Linux (3.10.0-1160.el7.x86_64) 7 (Core)")
        ])
        let result = run(MemoryGrubHost(("hd0,msdos1", boot)), bios("hd0,msdos1", "/grub2"))
        let selection = try #require(result.selection, "\(result.notes)")
        #expect(selection.image.device == GrubDevice("hd0,msdos1"))
        #expect(selection.image.path == "/vmlinuz-3.10.0-1160.el7.x86_64")
        #expect(selection.initrds.map(\.path) == ["/initramfs-3.10.0-1160.el7.x86_64.img"])
        #expect(selection.arguments.first == "root=/dev/mapper/centos-root")
        #expect(!result.notes.contains { $0.kind == .searchFailed })
    }

    @Test("Trap 17: a saved entry that is gone is a warning, GRUB takes the first entry")
    func aSavedEntryThatIsGone() throws {
        var boot = volume(el7Files.merging(["/grub2/grub.cfg": el7("linux16")]) { $1 }, uuid: "b007")
        boot.files["/grub2/grubenv"] = environmentBlock([("saved_entry", "CentOS Linux (removed)")])
        let result = run(MemoryGrubHost(("hd0,msdos1", boot)), bios("hd0,msdos1", "/grub2"))
        #expect(try #require(result.selection).image.path == "/vmlinuz-3.10.0-1160.el7.x86_64")
        #expect(result.notes.contains { $0.kind == .defaultNotFound })
    }

    @Test("Trap 18: el7 on UEFI reads the whole configuration on the ESP, the one in /boot is dead")
    func el7OnUEFI() throws {
        let boot = volume(
            el7Files.merging(["/grub2/grub.cfg": "menuentry dead { linux /gone }"]) { $1 }, uuid: "b007")
        let system = volume(["/EFI/centos/grub.cfg": el7("linuxefi")])
        let result = run(
            MemoryGrubHost(("hd0,gpt1", system), ("hd0,gpt2", boot)), efi("/EFI/centos"))
        #expect(try #require(result.selection).image.device == GrubDevice("hd0,gpt2"))
        #expect(result.configurationFiles == ["(hd0,gpt1)/EFI/centos/grub.cfg"])
    }

    // MARK: el9

    private let stub = """
        search --no-floppy --root-dev-only --fs-uuid --set=dev b007
        set prefix=($dev)/grub2
        export $prefix
        configfile $prefix/grub.cfg
        """

    private let el9 = """
        set pager=1
        if [ -f ${config_directory}/grubenv ]; then
          load_env -f ${config_directory}/grubenv
        elif [ -s $prefix/grubenv ]; then
          load_env
        fi
        if [ "${next_entry}" ] ; then
           set default="${next_entry}"
        else
           set default="${saved_entry}"
        fi
        set timeout=5
        set root='hd0,gpt2'
        search --no-floppy --fs-uuid --set=root b007
        insmod blscfg
        blscfg
        """

    private func entry(_ version: String, prefix: String = "", options: String = "root=UUID=1 ro") -> String {
        """
        title Rocky Linux (\(version)) 9.4 (Blue Onyx)
        version \(version)
        linux \(prefix)/vmlinuz-\(version)
        initrd \(prefix)/initramfs-\(version).img $tuned_initrd
        options \(options) $tuned_params
        grub_users $grub_users
        grub_arg --unrestricted
        grub_class rocky
        """
    }

    private func el9Boot(_ prefix: String = "", options: String = "root=UUID=1 ro") -> MemoryGrubHost.Volume {
        let version = "5.14.0-427.13.1.el9_4.x86_64"
        let rescue = "0-rescue-9af7"
        return volume(
            [
                "\(prefix)/grub2/grub.cfg": el9,
                "\(prefix)/loader/entries/9af7-\(version).conf": entry(
                    version, prefix: prefix, options: options),
                "\(prefix)/loader/entries/9af7-0-rescue.conf": entry(rescue, prefix: prefix),
                "\(prefix)/vmlinuz-\(version)": "k", "\(prefix)/initramfs-\(version).img": "i",
                "\(prefix)/vmlinuz-\(rescue)": "k", "\(prefix)/initramfs-\(rescue).img": "i",
            ], uuid: "b007")
    }

    @Test("Trap 18: el9 has a stub on the ESP that leads to /boot")
    func el9OnUEFI() throws {
        let system = volume(["/EFI/rocky/grub.cfg": stub])
        let result = run(
            MemoryGrubHost(("hd0,gpt1", system), ("hd0,gpt2", el9Boot())), efi("/EFI/rocky"))
        let selection = try #require(result.selection, "\(result.notes)")
        #expect(selection.commandLine == "root=UUID=1 ro")
        #expect(result.configurationFiles.last == "(hd0,gpt2)/grub2/grub.cfg")
        // A stub whose UUID nothing has.
        var other = el9Boot()
        other.uuid = "else"
        let broken = run(MemoryGrubHost(("hd0,gpt1", system), ("hd0,gpt2", other)), efi("/EFI/rocky"))
        #expect(broken.selection == nil)
        #expect(broken.notes.contains { $0.kind == .searchFailed })
    }

    @Test("Trap 33: a rescue entry is not the default and does not count")
    func theRescueEntryIsLast() throws {
        let result = run(MemoryGrubHost(("hd0,gpt2", el9Boot())), bios("hd0,gpt2", "/grub2"))
        #expect(result.menu?.entries.map(\.identifier).last == "9af7-0-rescue")
        #expect(try #require(result.selection).image.path == "/vmlinuz-5.14.0-427.13.1.el9_4.x86_64")
    }

    @Test("Trap 20: paths with and without /boot, by where /boot lies")
    func bootInTheRootFileSystem() throws {
        let text = el9.replacing("blscfg\n", with: "blscfg\n")
        var root = el9Boot("/boot")
        root.files["/boot/grub2/grub.cfg"] = Array(text.utf8)
        let result = run(MemoryGrubHost(("hd0,gpt2", root)), bios("hd0,gpt2", "/boot/grub2"))
        let selection = try #require(result.selection, "\(result.notes)")
        #expect(selection.image.path == "/boot/vmlinuz-5.14.0-427.13.1.el9_4.x86_64")
        #expect(selection.image.presence != .missing)
    }

    @Test("Trap 16: kernelopts that grubenv lacks come from grub.cfg, else they are empty")
    func kernelOptions() throws {
        let boot = el9Boot(options: "$kernelopts")
        let result = run(MemoryGrubHost(("hd0,gpt2", boot)), bios("hd0,gpt2", "/grub2"))
        #expect(try #require(result.selection).commandLine == "")
        var other = boot
        other.files["/grub2/grub.cfg"] = Array(
            el9.replacing(
                "insmod blscfg",
                with:
                    "if [ -z \"${kernelopts}\" ]; then\n set kernelopts=\"root=/dev/x ro \"\nfi\ninsmod blscfg"
            )
            .utf8)
        let fallback = run(MemoryGrubHost(("hd0,gpt2", other)), bios("hd0,gpt2", "/grub2"))
        #expect(try #require(fallback.selection).commandLine == "root=/dev/x ro")
    }

    // MARK: SUSE

    @Test("Trap 20: SUSE's paths begin with the snapshot's subvolume")
    func suse() throws {
        let top = "/@/.snapshots/1/snapshot"
        let configuration = """
            set btrfs_relative_path="y"
            export btrfs_relative_path
            if [ -f ${config_directory}/grubenv ]; then
              load_env -f ${config_directory}/grubenv
            elif [ -s $prefix/grubenv ]; then
              load_env
            fi
            set default="${saved_entry}"
            set timeout=8
            menuentry 'SLES 15-SP6' --class sles $menuentry_id_option 'gnulinux-simple-f00d' {
            	set root='hd0,gpt3'
            	if [ x$feature_platform_search_hint = xy ]; then
            	  search --no-floppy --fs-uuid --set=root --hint='hd0,gpt3' f00d
            	else
            	  search --no-floppy --fs-uuid --set=root f00d
            	fi
            	echo	'Loading Linux 6.4.0-150600.23.7-default ...'
            	linux	/boot/vmlinuz-6.4.0-150600.23.7-default root=UUID=f00d  splash=silent quiet
            	initrd	/boot/initrd-6.4.0-150600.23.7-default
            }
            """
        var root = volume(
            [
                "\(top)/boot/grub2/grub.cfg": configuration,
                "\(top)/boot/vmlinuz-6.4.0-150600.23.7-default": "k",
                "\(top)/boot/initrd-6.4.0-150600.23.7-default": "i",
            ], uuid: "f00d")
        root.defaultSubvolume = "@/.snapshots/1/snapshot"
        var start = bios("hd0,gpt3", "/boot/grub2")
        start.embeddedConfiguration = "set btrfs_relative_path=\"y\"\nexport btrfs_relative_path\n"
        let result = run(MemoryGrubHost(("hd0,gpt3", root)), start)
        let selection = try #require(result.selection, "\(result.notes)")
        #expect(selection.image.path == "\(top)/boot/vmlinuz-6.4.0-150600.23.7-default")
        #expect(selection.initrds.map(\.path) == ["\(top)/boot/initrd-6.4.0-150600.23.7-default"])
    }

    // MARK: Ubuntu, Arch, Gentoo

    @Test func ubuntuTakesAnEntryOfASubmenu() throws {
        let configuration = """
            if [ -s $prefix/grubenv ]; then
              set have_grubenv=true
              load_env
            fi
            if [ "${initrdfail}" = 2 ]; then
               set initrdfail=
            elif [ "${initrdfail}" = 1 ]; then
               set next_entry="${prev_entry}"
            fi
            if [ "${next_entry}" ] ; then
               set default="${next_entry}"
            else
               set default="1>2"
            fi
            if [ "${recordfail}" = 1 ] ; then
              set timeout=30
            else
              set timeout_style=hidden
              set timeout=0
            fi
            menuentry 'Ubuntu' --class ubuntu $menuentry_id_option 'gnulinux-simple-1' {
            	recordfail
            	linux	/boot/vmlinuz-6.8.0-31-generic root=UUID=1 ro quiet splash
            	initrd	/boot/initrd.img-6.8.0-31-generic
            }
            submenu 'Advanced options for Ubuntu' $menuentry_id_option 'gnulinux-advanced-1' {
            	menuentry 'Ubuntu, with Linux 6.8.0-31-generic' { linux /boot/vmlinuz-6.8.0-31-generic }
            	menuentry 'Ubuntu, with Linux 6.8.0-31-generic (recovery mode)' { linux /boot/vmlinuz-6.8.0-31-generic }
            	menuentry 'Ubuntu, with Linux 5.15.0-105-generic' {
            		linux	/boot/vmlinuz-5.15.0-105-generic root=UUID=1 ro
            		initrd	/boot/initrd.img-5.15.0-105-generic
            	}
            }
            """
        let root = volume([
            "/boot/grub/grub.cfg": configuration, "/boot/vmlinuz-6.8.0-31-generic": "k",
            "/boot/vmlinuz-5.15.0-105-generic": "k", "/boot/initrd.img-5.15.0-105-generic": "i",
        ])
        let result = run(MemoryGrubHost(("hd0,gpt1", root)), bios("hd0,gpt1", "/boot/grub"))
        let selection = try #require(result.selection, "\(result.notes)")
        #expect(selection.image.path == "/boot/vmlinuz-5.15.0-105-generic")
        #expect(
            selection.titles == [
                "Advanced options for Ubuntu", "Ubuntu, with Linux 5.15.0-105-generic",
            ])
    }

    @Test func archAndGentooNameSeveralArchives() throws {
        let configuration = """
            set default="0"
            set timeout=5
            menuentry 'Arch Linux' --class arch --class gnu-linux $menuentry_id_option 'gnulinux-simple-1' {
            	load_video
            	insmod gzio
            	insmod part_gpt
            	insmod ext2
            	search --no-floppy --fs-uuid --set=root 1
            	echo	'Loading Linux linux ...'
            	linux	/boot/vmlinuz-linux root=UUID=1 rw  loglevel=3 quiet
            	echo	'Loading initial ramdisk ...'
            	initrd	/boot/amd-ucode.img /boot/initramfs-linux.img
            }
            """
        let root = volume(
            [
                "/boot/grub/grub.cfg": configuration, "/boot/vmlinuz-linux": "k", "/boot/amd-ucode.img": "u",
                "/boot/initramfs-linux.img": "i",
            ], uuid: "1")
        let selection = try #require(
            run(MemoryGrubHost(("hd0,gpt1", root)), bios("hd0,gpt1", "/boot/grub")).selection)
        #expect(selection.initrds.map(\.path) == ["/boot/amd-ucode.img", "/boot/initramfs-linux.img"])
    }

    // MARK: Traps of the firmware

    private struct Files: EFISystemPartition {
        var files: [String: [UInt8]]

        func file(at path: String) throws(ImageFault) -> ContentSource? {
            files.first { $0.key.lowercased() == path.lowercased() }.map { ContentSource(Bytes($0.value)) }
        }

        func names(inDirectory path: String) throws(ImageFault) -> [String]? {
            let prefix = path.lowercased() + "/"
            let names = files.keys.filter { $0.lowercased().hasPrefix(prefix) }.map {
                String($0.dropFirst(prefix.count).prefix { $0 != "/" })
            }
            return Array(Set(names)).sorted()
        }
    }

    private func start(_ files: [String: [UInt8]]) -> BootTrace {
        EFIBoot.trace(Files(files: files), machine: .x64, device: GrubDevice("hd0,gpt1"))
    }

    private let shim = program(
        [
            (".sbat", Array("sbat,1\nshim,4\n".utf8)),
            (".data", "SHIM \\grubx64.efi\0".utf16LittleEndian),
        ], isSigned: true)

    @Test("Trap 22: the packages of GRUB are there, and nothing is installed")
    func packagesAreNotABootLoader() {
        var disk = [UInt8](repeating: 0, count: 512 * 64)
        disk.replaceSubrange(510..<512, with: [0x55, 0xAA])
        #expect(BIOSBoot.trace(ContentSource(Bytes(disk))).stop == .bootCodeMissing)
        #expect(start([:]).stop == .removablePathMissing)
    }

    @Test("Trap 23: without the removable path only the old machine's memory knew the loader")
    func onlyTheVendorsDirectory() {
        #expect(start(["/EFI/debian/shimx64.efi": shim]).stop == .removablePathMissing)
    }

    @Test("Trap 24: shim at the removable path without GRUB beside it")
    func shimAlone() {
        #expect(start(["/EFI/BOOT/BOOTX64.EFI": shim]).stop == .secondStageMissing)
    }

    @Test("Trap 25: GPT with a BIOS boot partition starts like any other")
    func gptWithBIOSBoot() throws {
        let trace = BIOSBoot.trace(
            ContentSource(Bytes(try GrubDisk(prefix: "(,gpt2)/boot/grub").bytes)), isGPT: true)
        #expect(trace.grubStart?.prefix == "(hd0,gpt2)/boot/grub")
    }

    @Test("Trap 32: the command line inside the image holds")
    func theCommandLineInTheImage() throws {
        let bytes = program([
            (".osrel", Array("ID=arch\n".utf8)), (".cmdline", Array("root=UUID=inside\n".utf8)),
            (".linux", [1]), (".initrd", [2]),
        ])
        let trace = start(["/EFI/BOOT/BOOTX64.EFI": bytes])
        guard case .unifiedKernelImage = trace.destination else {
            Issue.record("\(trace.steps)")
            return
        }
        #expect(trace.loadOptions == nil)
        let loader = try #require(trace.loader)
        let image = try #require(try UnifiedKernelImage(reading: loader.image))
        #expect(image.commandLine == "root=UUID=inside")
    }

    @Test func shimStartsWhatItsLoadOptionsName() throws {
        let image = program([(".linux", [1]), (".cmdline", Array("x".utf8)), (".osrel", Array("ID=a".utf8))])
        let fallback = program([
            (".sbat", Array("shim,4\n".utf8)), (".data", "SHIM boot.csv\0".utf16LittleEndian),
        ])
        let list = "\u{FEFF}shimx64.efi,redhat,\\EFI\\Linux\\a.efi ,UKI bootentry\n".utf16LittleEndian
        let trace = start([
            "/EFI/BOOT/BOOTX64.EFI": shim, "/EFI/BOOT/fbx64.efi": fallback, "/EFI/redhat/BOOTX64.CSV": list,
            "/EFI/redhat/shimx64.efi": shim, "/EFI/Linux/a.efi": image,
        ])
        #expect(trace.path == "/EFI/Linux/a.efi")
        #expect(trace.loadOptions == nil)
        guard case .unifiedKernelImage = trace.destination else {
            Issue.record("\(trace.steps)")
            return
        }
        #expect(trace.programs.map(\.isSigned) == [true, false, true, false])
    }
}
