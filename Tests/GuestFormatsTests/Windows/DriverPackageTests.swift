import ByteReading
import GuestFormats
import TestSupport
import Testing

/// INF files and catalogs.
@Suite struct DriverPackageTests {
    /// In the manner of the storage drivers for virtio.
    static let storage = #"""
        ; comment = "not a value"
        [Version]
        Signature="$Windows NT$"
        Class=SCSIAdapter
        ClassGUID={4D36E97B-E325-11CE-BFC1-08002BE10318}
        Provider=%VENDOR%
        DriverVer=02/14/2023,100.93.104.23900 ; stamped
        CatalogFile=viostor.cat

        [Manufacturer]
        %VENDOR%   = VioStor,NTamd64,NTamd64.10.0...17763
        "Other" = Other, NTx86, NTarm64

        [VioStor.NTamd64]
        %Name% = scsi_inst, PCI\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00, PCI\VEN_1AF4&DEV_1001
        [VioStor.NTamd64.10.0...17763]
        %Name% = scsi_inst, PCI\VEN_1AF4&DEV_1042&SUBSYS_11001AF4&REV_01, \
                 pci\ven_1af4&dev_1042
        [Other]
        "Old" = old, PCI\VEN_0000
        [Other.NTx86]
        "New, with ""quotes""" = new, PCI\VEN_1111 , , PCI\CC_0100

        [scsi_inst.Services]
        AddService = Filter, 0x00000000, filter_inst
        AddService = viostor, 0x00000002 , scsi_Service_Inst, scsi_EventLog_Inst
        [scsi_service_inst]
        ServiceType    = %SERVICE_KERNEL_DRIVER%
        StartType      = %SERVICE_BOOT_START%
        ErrorControl   = 0x1
        ServiceBinary  = %12%\viostor.sys
        LoadOrderGroup = SCSI miniport
        [new.NTx86.Services]
        AddService = newx86,2,x
        [new.Services]
        AddService = newplain,2,x

        [Strings]
        VENDOR = "Red Hat, Inc."
        name = "Red Hat 100%% VirtIO; SCSI controller"
        SERVICE_KERNEL_DRIVER  = 1
        SERVICE_BOOT_START     = 0
        """#

    private func system(
        _ machine: PEImage.Machine, _ major: Int, _ minor: Int, _ build: Int, isServer: Bool = false
    ) -> DriverSystem {
        DriverSystem(machine: machine, major: major, minor: minor, build: build, isServer: isServer)
    }

    @Test(arguments: ["UTF-8", "UTF-8 with a mark", "UTF-16LE", "UTF-16BE", "UTF-16LE without a mark"])
    func encodings(_ encoding: String) throws {
        let wide = WindowsFixtures.wide(Self.storage)
        let swapped = stride(from: 0, to: wide.count, by: 2).flatMap { [wide[$0 + 1], wide[$0]] }
        let bytes: [UInt8] =
            switch encoding {
            case "UTF-8": Array(Self.storage.utf8)
            case "UTF-8 with a mark": [0xEF, 0xBB, 0xBF] + Array(Self.storage.utf8)
            case "UTF-16LE": [0xFF, 0xFE] + wide
            case "UTF-16BE": [0xFE, 0xFF] + swapped
            default: wide
            }
        let package = try DriverPackage(parsing: Bytes(bytes))
        #expect(package.className == "SCSIAdapter")
        #expect(package.classGUID == "{4d36e97b-e325-11ce-bfc1-08002be10318}")
        #expect(package.provider == "Red Hat, Inc.")
        #expect(package.date == "02/14/2023")
        #expect(package.version == FileVersion(100, 93, 104, 23900))
        #expect(package.catalogFiles == ["viostor.cat"])
    }

    @Test func modelsOfTheSystem() throws {
        let package = try DriverPackage(parsing: Bytes(Array(Self.storage.utf8)))
        let old = ["PCI\\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00", "PCI\\VEN_1AF4&DEV_1001"]
        let new = ["PCI\\VEN_1AF4&DEV_1042&SUBSYS_11001AF4&REV_01", "PCI\\VEN_1AF4&DEV_1042"]
        let seven = package.models(for: system(.x64, 6, 1, 7601))
        #expect(seven.map(\.identifiers) == [old])
        #expect(seven.first?.description == "Red Hat 100%% VirtIO; SCSI controller")
        #expect(package.models(for: system(.x64, 10, 0, 14393)).map(\.identifiers) == [old])
        #expect(package.models(for: system(.x64, 10, 0, 20348)).map(\.identifiers) == [new])
        #expect(package.identifiers(for: system(.arm64, 10, 0, 20348)) == [])
        let x86 = package.models(for: system(.x86, 6, 1, 7601))
        #expect(x86.map(\.description) == ["New, with \"quotes\""])
        #expect(x86.map(\.identifiers) == [["PCI\\VEN_1111", "PCI\\CC_0100"]])
        #expect(package.services(of: x86[0], for: system(.x86, 6, 1, 7601)).map(\.name) == ["newx86"])
        let services = package.services(of: seven[0], for: system(.x64, 6, 1, 7601))
        #expect(services.map(\.name) == ["Filter", "viostor"])
        #expect(services.map(\.isFunctionDriver) == [false, true])
        let service = try #require(services.last)
        #expect(service.start == 0)
        #expect(service.errorControl == 1)
        #expect(service.binary == "%12%\\viostor.sys")
        #expect(service.group == "SCSI miniport")
    }

    @Test func targets() throws {
        func fits(_ text: String, _ system: DriverSystem) throws -> Bool {
            try #require(DriverTarget(text)).fits(system)
        }
        let server = system(.x64, 6, 3, 9600, isServer: true)
        #expect(try fits("NTamd64", server))
        #expect(try fits("ntAMD64.6", server))
        #expect(try fits("NTamd64.6.3", server))
        #expect(try fits("NTamd64.6.3.3", server))
        #expect(try !fits("NTamd64.6.3.1", server))
        #expect(try !fits("NTamd64.10.0", server))
        #expect(try !fits("NTx86", server))
        #expect(try !fits("NT", server))
        #expect(try fits("NTamd64...0x00000003", server))
        #expect(try !fits("NTamd64.6.3...9601", server))
        #expect(try fits("NT.5.1", system(.x86, 6, 1, 7601)))
        #expect(try fits("NTarm64.10.0...16299", system(.arm64, 10, 0, 26100)))
        #expect(DriverTarget("NTmips") == nil)
        #expect(DriverTarget("x") == nil)
    }

    /// A real file: the one with which Wine sets up a Windows, through the section names that `grep` finds.
    @Test(.enabled(if: FixtureTool.list("/usr/share/wine").contains("wine.inf")))
    func theFileOfWine() throws {
        let information = try SetupInformation(
            parsing: Bytes(try FixtureTool.contents("/usr/share/wine/wine.inf")))
        #expect(information.value("signature", in: "version") == "$CHICAGO$")
        #expect(information.values("AddService", in: "PreInstall.Services")?.first == "MountMgr")
    }

    @Test func catalogs() throws {
        let catalog = try SecurityCatalog(parsing: Bytes(WindowsFixtures.catalog()))
        #expect(catalog.signatureDigests == [.sha256])
        #expect(
            catalog.members.map(\.digest) == [
                String(repeating: "0a", count: 20), String(repeating: "bc", count: 32),
            ])
        #expect(catalog.members.map(\.fileName) == ["viostor.sys", nil])
        let program = WindowsFixtures.signedData(digest: WindowsFixtures.sha1)
        #expect(throws: ImageFault.self) { try SecurityCatalog(parsing: Bytes(program)) }
    }

    @Test func damagedFiles() throws {
        let text = Array(Self.storage.utf8)
        let systems = [system(.x64, 10, 0, 20348), system(.x86, 6, 1, 7601)]
        func visit(_ bytes: [UInt8]) {
            guard let package = try? DriverPackage(parsing: Bytes(bytes)) else { return }
            for system in systems {
                for model in package.models(for: system) { _ = package.services(of: model, for: system) }
            }
        }
        for length in stride(from: 0, to: text.count, by: 7) { visit(Array(text.prefix(length))) }
        let symbols = Array("\"[]%=,;\\\n\0".utf8) + [0xFF]
        for (turn, index) in stride(from: 0, to: text.count, by: 2).enumerated() {
            var changed = text
            changed[index] = symbols[turn % symbols.count]
            visit(changed)
        }
        let catalog = WindowsFixtures.catalog()
        for length in catalog.indices {
            #expect(throws: ImageFault.self) {
                try SecurityCatalog(parsing: Bytes(Array(catalog.prefix(length))))
            }
        }
        for index in catalog.indices {
            for byte: UInt8 in [0, 1, 0x30, 0x7F, 0x80, 0x84, 0xFF] {
                var changed = catalog
                changed[index] = byte
                _ = try? SecurityCatalog(parsing: Bytes(changed))
            }
        }
    }
}
