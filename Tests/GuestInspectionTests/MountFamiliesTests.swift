import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import Testing

@testable import GuestInspection

/// What each family's own program makes of fstab.
@Suite struct MountFamiliesTests {
    private static let root = "1111aaaa-0000-4000-8000-000000000001"

    /// A guest with these files, whose first program is systemd if `systemd` is not nil.
    private func mounts(
        _ fstab: String, _ files: [String: String] = [:], systemd: String? = nil,
        _ change: (inout OSIdentity) -> Void = { _ in }
    ) -> MountFacts {
        var disk = MemoryFileSystem()
        disk.file("etc/fstab", fstab)
        for (path, text) in files { disk.file(path, text) }
        var identity = OSIdentity()
        if let systemd {
            disk.file("lib/systemd/systemd")
            disk.add(GuestPath("sbin/init"), .link("/lib/systemd/systemd"))
            if !systemd.isEmpty { identity.packages["systemd"] = systemd }
        } else {
            disk.file("sbin/init")
        }
        change(&identity)
        let volume = Compose.partition(1, "ext4", uuid: MountFamiliesTests.root)
        let efi = Compose.partition(2, "vfat", uuid: "1234-ABCD")
        let inspection = MountInspection(
            reader: GuestReader(tree: FileTree(root: disk)), layout: Compose.layout([volume, efi], [:]),
            rootVolume: volume.id, rootSubvolume: nil)
        return inspection.inspect(identity)
    }

    private func missing(
        _ line: String, _ files: [String: String], _ change: (inout OSIdentity) -> Void = { _ in }
    )
        -> MountFailure?
    {
        mounts("\(line)\n", files, change).fstab.value?.first?.ifMissing
    }

    @Test func mountallWaitsUnlessToldOtherwise() {
        let ubuntu = ["etc/init/mountall.conf": "x"]
        #expect(missing("UUID=dead /srv ext4 defaults 0 0", ubuntu) == .waits)
        #expect(missing("UUID=dead /srv ext4 nofail 0 0", ubuntu) == .waits)
        #expect(missing("UUID=dead /srv ext4 nobootwait 0 0", ubuntu) == .goesOn)
        #expect(missing("UUID=dead /srv ext4 noauto 0 2", ubuntu) == .goesOn)
        #expect(missing("192.0.2.1:/x /srv nfs defaults 0 0", ubuntu) == .goesOn)
        #expect(missing("192.0.2.1:/x /var/mail nfs defaults 0 0", ubuntu) == .waits)
    }

    @Test(arguments: ["etc/rc.d/rc.sysinit", "etc/init.d/boot.localfs", "etc/init.d/checkfs.sh"])
    func scriptsStopWhereTheyCheck(script: String) {
        let old = [script: "fsck -A"]
        #expect(missing("UUID=dead /srv ext3 defaults 1 2", old) == .maintenanceShell)
        #expect(missing("UUID=dead /srv ext3 noauto 1 2", old) == .maintenanceShell)
        #expect(missing("UUID=dead /srv xfs defaults 1 2", old) == .maintenanceShell)
        #expect(missing("UUID=dead /srv ext3 defaults 0 0", old) == .goesOn)
        #expect(missing("UUID=dead /srv ext3 nofail 1 2", old) == .goesOn)
        #expect(missing("UUID=dead /srv ext3 _netdev 1 2", old) == .goesOn)
        #expect(missing("UUID=dead /srv ntfs defaults 1 2", old) == .goesOn)
        #expect(missing("UUID=dead /usr ext3 defaults 0 0", old) == .maintenanceShell)
        let withChecker = old.merging(["sbin/fsck.vfat": "x"]) { $1 }
        #expect(missing("UUID=dead /srv vfat defaults 0 2", withChecker) == .maintenanceShell)
        let centos5 = missing("UUID=dead /srv ext3 nofail 1 2", old) {
            $0.family = .rhel
            $0.version = "5.11"
        }
        #expect(centos5 == .unknown)
    }

    @Test func openrcGoesOnAndMayLoseTheNetwork() {
        let scripts = [
            "etc/init.d/localmount": "mount -at\n",
            "etc/init.d/fsck": "8) ewend 1 \"Operational error\"; return 0;;\n",
            "etc/init.d/networking": "depend() {\n\tneed localmount\n}\n",
        ]
        #expect(missing("UUID=dead /srv ext4 defaults 0 2", scripts) == .noServices)
        #expect(missing("UUID=dead /srv ext4 nofail 0 2", scripts) == .goesOn)
        let modern = scripts.merging(["etc/init.d/localmount": "if [ -z \"$critical_mounts\" ]\n"]) { $1 }
        #expect(missing("UUID=dead /srv ext4 defaults 0 2", modern) == .goesOn)
        let critical = modern.merging(["etc/conf.d/localmount": "critical_mounts=\"/srv /var\"\n"]) { $1 }
        #expect(missing("UUID=dead /srv ext4 defaults 0 0", critical) == .noServices)
        let old = scripts.merging(["etc/init.d/fsck": "*) eend 2\n"]) { $1 }
        #expect(missing("UUID=dead /srv ext4 defaults 0 2", old) == .unknown)
    }

    @Test func theRootIsLookedForByName() {
        let wrong = "UUID=dead / ext4 defaults 1 1"
        #expect(missing(wrong, ["etc/init/mountall.conf": "x"]) == .waits)
        #expect(missing(wrong, ["etc/rc.d/rc.sysinit": "x"]) == .maintenanceShell)
        #expect(missing("UUID=dead / ext4 defaults 0 0", ["etc/rc.d/rc.sysinit": "x"]) == nil)
        #expect(missing(wrong, ["etc/init.d/boot.localfs": "x"]) == nil)
        #expect(missing(wrong, ["etc/init.d/checkfs.sh": "x"]) == .unknown)
        #expect(mounts("\(wrong)\n", systemd: "252").fstab.value?.first?.ifMissing == nil)
    }

    @Test func anUnknownProgramIsUnknown() {
        #expect(missing("UUID=dead /srv ext4 defaults 0 2", [:]) == .unknown)
        #expect(missing("UUID=dead /srv ext4 nofail 0 2", [:]) == .goesOn)
        #expect(mounts("", [:]).program == nil)
    }

    @Test("Trap 36: a data disk stops systemd, and with nofail it does not") func dataDisks() {
        let facts = mounts(
            "UUID=dead /srv ext4 defaults 0 2\nUUID=dead /data ext4 nofail 0 2\n", systemd: "252.1-1")
        #expect(facts.program?.value == .systemd)
        #expect(facts.fstab.value?.map(\.ifMissing) == [.emergency, .goesOn])
        #expect(facts.fstab.value?.map(\.isRequired) == [true, false])
    }

    @Test("Trap 37: a UUID in capitals is not found for ext4, and is right for vfat") func capitals() {
        let facts = mounts(
            "UUID=\(MountFamiliesTests.root.uppercased()) /srv ext4 defaults 0 2\nUUID=1234-ABCD /boot/efi vfat x 0 2\n",
            systemd: "252.1-1")
        #expect(facts.fstab.value?.map(\.resolution) == [.caseMismatch("gpt:1"), .volume("gpt:2")])
    }

    @Test("Trap 38: a carriage return ends the options of a systemd before 254") func carriageReturns() throws
    {
        let text =
            "UUID=\"\(MountFamiliesTests.root)\" /my\\040data ext4 defaults\r\nUUID=1234-ABCD /x vfat ro 0 0\r\n"
        func first(_ systemd: String) throws -> MountEntry {
            try #require(mounts(text, systemd: systemd).fstab.value?.first)
        }
        let old = try first("252.38-1~deb12u1")
        #expect(old.mountPoint == "/my data")
        #expect(old.resolution == .volume("gpt:1"))
        #expect(old.badOptions == ["defaults\\r"])
        #expect(old.ifRefused == .emergency)
        let new = try first("257.7-1")
        #expect(new.badOptions.isEmpty)
        #expect(new.oddities.count == 1)
        let open = try first("")
        #expect(open.badOptions.isEmpty)
        #expect(open.doubt != nil)
        // A file system without a device keeps it, too; that of /proc fails nothing.
        let virtual = mounts(
            "tmpfs /tmp tmpfs size=1g\r\nproc /proc proc defaults\r\n", systemd: "252.38-1~deb12u1")
        #expect(virtual.fstab.value?.map(\.badOptions) == [["size=1g\\r"], ["defaults\\r"]])
        #expect(virtual.fstab.value?.map(\.ifRefused) == [.emergency, .goesOn])
        #expect(virtual.fstab.value?.map(\.resolution) == [.virtual, .virtual])
        // Behind the numbers it does no harm.
        let second = try #require(mounts(text, systemd: "252").fstab.value?.last)
        #expect(second.badOptions.isEmpty && second.oddities.isEmpty)
    }

    @Test("Trap 39: a byte order mark makes an entry of the comment in the first line") func byteOrderMark()
        throws
    {
        let text =
            "\u{FEFF}# /etc/fstab: static file system information.\nUUID=\(MountFamiliesTests.root) / ext4 ro 0 1\n"
        let old = mounts(text, systemd: "249.11")
        let first = try #require(old.fstab.value?.first)
        #expect(first.mountPoint == "/etc/fstab:")
        #expect(first.resolution == .notFound)
        #expect(first.ifMissing == .emergency)
        // libmount drops a line whose fifth field is no number.
        let new = mounts(text, systemd: "255.4")
        #expect(new.fstab.value?.map(\.mountPoint) == ["/"])
        #expect(new.syntaxErrors.map(\.line) == [1])
    }

    @Test("Trap 41: /dev/mapper/vg--a-lv--b and /dev/vg-a/lv-b are one logical volume") func mapperNames() {
        let volumes = [
            Compose.partition(1, "LVM2_member"), Compose.logical("vg-a", "lv-b", on: ["gpt:1"]),
            Compose.logical("vg", "a-lv--b", on: ["gpt:1"]),
        ]
        let resolver = DeviceResolver(volumes: volumes) { _ in .unknown }
        for name in ["/dev/mapper/vg--a-lv--b", "/dev/vg-a/lv-b", "/dev/disk/by-id/dm-name-vg--a-lv--b"] {
            #expect(resolver.resolve(DeviceSpecification(name)) == .volume("lvm:vg-a/lv-b"), "\(name)")
        }
        #expect(resolver.resolve(DeviceSpecification("/dev/mapper/vg-a-lv-b")) == .notFound)
    }

    @Test("Trap 43: a UUID that two volumes have is chance") func duplicates() {
        var disk = MemoryFileSystem()
        disk.file("etc/fstab", "UUID=feed /srv ext4 defaults 0 0\n")
        let volumes = [1, 2].map { Compose.partition($0, "ext4", uuid: "feed") }
        let inspection = MountInspection(
            reader: GuestReader(tree: FileTree(root: disk)), layout: Compose.layout(volumes, [:]),
            rootVolume: "gpt:1",
            rootSubvolume: nil)
        #expect(
            inspection.inspect(OSIdentity()).fstab.value?.first?.resolution == .ambiguous(["gpt:1", "gpt:2"]))
    }

    @Test("Trap 46: mount units and crypttab count as fstab does") func units() throws {
        var whole = LabelledFileSystem()
        var disk = MemoryFileSystem()
        disk.file("lib/systemd/systemd")
        disk.add(GuestPath("sbin/init"), .link("/lib/systemd/systemd"))
        disk.file("lib/systemd/system/local-fs.target", "[Unit]\nOnFailure=emergency.target\n")
        disk.file("lib/systemd/system/sysinit.target", "[Unit]\nWants=local-fs.target\n")
        disk.file("lib/systemd/system/multi-user.target", "[Unit]\nRequires=sysinit.target\n")
        disk.add(
            GuestPath("etc/systemd/system/default.target"), .link("/lib/systemd/system/multi-user.target"))
        for name in ["srv", "data"] {
            disk.file(
                "etc/systemd/system/\(name).mount",
                "[Mount]\nWhat=/dev/disk/by-uuid/dead\nWhere=/\(name)\nType=ext4\n[Install]\nRequiredBy=local-fs.target\n"
            )
        }
        disk.add(
            GuestPath("etc/systemd/system/local-fs.target.requires/srv.mount"),
            .link("/etc/systemd/system/srv.mount"))
        disk.add(
            GuestPath("etc/systemd/system/multi-user.target.wants/data.mount"),
            .link("/etc/systemd/system/data.mount"))
        disk.file("etc/crypttab", "secret UUID=feed none luks\nlost UUID=gone /etc/key luks,nofail\n")
        disk.system()
        whole.base = disk
        let volume = Compose.partition(1, "crypto_LUKS", uuid: "feed")
        let facts = LinuxInspection(
            layout: Compose.layout([volume], [:]), root: volume.id, fileSystem: whole, subvolume: nil,
            now: 1_795_400_000
        ).inspect().mounts
        let units = facts.units.sorted { $0.mountPoint < $1.mountPoint }
        #expect(units.map(\.mountPoint) == ["/data", "/srv"])
        #expect(units.map(\.isRequired) == [false, true])
        #expect(facts.crypttab.map(\.asksForPassphrase) == [true, false])
        #expect(facts.crypttab.map(\.isRequired) == [true, false])
        #expect(facts.crypttab.last?.keyFileExists == .no)
    }
}
