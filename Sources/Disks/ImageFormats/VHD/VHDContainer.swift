import BlockIO
import ByteReading

/// What a VHD file says of itself: everything but the blocks.
struct VHDContainer {
    let footer: VHDFooter
    /// nil for fixed disks.
    let header: VHDDynamicHeader?
    /// Where the bytes that belong to the disk end in the file.
    let dataEnd: UInt64
    /// Where the parent of a differencing disk is said to be.
    let parent: ParentLocation?
    private(set) var findings: [ContainerFinding]

    /// The longest parent locator that is read, in bytes: paths of Windows have at most 32767 characters.
    private static let longestLocator = 64 << 10

    /// Reads the footer, the header and the parent locators.
    init(_ file: any BlockSource) throws(ImageFault) {
        let copies = try VHDFooterCopies(file)
        footer = copies.footer
        dataEnd = copies.dataEnd
        findings = copies.findings
        if footer.type == .fixed {
            header = nil
            parent = nil
        } else {
            let block = try file.read(at: footer.dataOffset, count: VHDDynamicHeader.length)
            let header = try VHDDynamicHeader(parsing: block)
            self.header = header
            if !header.isChecksumValid {
                findings.append(
                    ContainerFinding(
                        .corruptMetadata, "the checksum of the dynamic disk header does not hold",
                        at: try footer.dataOffset.adding(36)))
            }
            parent = footer.type == .differencing ? VHDContainer.parent(header, in: file) : nil
        }
        describeFooter()
    }

    private mutating func describeFooter() {
        if footer.isSavedState {
            findings.append(
                ContainerFinding(
                    .dirty, "the machine was saved, not shut down: what it held in memory is not on the disk",
                    at: try? dataEnd.adding(84)))
        }
        if let other = footer.otherSize {
            findings.append(
                ContainerFinding(
                    .sizeDisagreement,
                    "the disk is read with \(footer.size) bytes; \(other.reader) sees \(other.bytes)",
                    at: try? dataEnd.adding(48)))
        }
    }

    /// The platforms whose locators are read; the deprecated `Wi2r` and `Wi2k` and the alias of `Mac ` are not.
    private static let platforms = ["W2ru", "MacX", "W2ku"].map { Array($0.utf8) }

    /// A locator that cannot be read is one way less to find the parent, not the end.
    private static func parent(_ header: VHDDynamicHeader, in file: any BlockSource) -> ParentLocation {
        var parent = ParentLocation()
        for (index, platform) in platforms.enumerated() {
            for locator in header.locators where locator.platform == platform {
                guard let length = try? locator.length.bounded(to: longestLocator, "locator"),
                    let bytes = try? file.read(at: locator.offset, count: length)
                else { continue }
                switch index {
                case 0:
                    let path = bytes.utf16Text()
                    parent.add(relative: path)
                case 1: parent.add(absolute: path(ofURL: bytes.textToNUL))
                default:
                    let path = bytes.utf16Text()
                    parent.add(absolute: path)
                }
            }
        }
        parent.add(absolute: header.parentName)
        return parent
    }

    /// The path in `file://localhost/Volumes/…`, percent-encoding undone.
    private static func path(ofURL text: String) -> String {
        var rest = Substring(text)
        if rest.hasPrefix("file://") {
            rest = rest.dropFirst(7)
            rest = rest.drop { $0 != "/" }
        }
        var bytes: [UInt8] = []
        var pending = Array(rest.utf8)[...]
        while let byte = pending.popFirst() {
            if byte == UInt8(ascii: "%"), pending.count >= 2,
                let value = UInt8(String(decoding: pending.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                pending = pending.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
