import ByteReading
import GuestFormats

/// Programs, driver packages and catalogs of Windows.
extension FuzzEntries {
    static let executables: [FuzzEntry] = [
        FuzzEntry("pe-resources", seed: FuzzSeeds.program) { data in
            let image = try PEImage(parsing: ContentSource(data))
            _ = try? image.versionResource()
            _ = try? image.importedLibraries()
            _ = try image.signatureDigests()
        },
        FuzzEntry("version-resource", seed: versionResource) { _ = try VersionResource(parsing: $0) },
        FuzzEntry("pkcs7", seed: signedData) { _ = try SignedData(parsing: $0) },
        FuzzEntry("catalog", seed: signedData) { _ = try SecurityCatalog(parsing: $0) },
        FuzzEntry("driver-stamp", seed: [UInt8](repeating: 9, count: 48)) {
            _ = try DriverStamp(parsing: $0)
        },
        FuzzEntry("inf", seed: information) { data in
            let package = try DriverPackage(parsing: data)
            for machine in [PEImage.Machine.x86, .x64, .arm64] {
                let system = DriverSystem(
                    machine: machine, major: 10, minor: 0, build: 20348, isServer: true)
                for model in package.models(for: system) { _ = package.services(of: model, for: system) }
            }
        },
    ]

    private static let information = #"""
        [Version]
        Class=SCSIAdapter
        Provider=%V%
        DriverVer=02/14/2023,100.93.104.23900
        CatalogFile=a.cat
        [Manufacturer]
        %V% = M,NTamd64,NTamd64.10.0...17763
        [M.NTamd64]
        "D" = i, PCI\VEN_1AF4&DEV_1001, \
          PCI\CC_0100
        [i.Services]
        AddService = s, 0x2, s_i
        [s_i]
        StartType = 0
        ServiceBinary = %12%\s.sys
        [Strings]
        V = "Red ""Hat"""
        """#

    private static func wide(_ text: String) -> [UInt8] {
        text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] } + [0, 0]
    }

    /// The block `VS_VERSION_INFO` with its fixed part and an empty block of texts.
    private static let versionResource: [UInt8] = {
        var bytes: [UInt8] = [132, 0, 52, 0, 0, 0]
        bytes += wide("VS_VERSION_INFO") + [0, 0]
        bytes += [0xBD, 0x04, 0xEF, 0xFE] + [UInt8](repeating: 1, count: 48)
        bytes += [36, 0, 0, 0, 1, 0]
        bytes += wide("StringFileInfo")
        return bytes + [UInt8](repeating: 0, count: 132 - bytes.count)
    }()

    /// Signed data of nothing by one signer with SHA-1.
    private static let signedData: [UInt8] = {
        let digest: [UInt8] = [0x30, 0x07, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A]
        let signer: [UInt8] = [0x02, 0x01, 0x01, 0x30, 0x00] + digest + [0x30, 0x00, 0x04, 0x00]
        let signers: [UInt8] = [0x31, UInt8(signer.count + 2), 0x30, UInt8(signer.count)] + signer
        let list: [UInt8] =
            [0x06, 0x09, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0A, 0x01] + [0xA0, 0x02, 0x30, 0x00]
        let data: [UInt8] =
            [0x02, 0x01, 0x01, 0x31, 0x00] + [0x30, UInt8(list.count)] + list + signers
        let kind: [UInt8] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02]
        let inner: [UInt8] = [0xA0, UInt8(data.count + 2), 0x30, UInt8(data.count)] + data
        return [0x30, UInt8(kind.count + inner.count)] + kind + inner
    }()
}
