import GuestFacts
import Reports

extension Samples {
    /// A disk with every kind of layer: a group with a missing physical volume, a degraded array, subvolumes, and
    /// something that cannot be read.
    static let stacks: ScanReport = {
        var report = Samples.report(verdicts: [], checks: [], gaps: [luks])
        report.image.layers[0].children = [table, group, array]
        report.guests[0].root = "lvm:vg-data/root"
        return report
    }()

    private static let luks = Gap(
        where: "gpt:4", kind: .unsupported,
        message: "encrypted with LUKS 2: nothing inside can be judged without its key")

    private static let table = ScanReport.Layer(
        kind: "gpt", identity: ["diskGUID": "c0de0001-0000-4000-8000-000000000001"], health: "ok",
        children: [
            ScanReport.Layer(
                kind: "partition", number: 1, offset: 1 << 20, size: 1 << 30,
                identity: ["type": "0fc63daf-8483-4772-8e79-3d69d8477de4", "partLabel": "data"],
                children: [
                    ScanReport.Layer(
                        kind: "btrfs", size: 1 << 30, used: 300 << 20,
                        identity: ["uuid": "1d0c5f5e-6a9b-4c39-8f6e-7a3a52c0de12"], health: "ok",
                        children: [
                            ScanReport.Layer(
                                kind: "subvolume", name: "@",
                                identity: ["id": "256", "mounted": "by default"]),
                            ScanReport.Layer(
                                kind: "snapshot", name: "snapshots/1/snapshot",
                                identity: ["id": "258", "writable": "no"]),
                        ])
                ]),
            ScanReport.Layer(
                kind: "partition", number: 2, offset: 1 << 31, size: 1 << 30,
                children: [
                    ScanReport.Layer(
                        kind: "LVM2_member", size: 1 << 30, identity: ["group": "vg-data"], health: "ok")
                ]),
            ScanReport.Layer(
                kind: "partition", number: 3, offset: 3 << 30, size: 1 << 30,
                children: [
                    ScanReport.Layer(
                        kind: "linux_raid_member", size: 1 << 30, identity: ["array": "debian:0"],
                        health: "ok")
                ]),
            ScanReport.Layer(
                kind: "partition", number: 4, offset: 4 << 30, size: 1 << 30,
                children: [
                    ScanReport.Layer(kind: "crypto_LUKS", size: 1 << 30, unreadable: luks.message)
                ]),
        ])

    private static let group = ScanReport.Layer(
        kind: "volumeGroup", name: "vg-data", size: 2 << 30,
        identity: ["uuid": "gggggg-gggg-gggg-gggg-gggg-gggg-gggggg"],
        health: "physical volume pppppp-pppp-pppp-pppp-pppp-pppp-pppppp is not in this image",
        children: [
            ScanReport.Layer(
                kind: "logicalVolume", name: "root", size: 1 << 29, identity: ["segments": "linear"],
                children: [ScanReport.Layer(kind: "xfs", size: 1 << 29, used: 200 << 20, health: "ok")])
        ])

    private static let array = ScanReport.Layer(
        kind: "array", name: "debian:0", size: 1 << 30, identity: ["level": "raid1", "metadata": "1.2"],
        health: "1 of 2 members are here and in sync",
        children: [ScanReport.Layer(kind: "ext4", size: 1 << 30, used: 1 << 29, health: "ok")])
}
