import BlockIO
import ByteReading
import SystemPackage

/// The names in a tar archive, to tell what an appliance (OVA) holds (POSIX.1-2017, pax, "ustar Interchange
/// Format"; DSP0243, Open Virtualization Format).
struct TarListing {
    /// Files whose names are of use, in order.
    private(set) var descriptors: [String] = []
    private(set) var disks: [String] = []

    /// Entries that are looked at.
    private static let mostEntries = 1024
    private static let diskEndings = [
        ".vmdk", ".vhd", ".vhdx", ".vdi", ".qcow2", ".qcow", ".img", ".raw", ".vmdk.gz", ".qcow2.gz",
    ]

    /// The names in the archive `file`; nil when it is none.
    init?(of file: any BlockSource) throws(ImageFault) {
        var offset: UInt64 = 0
        var count = 0
        while count < TarListing.mostEntries {
            let header = try file.readUpTo(at: offset, count: 512)
            guard header.count == 512, header.starts(with: "ustar", at: 257) else { break }
            count += 1
            let size = TarListing.number(try header.slice(at: 124, count: 12))
            let type = try header.byte(at: 156)
            if type == 0 || type == 0x30 {
                note(try header.slice(at: 0, count: 100).textToNUL)
            }
            guard let size, size <= file.size else { break }
            offset = try offset.adding((try size.adding(511) / 512 + 1).multiplied(by: 512))
        }
        if count == 0 { return nil }
    }

    private mutating func note(_ name: String) {
        let lowered = name.lowercased()
        if lowered.hasSuffix(".ovf") {
            descriptors.append(name)
        } else if TarListing.diskEndings.contains(where: { lowered.hasSuffix($0) }), disks.count < 64 {
            disks.append(name)
        }
    }

    /// An octal number, or a binary one where the top bit is set.
    private static func number(_ field: Bytes) -> UInt64? {
        let bytes = field.array
        guard let first = bytes.first else { return nil }
        if first & 0x80 != 0 {
            return bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        let digits = bytes.drop { $0 == 0x20 }.prefix { $0 >= 0x30 && $0 <= 0x37 }
        return digits.isEmpty ? nil : UInt64(String(decoding: digits, as: UTF8.self), radix: 8)
    }

    /// What to say of the archive at `path`; nil when it holds neither a descriptor nor a disk.
    func container(path: FilePath?) -> RecognisedContainer? {
        guard !descriptors.isEmpty || !disks.isEmpty else { return nil }
        let archive = path.map { ContainerSignatures.quoted($0.description) } ?? "IMAGE"
        let isAppliance = !descriptors.isEmpty
        let shown = disks.prefix(4).map { ContainerSignatures.quoted($0) }
        let held = (descriptors.prefix(1).map { ContainerSignatures.quoted($0) } + shown)
            .joined(separator: ", ")
        let advice =
            shown.isEmpty
            ? "it holds \(held) and no disk" : "it holds \(held): unpack it and check \(shown[0])"
        return RecognisedContainer(
            name: isAppliance ? "ova" : "tar",
            title: isAppliance ? "OVA appliance (tar archive)" : "tar archive with a disk image",
            command: (["tar -xf \(archive)"] + (shown.isEmpty ? [] : ["--"]) + shown).joined(separator: " "),
            advice: advice, offset: 257)
    }
}
