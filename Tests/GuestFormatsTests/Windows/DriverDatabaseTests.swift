import ByteReading
import GuestFormats
import TestSupport
import Testing

/// The database that binds devices to drivers.
@Suite struct DriverDatabaseTests {
    @Test func stamps() throws {
        // Of viostor in a real hive.
        let data: [UInt8] = [
            0x00, 0xFF, 0x09, 0x00, 0, 0, 0, 0, 0x7B, 0xE9, 0x36, 0x4D, 0x25, 0xE3, 0xCE, 0x11, 0xBF, 0xC1,
            0x08, 0x00, 0x2B, 0xE1, 0x03, 0x18, 0x00, 0xC0, 0x97, 0x8C, 0x0F, 0xE7, 0xD7, 0x01, 0xFC, 0x53,
            0x68, 0x00, 0x5A, 0x00, 0x64, 0x00, 0, 0, 0, 0, 0, 0, 0, 0,
        ]
        let stamp = try DriverStamp(parsing: Bytes(data))
        #expect(stamp.machine == .x64)
        #expect(stamp.deviceClass == GUID("4d36e97b-e325-11ce-bfc1-08002be10318"))
        #expect(stamp.version == FileVersion(100, 90, 104, 21500))
        // 2 December 2021
        #expect(stamp.date / 10_000_000 - 11_644_473_600 == 1_638_403_200)
        for length in 0..<40 {
            #expect(throws: ImageFault.self) {
                try DriverStamp(parsing: Bytes(Array(data.prefix(length))))
            }
        }
    }

    private static var samples: String? {
        FixtureTool.environment("IMAGECHECK_SAMPLES").map { $0 + "/hives/regipy" }
    }

    /// Drivers of Windows itself in real hives; the expected ones were read with hivexregedit.
    @Test(
        .enabled(if: samples != nil && FixtureTool.exists("xz")),
        arguments: ["SYSTEM_WIN_10_1709", "SYSTEM_2"])
    func realHives(_ name: String) throws {
        let path = try #require(Self.samples) + "/\(name).xz"
        let bytes = try #require(try FixtureTool.run("xz", ["-dc", path]))
        let hive = try Hive(ContentSource(Bytes(bytes)))
        let database = DriverDatabase(root: try #require(try hive.key("DriverDatabase")))
        func services(_ identifier: String) throws -> [String?] {
            try database.entries(for: identifier).map(\.service)
        }
        #expect(try services("PCI\\CC_010802") == ["stornvme"])
        #expect(try services("PCI\\CC_010601") == ["storahci"])
        #expect(try services("pci\\cc_0101") == ["pciide"])
        #expect(try services("PCI\\VEN_8086&DEV_7010") == ["intelide"])
        #expect(try services("Primary_IDE_Channel") == ["atapi"])
        #expect(try services("PCI\\VEN_1AF4&DEV_1001") == [])
        let entry = try #require(try database.entries(for: "PCI\\CC_010802").first)
        #expect(entry.inf == "stornvme.inf")
        #expect(entry.signerScore == 0x0D00_0003)
        #expect(entry.stamp?.machine == .x64)
        #expect(entry.stamp?.deviceClass == GUID("4d36e97b-e325-11ce-bfc1-08002be10318"))
    }

    @Test(.enabled(if: HostTool.has("hivexregedit") && minimalHive != nil))
    func aHiveMadeByAnotherProgram() async throws {
        let folder = try await ScratchFolder()
        // The program makes no key without those above it.
        let keys = [
            "", "\\DeviceIds", "\\DeviceIds\\PCI", "\\DriverInfFiles", "\\DriverPackages",
            Self.package, Self.package + "\\Configurations", Self.package + "\\Descriptors",
            Self.package + "\\Descriptors\\PCI",
        ].map { "[HKLM\\DriverDatabase\($0)]\n" }.joined(separator: "\n")
        let text = #"""
            [HKLM\DriverDatabase\DeviceIds\PCI\VEN_1AF4&DEV_1001]
            "oem0.inf"=hex:02,ff,00,00
            "oem1.inf"=hex:01,ff,00,00

            [HKLM\DriverDatabase\DriverInfFiles\oem0.inf]
            "Active"="viostor.inf_amd64_520417bbc533faba"

            [HKLM\DriverDatabase\DriverPackages\viostor.inf_amd64_520417bbc533faba]
            "SignerScore"=dword:0d000005
            "Version"=hex:00,ff,09

            [HKLM\DriverDatabase\DriverPackages\viostor.inf_amd64_520417bbc533faba\Configurations\scsi_inst]
            "Service"="viostor"

            [HKLM\DriverDatabase\DriverPackages\viostor.inf_amd64_520417bbc533faba\Descriptors\PCI\VEN_1AF4&DEV_1001]
            "Configuration"="scsi_inst"

            """#
        try await HostTool.shell(
            "cp '\(try #require(Self.minimalHive))' SYSTEM; chmod u+w SYSTEM\ncat > f.reg <<'END'\n"
                + "Windows Registry Editor Version 5.00\n\n\(keys)\n\(text)\nEND\n"
                + "hivexregedit --merge --prefix HKLM SYSTEM f.reg", in: folder.path)
        let hive = try Hive(ContentSource(Bytes(try FixtureTool.contents(folder.place("SYSTEM")))))
        let database = DriverDatabase(root: try #require(try hive.key("DriverDatabase")))
        let entries = try database.entries(for: "PCI\\VEN_1AF4&DEV_1001")
        #expect(entries.map(\.inf) == ["oem0.inf", "oem1.inf"])
        #expect(entries.map(\.service) == ["viostor", nil])
        #expect(entries.map(\.package) == ["viostor.inf_amd64_520417bbc533faba", nil])
        #expect(entries[0].signerScore == 0x0D00_0005)
        #expect(entries[0].stamp == nil)
        #expect(try database.entries(for: "PCI\\VEN_1AF4&DEV_1004") == [])
    }

    private static let package = "\\DriverPackages\\viostor.inf_amd64_520417bbc533faba"

    /// An empty hive to start from.
    private static var minimalHive: String? {
        FixtureTool.environment("IMAGECHECK_SAMPLES").map { $0 + "/hives/hivex/minimal" }
    }
}
