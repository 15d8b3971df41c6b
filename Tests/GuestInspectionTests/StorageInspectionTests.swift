import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import Testing

@testable import GuestInspection

@Suite struct StorageInspectionTests {
    private func image(_ volumes: VolumeFacts...) -> ImageFacts {
        Compose.layout(volumes, [:]).image
    }

    private func guest(_ files: [String: String], _ image: ImageFacts) -> StorageFacts {
        var disk = MemoryFileSystem()
        for (path, text) in files { disk.file(path, text) }
        return StorageInspection(image: image).guest(GuestReader(tree: FileTree(root: disk)))
    }

    @Test func aFilterIsHeldAgainstTheNamesOfTheTarget() {
        let image = image(Compose.partition(2, "LVM2_member"))
        func accepts(_ filter: String) -> [Answer?] {
            let text = "devices {\n  filter = [ \(filter) ]\n}\n"
            let facts = guest(["etc/lvm/lvm.conf": text], image)
            return ["sd", "vd", "nvme"].map { facts.lvmFilters.first?.accepts[$0] }
        }
        #expect(accepts(#""a|^/dev/sda|", "r|.*|""#) == [.yes, .no, .no])
        #expect(accepts(#""a|^/dev/nvme0n1p2$|", "r|.*|""#) == [.no, .no, .yes])
        #expect(accepts(#""r|^/dev/sdb|""#) == [.yes, .yes, .yes])
        #expect(accepts(#""a|^/dev/disk/by-id/|", "r|.*|""#) == [.unknown, .unknown, .unknown])
    }

    @Test func onlyTheLastFilterOfANameHolds() {
        let image = image(Compose.partition(2, "LVM2_member"))
        let facts = guest(
            [
                "etc/lvm/lvm.conf":
                    "devices {\n filter = [ \"r|.*|\" ]\n filter = [ \"a|.*|\" ]\n use_devicesfile = 1\n}\n"
            ], image)
        #expect(facts.lvmFilters.map { $0.accepts["vd"] } == [.yes])
        #expect(facts.usesLvmDevices == true)
        #expect(facts.lvmDevices == nil)
    }

    @Test func theDevicesFileAndArraysAreRead() {
        let facts = guest(
            [
                "etc/lvm/devices/system.devices":
                    "# LVM\nVERSION=1.1.2\nIDTYPE=sys_wwid IDNAME=naa.5000 DEVNAME=/dev/sda2 PVID=abc PART=2\n",
                "etc/mdadm/mdadm.conf":
                    "ARRAY /dev/md/0 metadata=1.2 UUID=01234567:89ABCDEF:fedcba98:76543210 name=h:0\n",
            ], image())
        #expect(facts.lvmDevices?.map(\.idType) == ["sys_wwid"])
        #expect(facts.lvmDevices?.first?.physicalVolume == "abc")
        #expect(facts.lvmDevices?.first?.evidence.line == 3)
        #expect(facts.arrays.map(\.device) == ["/dev/md/0"])
        #expect(facts.arrays.first?.uuid == "0123456789abcdeffedcba9876543210")
    }

    // MARK: Initramfs

    private func early(_ files: [String: String]) -> EarlyStorage {
        var contents = InitramfsContents()
        func directory(_ path: String) {
            if contents.tree.nodes[path] != nil { return }
            contents.tree.insert(InitramfsMember(path: path, mode: 0o040755, size: 0))
        }
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            let parts = path.split(separator: "/")
            for count in 1..<parts.count { directory(parts.prefix(count).joined(separator: "/")) }
            contents.tree.insert(InitramfsMember(path: path, mode: 0o100755, size: UInt64(text.utf8.count)))
            contents.files[path] = .init(bytes: Bytes(Array(text.utf8)), isWhole: true)
        }
        return InitramfsSummary(contents).earlyStorage(StorageFacts())
    }

    /// What an archive of initramfs-tools is known by.
    private let tools = [
        "scripts/functions": "x", "conf/initramfs.conf": "MODULES=most\n", "init": "#!/bin/sh\n",
    ]

    private func archive(_ files: [String: String]) -> EarlyStorage {
        early(files.merging(tools) { first, _ in first })
    }

    @Test func debianActivatesByRule() {
        let udev = ["usr/lib/systemd/systemd-udevd": "x", "sbin/lvm": "x"]
        #expect(archive(udev).lvm == [])
        #expect(archive(udev.merging(["lib/udev/rules.d/69-lvm.rules": "x"]) { a, _ in a }).lvm == [.event])
        #expect(archive(["lib/udev/rules.d/69-lvm.rules": "x"]).lvm == [])
    }

    @Test func olderScriptsActivateByName() {
        let lvm = ["sbin/lvm": "x", "scripts/local-block/lvm2": "lvm lvchange -aay \"$1\""]
        #expect(archive(lvm).lvm == [.rootByName])
        #expect(
            archive(["sbin/lvm": "x", "scripts/local-top/lvm2": "lvm vgchange -aay"]).lvm == [.everything])
    }

    @Test func dracutScansAndCarriesParameters() {
        let storage = early([
            "usr/sbin/lvm": "x", "usr/sbin/lvm_scan": "x", "usr/lib/initrd-release": "x",
            "etc/cmdline.d/90lvm.conf": " rd.lvm.lv=vg/root ",
        ])
        #expect(storage.lvm == [.dracut])
        #expect(storage.parameters == [.init(name: "rd.lvm.lv", value: "vg/root")])
    }

    @Test func arraysAndBtrfsNeedARuleOrAScript() {
        #expect(archive(["sbin/mdadm": "x"]).assemblesArrays == .no)
        #expect(archive(["sbin/mdadm": "x", "scripts/local-block/mdadm": "x"]).assemblesArrays == .yes)
        #expect(archive(["scripts/local-block/mdadm": "x"]).assemblesArrays == .no)
        #expect(archive(["bin/btrfs": "x"]).scansBtrfs == .no)
        #expect(archive(["bin/btrfs": "x", "scripts/local-premount/btrfs": "x"]).scansBtrfs == .yes)
    }

    @Test func nashActivatesTheGroupsOfItsScript() {
        let script = """
            #!/bin/nash
            insmod /lib/dm-mod.ko
            lvm vgscan --ignorelockingfailure
            lvm vgchange -ay --ignorelockingfailure  VolGroup00
            raidautorun /dev/md0
            mkrootdev -t ext3 -o defaults,ro /dev/VolGroup00/LogVol00
            """
        let storage = early(["bin/nash": "x", "bin/lvm": "x", "init": script])
        #expect(storage.lvm == [.groups] && storage.lvmGroups == ["VolGroup00"])
        #expect(storage.autodetectsArrays)
        let bare = early(["bin/nash": "x", "bin/lvm": "x", "init": "#!/bin/nash\nmkblkdevs\n"])
        #expect(bare.lvm == [] && !bare.autodetectsArrays)
        let all = early(["bin/nash": "x", "bin/lvm": "x", "init": "#!/bin/nash\nlvm vgchange -ay\n"])
        #expect(all.lvm == [.everything])
    }

    @Test func suseActivatesTheGroupsOfItsConfiguration() {
        let files = ["run_all.sh": "x", "sbin/lvm": "x", "boot/178-lvm2.sh": "vgchange -a y $vgr\n"]
        let named = early(files.merging(["config/lvm2.sh": "vg_roots='system data'\n"]) { first, _ in first })
        #expect(named.lvm == [.groups] && named.lvmGroups == ["system", "data"])
        #expect(early(files).lvm == [.other])
    }

    @Test func boosterSaysWhatItBringsUp() {
        func storage(_ yaml: String) -> EarlyStorage {
            early(["etc/booster.init.yaml": yaml, "usr/bin/lvm": "x", "usr/bin/mdadm": "x"])
        }
        #expect(storage("enablelvm: true\nenablemdraid: true\n").lvm == [.everything])
        #expect(storage("enablelvm: true\nenablemdraid: true\n").assemblesArrays == .yes)
        #expect(storage("kernel: 6.1\n").lvm == [.other])
        #expect(storage("kernel: 6.1\n").assemblesArrays == .unknown)
    }

    @Test("Trap 29: find_multipaths is read from the copy in the archive")
    func multipathInTheArchive() {
        let facts = guest(
            ["etc/multipath.conf": "defaults {\n\tuser_friendly_names yes\n\tfind_multipaths no\n}\n"],
            image())
        #expect(facts.findMultipaths?.value == "no")
        #expect(facts.findMultipaths?.evidence.line == 3)
        #expect(guest(["etc/multipath.conf": "# find_multipaths no\n"], image()).findMultipaths == nil)
    }
}
