import BlockIO
import ByteReading

/// The footers of a VHD file: the one that ends it, and the copy that dynamic disks start with.
struct VHDFooterCopies {
    let footer: VHDFooter
    /// Where the bytes that belong to the disk end: at the footer, or at the end of the file without one.
    let dataEnd: UInt64
    let findings: [ContainerFinding]

    /// Whether the file starts or ends like a VHD.
    static func isPresent(in file: any BlockSource) throws(ImageFault) -> Bool {
        if try file.readUpTo(at: 0, count: 8).array == VHDFooter.cookie { return true }
        return try endingFooter(of: file) != nil
    }

    /// The bytes of the footer that ends the file, unchecked; nil when it ends otherwise.
    private static func endingFooter(of file: any BlockSource) throws(ImageFault) -> Bytes? {
        // An image of a footer alone holds no disk.
        guard file.size >= 1024 else { return nil }
        for length in [VHDFooter.length, VHDFooter.length - 1] {
            let block = try file.read(at: file.size - UInt64(length), count: length)
            if block.starts(with: VHDFooter.cookie) { return block }
        }
        return nil
    }

    /// Finds the footer to go by. The one at the end wins; without it the copy at the start is used.
    ///
    /// Throws `corrupt` when neither holds.
    init(_ file: any BlockSource) throws(ImageFault) {
        var findings: [ContainerFinding] = []
        let start = VHDFooterCopies.parsed(try file.readUpTo(at: 0, count: VHDFooter.length))
        let ending = try VHDFooterCopies.endingFooter(of: file)
        let end = ending.map(VHDFooterCopies.parsed)
        switch end {
        case .success(let footer):
            self.footer = footer
            dataEnd = ending?.origin ?? file.size
            if footer.type != .fixed {
                switch start {
                case .success(let copy):
                    if !footer.describesSameDisk(as: copy) {
                        findings.append(
                            ContainerFinding(
                                .corruptMetadata,
                                "the footer and its copy at the start describe different disks; QEMU goes by the copy, Hyper-V by the footer",
                                at: 0))
                    }
                case .failure(let fault):
                    findings.append(
                        ContainerFinding(
                            .copyOfMetadataUsed,
                            "the copy of the footer at the start is damaged (\(fault.message)): QEMU does not open the image",
                            at: 0))
                }
            }
        case .failure, nil:
            guard case .success(let copy) = start, copy.type != .fixed else {
                if case .failure(let fault) = end { throw fault }
                if case .failure(let fault) = start { throw fault }
                throw ImageFault(.corrupt, "a fixed VHD without a footer at its end", at: file.size)
            }
            footer = copy
            dataEnd = file.size
            let reason: String
            if case .failure(let fault) = end { reason = fault.message } else { reason = "it is not there" }
            findings.append(
                ContainerFinding(
                    .copyOfMetadataUsed,
                    "the footer at the end cannot be used (\(reason)); its copy at the start was",
                    at: ending?.origin ?? file.size))
        }
        self.findings = findings
    }

    private static func parsed(_ block: Bytes) -> Result<VHDFooter, ImageFault> {
        do throws(ImageFault) { return .success(try VHDFooter(parsing: block)) } catch {
            return .failure(error)
        }
    }
}

extension VHDFooter {
    fileprivate func describesSameDisk(as other: VHDFooter) -> Bool {
        type == other.type && size == other.size && dataOffset == other.dataOffset
            && identity == other.identity
    }
}
