import Checks
import GuestFacts
import Reports
import Targets
import TestSupport
import Testing

struct CheckPageTests {
    enum Fstab: Check {
        static let metadata = CheckMetadata(
            id: "GUESTOS.Fstab", title: "Mounts | <resolve>", link: .`init`,
            summary: "Every mount of /etc/fstab.",
            rationale: "A mount that does not resolve ends the boot in emergency mode.",
            codes: [("Fstab.DeviceNotFound", "The device is not in the image.")],
            references: ["fstab(5)"], aliases: ["COMPLIANCE.Mounts"])
        static let examples = [
            CheckExample(
                "a missing data disk",
                CheckContext(
                    image: ImageFacts(container: ContainerFacts(format: "raw", virtualSize: 0, fileSize: 0)),
                    system: nil, target: Target.shipped[0], launches: [], now: 0), .fail,
                codes: ["Fstab.DeviceNotFound"])
        ]
        static func evaluate(_ context: CheckContext) -> CheckOutcome { .notApplicable("not run here") }
    }

    enum Grub: Check {
        static let metadata = CheckMetadata(
            id: "GUESTOS.Grub", title: "Boot configuration", link: .bootloader, summary: "grub.cfg.",
            rationale: "Boot.")
        static let examples: [CheckExample] = []
        static func evaluate(_ context: CheckContext) -> CheckOutcome { .notApplicable("not run here") }
    }

    private let all: [any Check.Type] = [Fstab.self, Grub.self]

    @Test func pages() throws {
        let page = CheckPage(Fstab.self)
        #expect(try Snapshot.difference(page.text(TextStyle()), from: "Reports/check-page.txt") == nil)
        #expect(try Snapshot.difference(page.markdown, from: "Reports/check-page.md") == nil)
        #expect(CheckPage.table(all, style: TextStyle()).split(separator: "\n").count == 2)
        #expect(CheckPage.markdownIndex(all).contains("[GUESTOS.Grub](GUESTOS.Grub.md)"))
    }

    @Test(arguments: [
        "GUESTOS.Fstab", "guestos.fstab", "Fstab.DeviceNotFound", "FSTAB.DEVICENOTFOUND", "compliance.mounts",
        "fstab",
    ])
    func names(_ name: String) { #expect(CheckNames(all).id(named: name) == "GUESTOS.Fstab") }

    @Test func nearNames() {
        #expect(CheckNames(all).id(named: "Fstb") == nil)
        #expect(CheckNames(all).near("Fstb").first == "GUESTOS.Fstab")
        #expect(CheckNames(all).near("GUESTOS.Grubb").first == "GUESTOS.Grub")
        #expect(CheckNames(all).near("entirely different").isEmpty)
    }
}
