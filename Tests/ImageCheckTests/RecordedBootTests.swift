import Checks
import GuestFacts
import LaunchChain
import Reports
import Targets
import Testing

/// What is said about real Debian images, held against what they did when they were started
/// (`testimages/recorded-boots.tsv`). `IMAGECHECK_IMAGES` names the directory with them: `NAME.raw`, and
/// `broken/NAME+BREAKAGE.raw`; `scripts/real-images.sh` makes it.
@Suite(.enabled(if: !RecordedBoot.all.isEmpty, "IMAGECHECK_IMAGES names no directory with images"))
struct RecordedBootTests {
    /// Where the answer may be “unknown”, and why.
    static let mayBeUnknown = [
        "root-fs-damaged-flagged": "whether e2fsck can mend it is not simulated",
        "root-fs-damaged-clean": "whether the damage is in something the boot needs is not known",
    ]

    /// Where another link is named than the one the boot was recorded at, and why that is as good.
    static let otherLink: [String: (link: LaunchLink, why: String)] = [
        "extlinux-default-missing": (
            .kernel, "a DEFAULT without a label of that name is the name of a kernel, which does not exist"
        ),
        "initrd-no-ext4": (.initramfs, "the root fails to mount, for want of a module in the initramfs"),
        "initrd-no-xfs": (.initramfs, "the root fails to mount, for want of a module in the initramfs"),
        "initrd-no-btrfs": (.initramfs, "the root fails to mount, for want of a module in the initramfs"),
        "initrd-no-crc32c": (.initramfs, "the root fails to mount, for want of a module in the initramfs"),
        "initrd-no-lvm": (.initramfs, "the root never appears, for want of lvm in the initramfs"),
        "initrd-no-dm-mod": (.initramfs, "the root never appears, for want of a module in the initramfs"),
        "lvm-root-no-autoactivation": (.initramfs, "the root never appears: the initramfs leaves it out"),
        "truncated-half": (.container, "the root fails to mount, because the file is too short"),
    ]

    @Test(arguments: RecordedBoot.all)
    func isJudgedAsItWent(_ boot: RecordedBoot) throws {
        let report = try TestImages.scan(boot.path, disk: boot.disk, firmware: boot.firmware)
        // A disk on which no system is found does not start.
        let launch = report.guests.first?.verdicts.first?.launches.first
        let (boots, reachable) = (launch?.boots ?? .no, launch?.reachable ?? .no)
        if boots == .unknown, RecordedBootTests.mayBeUnknown[boot.breakage] != nil {
            #expect(launch?.unknownBecause?.isEmpty == false)
            return
        }
        let said = launch?.stopsAt?.message ?? "nothing stops it"
        #expect(boots.rawValue == boot.boots, "\(said)")
        #expect(reachable.rawValue == boot.reachable, "\(said)")
        if let launch {
            let link = RecordedBootTests.otherLink[boot.breakage]?.link.rawValue ?? boot.stopped
            #expect((launch.stopsAt?.link.rawValue ?? "-") == link, "\(said)")
        }
    }
}
