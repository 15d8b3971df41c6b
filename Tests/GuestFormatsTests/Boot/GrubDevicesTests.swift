import ByteReading
import GuestFormats
import Testing

/// Devices that exist only with a module, and paths on btrfs.
@Suite struct GrubDevicesTests {
    private let entry = "menuentry 'A' { linux /boot/vmlinuz-1 root=x }"

    private func volume(_ files: [String: String], uuid: String, modules: Set<String> = [])
        -> MemoryGrubHost.Volume
    {
        var volume = MemoryGrubHost.Volume(uuid: uuid)
        for (path, text) in files { volume.files[path] = Array(text.utf8) }
        volume.modules = modules
        return volume
    }

    private func twoVolumes(_ configuration: String, module: Bool = false) -> MemoryGrubHost {
        var files = ["/boot/grub/grub.cfg": configuration]
        if module { files["/boot/grub/i386-pc/lvm.mod"] = "elf" }
        return MemoryGrubHost(
            ("hd0,msdos1", volume(files, uuid: "b007")),
            ("lvm/vg-root", volume(["/boot/vmlinuz-1": "123"], uuid: "feed", modules: ["lvm"])))
    }

    private func start(_ modules: Set<String>?) -> GrubStart {
        var start = GrubStart.bios
        start.embeddedModules = modules
        return start
    }

    @Test func aDeviceNeedsItsModule() {
        for script in ["search --fs-uuid --set=root feed", "set root=lvm/vg-root", "set root='lvm/vg-root'"] {
            let host = twoVolumes("\(script)\n\(entry)")
            #expect(run(host, start(["normal"])).selection == nil, "\(script)")
            #expect(run(host, start(["normal", "lvm"])).selection != nil, "\(script)")
            #expect(run(host, start(nil)).selection != nil, "\(script)")
        }
    }

    @Test func insmodLoadsWhatLiesBesideTheConfiguration() {
        let script = "insmod lvm\nset root=lvm/vg-root\n\(entry)"
        #expect(run(twoVolumes(script, module: true), start(["normal"])).selection != nil)
        let without = run(twoVolumes(script), start(["normal"]))
        #expect(without.selection == nil)
        #expect(without.notes.contains { $0.message.contains("lvm.mod") })
    }

    /// The GRUB of SUSE: paths start at the default subvolume, other subvolumes are shown where they are mounted.
    @Test func pathsMayStartAtTheDefaultSubvolume() {
        var root = volume(
            [
                "/@/s/1/boot/grub/grub.cfg": entry, "/@/s/1/boot/vmlinuz-1": "123",
                "/@/boot/grub/i386-pc/x.cfg": "set default=0",
            ], uuid: "feed")
        root.defaultSubvolume = "@/s/1"
        func evaluate(_ embedded: String) -> GrubEvaluation {
            var start = GrubStart.bios
            start.embeddedConfiguration = embedded
            return run(MemoryGrubHost(("hd0,msdos1", root)), start)
        }
        let relative = evaluate("set btrfs_relative_path=y\nexport btrfs_relative_path")
        #expect(relative.selection?.image.path == "/@/s/1/boot/vmlinuz-1")
        #expect(relative.configurationFiles == ["(hd0,msdos1)/@/s/1/boot/grub/grub.cfg"])
        #expect(evaluate("set x=1").selection == nil)
        let mounted = evaluate(
            "btrfs-mount-subvol ($root) /boot/grub/i386-pc @/boot/grub/i386-pc\nsource /boot/grub/i386-pc/x.cfg"
        )
        #expect(mounted.configurationFiles == ["(hd0,msdos1)/@/boot/grub/i386-pc/x.cfg"])
    }
}
