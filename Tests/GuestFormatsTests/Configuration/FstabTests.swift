import ByteReading
import Foundation
import Testing

@testable import GuestFormats

@Suite struct FstabTests {
    @Test func fieldsEscapesAndDefaults() throws {
        let fstab = try Fstab(
            configBytes(
                """
                # comment
                   # indented comment

                UUID=aaaa / ext4 errors=remount-ro 0 1
                LABEL="my disk" \t/mnt/a\\040b  xfs defaults,nofail
                /dev/sdb1 /data ext4
                /dev/sdc1 /x
                only
                """))
        #expect(fstab.entries.map(\.mountPoint) == ["/", "disk\"", "/data", "/x"])
        #expect(fstab.entries[0].specification == .tag(.uuid, "aaaa"))
        #expect(fstab.entries[0].pass == 1)
        #expect(fstab.entries[0].source.line == 4)
        #expect(fstab.entries[0].source.excerpt == "UUID=aaaa / ext4 errors=remount-ro 0 1")
        #expect(
            fstab.entries[1].problems.contains(.badNumber)
                || fstab.entries[1].problems.contains(.badMountPoint))
        #expect(fstab.entries[3].problems == [.missingType])
        #expect(fstab.rejected.map(\.problem) == [.tooFewFields])
        let escaped = try Fstab(configBytes("LABEL=a\\040b /mnt/c\\011d\\134e ext4 rw 0 0"))
        #expect(escaped.entries[0].specification == .tag(.label, "a b"))
        #expect(escaped.entries[0].mountPoint == "/mnt/c\td\\e")
    }

    @Test func trap37FstabUUIDCaseIsKept() throws {
        let fstab = try Fstab(
            configBytes("UUID=ABCD-1234 /boot/efi vfat umask=0077 0 1\nUUID=\"DEAD\" / ext4 rw 0 1\n"))
        #expect(fstab.entries[0].specification == .tag(.uuid, "ABCD-1234"))
        #expect(fstab.entries[1].specification == .tag(.uuid, "DEAD"))
    }

    @Test func trap38QuotesCommentsAndCRLF() throws {
        let fstab = try Fstab(
            configBytes(
                "UUID=1 /a ext4 defaults 0 2\r\nUUID=2 /b ext4 defaults\r\n\r\nUUID=3 /c ext4 defaults # note\n"
            ))
        // Six fields: the carriage return stands behind a number and does no harm.
        #expect(fstab.entries[0].problems == [])
        #expect(fstab.entries[0].pass == 2)
        // Four: getmntent leaves it in the options.
        #expect(fstab.entries[1].problems == [.carriageReturn])
        #expect(fstab.entries[1].options.text == "defaults")
        #expect(fstab.carriageReturnCount == 3)
        #expect(fstab.entries.count == 3)
        // A comment at the end: libmount drops the line, systemd before 254 mounts it.
        #expect(!fstab.entries[2].isSeenByLibmount)
    }

    @Test func trap39ByteOrderMark() throws {
        let fstab = try Fstab(Bytes([0xEF, 0xBB, 0xBF] + Array("UUID=1 / ext4 rw 0 1\n".utf8)))
        #expect(fstab.hasByteOrderMark)
        #expect(fstab.entries[0].problems == [.byteOrderMark])
        #expect(fstab.entries[0].specification != .tag(.uuid, "1"))
    }

    @Test func trap41MapperNames() {
        #expect(
            DeviceSpecification("/dev/mapper/vg--a-lv--b")
                == .mapper(name: "vg--a-lv--b", volume: .init(group: "vg-a", volume: "lv-b")))
        #expect(DeviceSpecification("/dev/vg/lv") == .logicalVolume(.init(group: "vg", volume: "lv")))
        #expect(DeviceSpecification("/dev/mapper/luks123") == .mapper(name: "luks123", volume: nil))
        #expect(
            DeviceSpecification.LogicalVolumeName(group: "vg-a", volume: "l-v").mapperName == "vg--a-l--v")
        #expect(DeviceSpecification.LogicalVolumeName(mapperName: "vg-pool-tpool")?.volume == "pool")
    }

    @Test(arguments: [
        ("/dev/sda1", KernelDeviceName.Family.scsi, "sda", 0, 1 as Int?),
        ("/dev/sdaa", .scsi, "sdaa", 26, nil),
        ("/dev/vdb2", .virtio, "vdb", 1, 2), ("/dev/xvda1", .xen, "xvda", 0, 1),
        ("/dev/hda5", .ide, "hda", 0, 5),
        ("/dev/nvme0n1p2", .nvme, "nvme0n1", 0, 2), ("/dev/nvme1n1", .nvme, "nvme1n1", 1, nil),
        ("/dev/mmcblk0p1", .mmc, "mmcblk0", 0, 1), ("/dev/md127", .md, "md127", 127, nil),
        ("/dev/md0p1", .md, "md0", 0, 1), ("/dev/dm-3", .deviceMapper, "dm-3", 3, nil),
        ("/dev/sr0", .optical, "sr0", 0, nil), ("/dev/zram0", .pseudo, "zram0", 0, nil),
    ])
    func kernelNames(
        text: String, family: KernelDeviceName.Family, disk: String, index: Int, partition: Int?
    ) throws {
        guard case .kernelName(let name) = DeviceSpecification(text) else {
            Issue.record("\(text) is no kernel name")
            return
        }
        #expect(name.family == family)
        #expect(name.disk == disk)
        #expect(name.diskIndex == index)
        #expect(name.partition == partition)
        #expect("/dev/" + name.description == text)
    }

    @Test func specifications() {
        #expect(DeviceSpecification("PARTUUID=x-01") == .tag(.partitionUUID, "x-01"))
        #expect(DeviceSpecification("/dev/disk/by-label/a\\x20b") == .tag(.label, "a b"))
        #expect(DeviceSpecification("/dev/disk/by-partuuid/z") == .tag(.partitionUUID, "z"))
        #expect(DeviceSpecification("/dev/disk/by-path/pci-0-part1") == .hardwarePath("pci-0-part1"))
        #expect(DeviceSpecification("/dev/disk/by-id/dm-uuid-LVM-abc") == .tag(.id, "dm-uuid-LVM-abc"))
        #expect(
            DeviceSpecification("/dev/disk/azure/root-part1") == .otherDevice("/dev/disk/azure/root-part1"))
        #expect(DeviceSpecification("/dev/cciss/c0d0p1") == .otherDevice("/dev/cciss/c0d0p1"))
        #expect(DeviceSpecification("/dev/root") == .rootAlias)
        #expect(DeviceSpecification("/dev/md/root") == .namedArray("root"))
        #expect(
            DeviceSpecification("host:/export", fileSystemType: "nfs")
                == .network(host: "host", path: "/export"))
        #expect(
            DeviceSpecification("[fe80::1]:/e", fileSystemType: "nfs4")
                == .network(host: "fe80::1", path: "/e"))
        #expect(
            DeviceSpecification("//srv/share", fileSystemType: "cifs")
                == .network(host: "srv", path: "/share"))
        #expect(DeviceSpecification("proc", fileSystemType: "proc") == .virtual("proc"))
        #expect(DeviceSpecification("/swapfile", fileSystemType: "swap") == .path("/swapfile"))
        #expect(DeviceSpecification("/srv", fileSystemType: "none", options: ["bind"]) == .path("/srv"))
        #expect(DeviceSpecification("share", fileSystemType: "virtiofs") == .hypervisorShare("share"))
        #expect(DeviceSpecification("8:1") == .deviceNumber(major: 8, minor: 1))
        #expect(DeviceSpecification("0801") == .deviceNumber(major: 8, minor: 1))
    }

    @Test func udevEncoding() {
        #expect(UdevEncoding.encoded("a b/c") == "a\\x20b\\x2fc")
        #expect(UdevEncoding.decoded("a\\x20b\\x2fc") == "a b/c")
        #expect(UdevEncoding.decoded("a\\x2") == "a\\x2")
    }

    @Test func trap36SystemdPlans() throws {
        let fstab = try Fstab(
            configBytes(
                """
                UUID=1 / ext4 noauto 0 1
                UUID=2 /data ext4 defaults 0 2
                UUID=3 /opt ext4 nofail,x-systemd.device-timeout=5s 0 2
                UUID=4 /later ext4 noauto 0 0
                UUID=5 /auto ext4 noauto,x-systemd.automount 0 0
                srv:/x /nfs nfs defaults 0 0
                UUID=6 none swap sw 0 0
                tmpfs /dev/shm tmpfs defaults 0 0
                UUID=7 /net ext4 _netdev 0 0
                UUID=8 /back ext4 nofail,fail 0 0
                """))
        let plans = fstab.entries.map(\.systemdPlan)
        #expect(plans[0]?.target == .root)
        #expect(plans[1]?.failureStopsBoot == true)
        #expect(plans[2]?.strength == .wanted)
        #expect(plans[2]?.deviceTimeout == 5)
        #expect(plans[3]?.strength == SystemdMountPlan.Strength.none)
        #expect(plans[4]?.isAutomount == true)
        #expect(plans[4]?.failureStopsBoot == false)
        #expect(plans[5]?.target == .remoteFileSystems)
        #expect(plans[5]?.failureStopsBoot == false)
        #expect(plans[6]?.target == .swap)
        #expect(plans[7] == nil)
        #expect(plans[8]?.target == .remoteFileSystems)
        #expect(plans[9]?.failureStopsBoot == true)
    }

    @Test func crypttab() throws {
        let tab = try Crypttab(
            configBytes(
                "# c\nroot UUID=aa none luks,discard\ndata /dev/sdb1 /etc/key luks,nofail\nswap /dev/sda3 /dev/urandom swap\nbad\n"
            ))
        #expect(tab.entries.map(\.name) == ["root", "data", "swap"])
        #expect(tab.entries[0].asksForPassphrase)
        #expect(tab.entries[0].isRequired)
        #expect(!tab.entries[1].isRequired)
        #expect(tab.entries[2].keyFile == "/dev/urandom")
        #expect(tab.rejected.count == 1)
    }

    /// What findmnt (libmount) makes of the same lines.
    @Test(.enabled(if: Surroundings.findmnt != nil)) func agreesWithLibmount() throws {
        let text = """
            # c\r
            UUID=1 /a ext4 defaults 0 2\r
            UUID=2 /b ext4 defaults\r
            UUID="4" /d ext4 defaults # comment
            UUID=5 /e ext4 defaults 0 2 # root
            /dev/sda1 /h\\040i ext4 rw,a=b 0
            /dev/sda1 /x ext4 defaults x y
            /dev/sda1 /y ext4 defaults 0x2 1
             /dev/sda9 /z ext4 context="a,b",ro 0 -1
            LABEL=a\\011b /tab ext4 ro 0 0
            /dev/sdb /t/ auto defaults 1.5 2
            last /w/x/ ext4 rw 0 0
            """
        let directory = try TemporaryDirectory()
        let path = try directory.write("fstab", text)
        let run = try ToolRun(
            try #require(Surroundings.findmnt),
            ["--tab-file", path, "--raw", "--noheadings", "-o", "TARGET,FSTYPE,OPTIONS,PASSNO"])
        let theirs = run.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        let ours = try Fstab(configBytes(text)).entries.filter(\.isSeenByLibmount)
        try #require(theirs.count == ours.count)
        for (line, entry) in zip(theirs, ours) {
            #expect(UdevEncoding.decoded(line[0]) == entry.mountPoint || line[0] == entry.mountPoint + "/")
            #expect(line[1] == entry.type)
            #expect(line[2] == entry.options.text)
            #expect(Int(line[3]) == entry.pass)
        }
    }

    /// What systemd's generator makes of the same lines.
    @Test(.enabled(if: Surroundings.fstabGenerator != nil)) func agreesWithTheGenerator() throws {
        let text = """
            UUID=1 /required ext4 defaults 0 2
            UUID=2 /wanted ext4 nofail 0 2
            UUID=3 /noauto ext4 noauto 0 0
            UUID=4 /automount ext4 x-systemd.automount 0 0
            UUID=5 /noautomount ext4 noauto,x-systemd.automount 0 0
            srv:/x /nfs nfs defaults 0 0
            UUID=6 /netdev ext4 _netdev,nofail 0 0
            UUID=7 /both ext4 nofail,fail,noauto,auto 0 0
            UUID=8 /own ext4 x-systemd.required-by=foo.target 0 0
            tmpfs /dev/shm tmpfs defaults 0 0
            //h/s /smb cifs defaults 0 0
            UUID=9 /fuse fuse.sshfs defaults 0 0
            a:b:/x /ceph ceph defaults 0 0
            UUID=10 /old ext4 comment=systemd.automount 0 0
            """
        let directory = try TemporaryDirectory()
        let path = try directory.write("fstab", text)
        let out = directory.path + "/out"
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        _ = try ToolRun(
            try #require(Surroundings.fstabGenerator), [out, out, out], environment: ["SYSTEMD_FSTAB": path])
        for entry in try Fstab(configBytes(text)).entries {
            let name = UnitName.escaped(path: entry.mountPoint)
            var theirs: Set<String> = []
            for target in ["local-fs", "remote-fs"] {
                for link in ["wants", "requires"] {
                    for suffix in ["mount", "automount"] {
                        let path = "\(out)/\(target).target.\(link)/\(name).\(suffix)"
                        if (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil {
                            theirs.insert("\(target).target \(link) \(suffix)")
                        }
                    }
                }
            }
            var ours: Set<String> = []
            if let plan = entry.systemdPlan, plan.strength != .none {
                let link = plan.strength == .required ? "requires" : "wants"
                ours = ["\(plan.target.rawValue) \(link) \(plan.isAutomount ? "automount" : "mount")"]
            }
            #expect(ours == theirs, "\(entry.mountPoint)")
        }
    }
}
