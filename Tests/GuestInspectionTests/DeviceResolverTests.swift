import GuestFacts
import GuestFormats
import Testing

@testable import GuestInspection

@Suite struct DeviceResolverTests {
    private let pv = Compose.partition(2, "LVM2_member", uuid: "PvPvPv-0000-1111-2222-3333-4444-555555")

    private func resolve(_ text: String, _ volumes: [VolumeFacts], arrays: [ArrayLineFacts] = [])
        -> DeviceResolution
    {
        DeviceResolver(volumes: volumes, arrays: arrays) { _ in .no }.resolve(DeviceSpecification(text))
    }

    @Test(arguments: [
        "/dev/mapper/my--vg-root--a", "/dev/my-vg/root-a", "/dev/disk/by-id/dm-name-my--vg-root--a",
        "/dev/disk/by-id/dm-uuid-LVM-GrOuP0aaaabbbbccccddddeeeeffffffvOlUmEroota1", "UUID=feed",
        "/dev/disk/by-uuid/feed",
    ]) func aLogicalVolumeHasManyNames(_ name: String) {
        let root = Compose.logical("my-vg", "root-a", on: [pv.id], uuid: "feed")
        #expect(resolve(name, [pv, root]) == .volume("lvm:my-vg/root-a"))
    }

    @Test func whatIsNotInAnOpenedGroupIsNotThere() {
        let root = Compose.logical("vg", "root", on: [pv.id])
        #expect(resolve("/dev/mapper/vg-swap", [pv, root]) == .notFound)
        #expect(resolve("/dev/vg/swap", [pv, root]) == .notFound)
        #expect(resolve("UUID=dead", [pv, root]) == .notFound)
    }

    @Test func whatMayLieInAnUnreadGroupIsUnknown() {
        guard case .unknown = resolve("/dev/mapper/vg-root", [pv]) else {
            Issue.record("a group that was not opened hides nothing")
            return
        }
        guard case .unknown = resolve("UUID=dead", [pv]) else {
            Issue.record("a group that was not opened hides no UUID")
            return
        }
    }

    @Test func anUnreadableVolumeIsThereAllTheSame() {
        var root = Compose.logical("vg", "root", on: [pv.id], kind: nil, kinds: ["vdo"])
        root.gap = Gap(where: root.id, kind: .unsupported, message: "vdo")
        #expect(resolve("/dev/vg/root", [pv, root]) == .volume(root.id))
        guard case .unknown = resolve("UUID=dead", [pv, root]) else {
            Issue.record("its UUID is not known")
            return
        }
    }

    @Test func partsOfALargerWholeAreNotAmbiguous() {
        let members = [
            Compose.partition(1, "linux_raid_member", uuid: "same"),
            Compose.partition(2, "linux_raid_member", uuid: "same"),
        ]
        let array = Compose.array("host:root", on: members.map(\.id), uuid: "feed")
        #expect(resolve("UUID=feed", members + [array]) == .volume(array.id))
        var first = Compose.partition(1, "btrfs", uuid: "feed")
        var second = Compose.partition(2, "btrfs", uuid: "feed")
        second.memberOf = first.id
        #expect(resolve("UUID=feed", [first, second]) == .volume(first.id))
        second.memberOf = nil
        first.kind = "ext4"
        #expect(resolve("UUID=feed", [first, second]) == .ambiguous(["gpt:1", "gpt:2"]))
    }

    @Test(arguments: [
        "/dev/md/root", "/dev/md/host:root", "/dev/disk/by-id/md-name-host:root",
        "/dev/disk/by-id/md-uuid-01234567:89abcdef:fedcba98:76543210", "/dev/md127",
    ]) func anArrayHasManyNames(_ name: String) {
        let member = Compose.partition(1, "linux_raid_member")
        let array = Compose.array("host:root", on: [member.id])
        #expect(resolve(name, [member, array]) == .volume(array.id))
    }

    @Test func theConfigurationNamesArrays() {
        let member = Compose.partition(1, "linux_raid_member")
        let array = Compose.array("host:root", on: [member.id])
        let line = ArrayLineFacts(
            device: "/dev/md/4", uuid: "0123456789abcdeffedcba9876543210",
            evidence: Evidence(path: "/etc/mdadm.conf"))
        #expect(resolve("/dev/md4", [member, array], arrays: [line]) == .volume(array.id))
        #expect(resolve("/dev/md127", [member, array], arrays: [line]) == .notFound)
        guard case .unknown = resolve("/dev/md3", [member, array]) else {
            Issue.record("a number that nothing names depends on the order")
            return
        }
        #expect(
            resolve("/dev/md0", [member, Compose.array("host:0", on: [member.id])]) == .volume("md:host:0"))
    }

    @Test func whatCrypttabOpensIsThereWhenItsDeviceIs() {
        let luks = Compose.partition(3, "crypto_LUKS", uuid: "1111")
        func resolve(_ device: String) -> DeviceResolution {
            DeviceResolver(volumes: [luks], encrypted: ["data": DeviceSpecification(device)]) { _ in .no }
                .resolve(DeviceSpecification("/dev/mapper/data"))
        }
        guard case .unknown = resolve("UUID=1111") else {
            Issue.record("it is not read")
            return
        }
        #expect(resolve("/dev/disk/by-id/ata-X-part3") == .notFound)
    }

    @Test func hardwareIsOfAnotherMachine() {
        for link in [
            "scsi-36000c29", "virtio-abc-part1", "nvme-eui.0025", "ata-QEMU_HARDDISK", "wwn-0x5000c500",
        ] {
            #expect(resolve("/dev/disk/by-id/\(link)", []) == .hardwarePath)
        }
        #expect(resolve("/dev/disk/by-path/pci-0000:00:04.0-part1", []) == .hardwarePath)
        #expect(resolve("/dev/dm-0", [Compose.partition(1, "ext4")]) == .notFound)
    }
}
