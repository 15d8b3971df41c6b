import Checks
import Reports
import TestSupport
import Testing

struct ECSReportTests {
    private func answer(_ report: ScanReport) throws -> [UInt8] {
        try ECSReport(ScanResults([report], time: Samples.now)).bytes()
    }

    private func image(_ report: ScanReport) throws -> JSONValue {
        try #require(try JSONValue(parsing: answer(report))["Images"]?["Image"]?[0])
    }

    private func item(_ name: String, in image: JSONValue) -> JSONValue? {
        guard case .array(let items)? = image["DetectionOptions"]?["Items"]?["Item"] else { return nil }
        return items.first { $0["Name"] == .string(name) }
    }

    @Test(arguments: Samples.formats.keys.sorted())
    func snapshot(_ name: String) throws {
        let text = String(decoding: try answer(try #require(Samples.formats[name])), as: UTF8.self)
        #expect(try Snapshot.difference(text, from: "Reports/ecs/\(name).json") == nil)
    }

    /// The cloud's own SDK reads it, and knows every name in it.
    @Test(.enabled(if: Consumer.isHere)) func theSDKReadsIt() async throws {
        let golden = try Samples.golden
        let answers = try (Samples.formats.map(\.value) + golden).map(answer)
        let read = try await Consumer.read("ecs", answers + [ECSReport(Samples.run).bytes()])
        #expect(read.count == answers.count + 1)
        guard case .array(let images)? = read.last?["images"] else { throw CancellationError() }
        #expect(images.count == Samples.run.reports.count)
        let broken = try #require(
            try await Consumer.read("ecs", [answer(Samples.windowsBroken)]).first?["images"]?[0])
        #expect(broken["name"] == .string("win2022.qcow2"))
        #expect(broken["size"] == .number(40))
        #expect(
            broken["items"]?["GUESTOS.Virtio"]
                == .array([.string("NotBootStart"), .string("High"), .string("Virtio.NotBootStart")]))
    }

    /// Each item of the reference is there in a report of the whole program.
    @Test func allItemsOfTheReference() throws {
        let names: [String: [String]] = [
            "linux": [
                "Platform", "OSVersion", "Architecture", "RtcTimeMode", "BootMode", "KernelVersion", "Virtio",
                "Nvme",
                "Fstab", "Grub", "Dhcp", "Selinux", "OnlineResizeFS", "SystemImage", "CloudAssistant",
                "CloudInit",
                "SecurityCenterAgent", "SupportMocInstanceTypes", "StandardizedTimezone",
            ],
            "windows": [
                "Platform", "OSVersion", "Architecture", "BootMode", "KernelVersion", "Virtio", "SystemImage",
                "CloudAssistant", "BCD", "Registry", "Hotfix", "Disk", "Sysprep", "Update", "Xen", "Server",
                "DesktopConfig", "BootMgr", "OSLoader", "Vminit", "StandardizedTimezone",
            ],
        ]
        for report in try Samples.golden {
            guard let family = report.guests.first?.os.family, let wanted = names[family] else { continue }
            let image = try image(report)
            #expect(image["OSType"] == .string(family))
            for name in wanted {
                #expect(item("GUESTOS." + name, in: image) != nil, "\(report.image.path): \(name)")
            }
        }
    }

    @Test func risksAreNamedOnlyWhereThereAreAny() throws {
        let partly = try image(Samples.partly)
        let nvme = try #require(item("GUESTOS.Nvme", in: partly))
        #expect(nvme["RiskLevel"] == .string("Medium"))
        // The reference's own spelling of this item.
        #expect(nvme["RiskCode"] == .string("NVMe.NotInInitramfs"))
        let agent = try #require(item("GUESTOS.CloudAssistant", in: partly))
        #expect(agent["RiskLevel"] == nil && agent["Value"] == .string("NotInstalled"))
        #expect(item("GUESTOS.Fstab", in: try image(Samples.broken))?["RiskLevel"] == .string("High"))
    }

    @Test func tagsAreGivenOnlyWhenTheCheckPassed() throws {
        let healthy = try image(Samples.healthy)
        #expect(
            healthy["Tags"]
                == .object([
                    "Tag": .array([
                        .object([
                            "TagKey": .string("acs:ecs:image:osVersion"),
                            "TagValue": .string("Debian GNU/Linux 12 (bookworm) 12.15"),
                        ]),
                        .object([
                            "TagKey": .string("acs:ecs:image:kernelVersion"),
                            "TagValue": .string("6.1.0-50-amd64"),
                        ]),
                    ])
                ]))
        for report in [Samples.partly, Samples.broken, Samples.dataDisk, Samples.windowsBroken] {
            #expect(try image(report)["Tags"] == nil)
        }
        // An item that is not known has not passed.
        var open = Samples.healthy
        open.guests[0].checks[1].status = .unknown
        #expect(try image(open)["Tags"] == nil)
        #expect(item("GUESTOS.Virtio", in: try image(open))?["Value"] == .string("Unknown"))
    }

    @Test(arguments: [("bios", "BIOS"), ("uefi", "UEFI"), ("bios+uefi", "UEFI-Preferred")])
    func bootModes(_ mode: String, _ name: String) throws {
        var report = Samples.healthy
        report.guests[0].os.bootMode = mode
        #expect(try image(report)["BootMode"] == .string(name))
    }

    @Test(arguments: [(1, 1), (1 << 30, 1), ((1 << 30) + 1, 2), (UInt64.max, 1 << 34)] as [(UInt64, UInt64)])
    func sizesAreRoundedUp(_ bytes: UInt64, _ size: UInt64) throws {
        var report = Samples.healthy
        report.image.virtualSize = bytes
        #expect(try image(report)["Size"] == .number(Double(size)))
    }

    /// The view is that of the cloud whose answer it is, also when others were judged before it.
    @Test func theTargetIsTheCloudsOwn() throws {
        let nvme = try #require(item("GUESTOS.Nvme", in: try image(Samples.matrix)))
        #expect(nvme["RiskLevel"] == .string("Medium"))
    }
}
