import ByteReading
import Compression

/// One pass over an initramfs.
final class InitramfsWalk {
    private(set) var contents = InitramfsContents()

    private let request: InitramfsRequest
    private var membersLeft: Budget
    private var outputLeft: UInt64
    private var keptCount = 0
    /// Real paths of the hard links of one file, by device, inode and type; forgotten at each trailer.
    private var links: [LinkKey: [String]] = [:]

    private struct LinkKey: Hashable {
        var device: UInt64
        var inode: UInt64
        var type: UInt32
    }

    /// The longest name or link target that the kernel takes (`PATH_MAX`).
    private static let longestPath = 4096

    init(_ request: InitramfsRequest) {
        self.request = request
        membersLeft = Budget(request.memberLimit, of: "members of an initramfs")
        outputLeft = request.outputLimit
    }

    func run(_ reader: StreamReader) {
        do throws(ImageFault) {
            while let byte = try reader.skipZeros() {
                guard try segment(reader, firstByte: byte) else { break }
            }
            if contents.segments.isEmpty {
                contents.fault = ImageFault(.truncated, "no archive in it", at: reader.position)
            }
        } catch {
            contents.fault = error
        }
    }

    // MARK: Segments

    /// Reads one segment; false when what stands there is none.
    private func segment(_ reader: StreamReader, firstByte: UInt8) throws(ImageFault) -> Bool {
        let offset = reader.position
        if firstByte == UInt8(ascii: "0"), offset % 4 == 0 {
            try begin(InitramfsContents.Segment(offset: offset, compression: .none))
            defer { finish(unpackedSize: reader.position - offset) }
            try archive(reader)
            return true
        }
        let head = try reader.peek(9)
        let format = CompressionFormat.detect(head)
        guard format != .none else {
            try foreign(reader)
            return false
        }
        var segment = InitramfsContents.Segment(offset: offset, compression: format)
        if format == .xz { segment.xzCheck = try head.byte(at: 7) & 0x0F }
        try begin(segment)
        try compressed(format, reader)
        return true
    }

    private func begin(_ segment: InitramfsContents.Segment) throws(ImageFault) {
        guard contents.segments.count < 1024 else { throw ImageFault(.limit, "more than 1024 segments") }
        contents.segments.append(segment)
        links.removeAll(keepingCapacity: true)
    }

    private func compressed(_ format: CompressionFormat, _ reader: StreamReader) throws(ImageFault) {
        let decompressor: StreamDecompressor
        do throws(ImageFault) {
            decompressor = try StreamDecompressor(
                format, reader: reader, limits: DecompressionLimits(maximumOutput: outputLeft))
        } catch {
            contents.kernelMessage = "invalid magic at start of compressed archive"
            throw error
        }
        let inner = StreamReader(decompressor)
        do throws(ImageFault) {
            try archives(inner, format)
        } catch {
            finish(unpackedSize: decompressor.outputCount)
            if contents.kernelMessage == nil {
                contents.kernelMessage =
                    decompressor.isFinished ? "junk at the end of compressed archive" : "decompressor failed"
            }
            throw error
        }
        finish(unpackedSize: decompressor.outputCount)
        if let last = contents.segments.last, last.memberCount == 0, !last.hasTrailer {
            contents.kernelMessage = "junk at the end of compressed archive"
            throw ImageFault(.corrupt, "a compressed segment without any cpio member", at: last.offset)
        }
        outputLeft -= min(outputLeft, decompressor.outputCount)
        if let check = contents.segments.last?.xzCheck, check > 1 {
            // The kernel's decoder is built without the other checks (lib/xz/xz_dec_stream.c).
            contents.kernelMessage = "decompressor failed"
            throw ImageFault(
                .unsupported, "xz with integrity check \(check), which the kernel cannot unpack (CRC32 only)",
                at: contents.segments.last?.offset)
        }
    }

    private func archives(_ inner: StreamReader, _ format: CompressionFormat) throws(ImageFault) {
        while let byte = try inner.skipZeros() {
            guard byte == UInt8(ascii: "0") else {
                if inner.position == 0 || contents.members.isEmpty {
                    try rejectFileSystemImage(inner)
                }
                contents.kernelMessage = "junk within compressed archive"
                throw ImageFault(
                    .corrupt, "no cpio member in the unpacked \(format.rawValue) data", at: inner.position)
            }
            guard inner.position % 4 == 0 else {
                contents.kernelMessage = "broken padding"
                throw ImageFault(.corrupt, "a cpio member off its alignment", at: inner.position)
            }
            try archive(inner)
        }
    }

    /// Before 2.6 an initrd was the image of a file system; some old distributions still made one.
    private func rejectFileSystemImage(_ inner: StreamReader) throws(ImageFault) {
        let head = try inner.peek(0x43A)
        let isExt2 = head.starts(with: [0x53, 0xEF], at: 0x438)
        let isCramfs = head.starts(with: [0x45, 0x3D, 0xCD, 0x28])
        let isRomfs = head.starts(with: "-rom1fs-")
        let isSquash = head.starts(with: "hsqs")
        guard isExt2 || isCramfs || isRomfs || isSquash else { return }
        throw ImageFault(.unsupported, "an initrd that is the image of a file system", at: inner.position)
    }

    private func finish(unpackedSize: UInt64) {
        guard let index = contents.segments.indices.last else { return }
        contents.segments[index].unpackedSize = unpackedSize
        guard contents.segments[index].memberCount > 0 else { return }
        let own = contents.members.suffix(contents.segments[index].memberCount)
        contents.segments[index].isEarlyMicrocode =
            own.contains { $0.kind == .file && $0.path.hasPrefix("kernel/") }
            && own.allSatisfy {
                $0.path.isEmpty || $0.path == "early_cpio" || $0.path == "kernel"
                    || $0.path.hasPrefix("kernel/")
            }
    }

    /// Bytes that begin no archive: a boot configuration, or something that does not belong there.
    private func foreign(_ reader: StreamReader) throws(ImageFault) {
        let offset = reader.position
        if contents.segments.isEmpty {
            try rejectFileSystemImage(reader)
            contents.kernelMessage = "invalid magic at start of compressed archive"
            throw ImageFault(.corrupt, "neither a cpio archive nor a known compression", at: offset)
        }
        var tail = Bytes([])
        while let chunk = try reader.next() {
            let joined = tail.array + chunk.array
            tail = Bytes(Array(joined.suffix(12)))
        }
        if tail.starts(with: "#BOOTCONFIG\n") {
            contents.hasBootConfig = true
        } else {
            contents.trailingJunk = offset
            contents.kernelMessage = "invalid magic at start of compressed archive"
        }
    }

    // MARK: Members

    /// Walks members up to a trailer, or to where no further member begins; the caller judges what follows.
    private func archive(_ reader: StreamReader) throws(ImageFault) {
        while try !member(reader) {
            guard try reader.skipZeros() == UInt8(ascii: "0") else { return }
            guard contents.segments.last?.format == .odc || reader.position % 4 == 0 else { return }
        }
    }

    /// Reads one member; true when it is the trailer.
    private func member(_ reader: StreamReader) throws(ImageFault) -> Bool {
        let start = reader.position
        let head = try reader.peek(CPIOHeader.newcSize)
        guard let header = try located(start, { () throws(ImageFault) in try CPIOHeader(parsing: head) })
        else {
            contents.kernelMessage = "no cpio magic"
            throw ImageFault(.corrupt, "no cpio magic", at: start)
        }
        let segment = contents.segments.count - 1
        if contents.segments[segment].format == nil { contents.segments[segment].format = header.format }
        if header.format == .odc {
            contents.kernelMessage = "incorrect cpio method used: use -H newc option"
        }
        reader.advance(header.headerSize)
        guard header.nameSize > 0, header.nameSize <= Self.longestPath else {
            // The kernel skips such a member without a word.
            try skip(UInt64(header.paddedNameSize) + header.bodySize + header.bodyPadding, reader, start)
            return false
        }
        let name = try reader.read(header.paddedNameSize)
        guard name.count == header.paddedNameSize else { throw cutShort(start) }
        guard try name.byte(at: header.nameSize - 1) == 0 else {
            contents.kernelMessage = "malformed archive"
            throw ImageFault(.corrupt, "a cpio name without its NUL", at: start)
        }
        let path = Self.normalized(name.prefix(header.nameSize).textToNUL)
        if path == "TRAILER!!!" {
            try skip(header.bodySize + header.bodyPadding, reader, start)
            contents.segments[segment].hasTrailer = true
            links.removeAll(keepingCapacity: true)
            return true
        }
        try membersLeft.spend()
        contents.segments[segment].memberCount += 1
        try body(header, path, segment, reader, start)
        return false
    }

    private func body(
        _ header: CPIOHeader, _ path: String, _ segment: Int, _ reader: StreamReader, _ start: UInt64
    ) throws(ImageFault) {
        var member = InitramfsMember(path: path, mode: header.mode, size: header.bodySize, segment: segment)
        if member.kind == .symbolicLink, header.bodySize <= UInt64(Self.longestPath) {
            let target = try reader.read(Int(header.bodySize))
            guard UInt64(target.count) == header.bodySize else { throw cutShort(start) }
            member.linkTarget = target.textToNUL
            contents.members.append(member)
            contents.tree.insert(member)
            try skip(header.bodyPadding, reader, start)
            return
        }
        if member.kind == .file, contents.segments[segment].compression == .none {
            member.contentOffset = reader.position
        }
        contents.members.append(member)
        let real = contents.tree.insert(member)
        var paths = real.map { [$0] } ?? []
        if header.linkCount >= 2, member.kind == .file, let real {
            let key = LinkKey(device: header.device, inode: header.inode, type: header.mode & 0o170000)
            paths = joinLinks(key, real, hasBody: header.bodySize > 0)
        }
        guard header.bodySize > 0 else { return }
        var rest = header.bodySize
        if member.kind == .file, !paths.isEmpty {
            rest -= try keep(header, paths, reader, start)
            for other in paths where other != real { contents.tree.setSize(header.bodySize, at: other) }
        }
        try skip(rest + header.bodyPadding, reader, start)
    }

    /// Adds a hard link to its group; returns the group's paths when this member carries the content.
    private func joinLinks(_ key: LinkKey, _ path: String, hasBody: Bool) -> [String] {
        if !hasBody, let first = links[key]?.first {
            if let file = contents.files[first] { contents.files[path] = file }
            if let size = contents.tree.nodes[first]?.size { contents.tree.setSize(size, at: path) }
        }
        links[key, default: []].append(path)
        return links[key] ?? [path]
    }

    /// Keeps the beginning of a body as the request says; returns how many bytes of it were consumed.
    private func keep(
        _ header: CPIOHeader, _ paths: [String], _ reader: StreamReader, _ start: UInt64
    ) throws(ImageFault) -> UInt64 {
        var wanted = 0
        for path in paths.prefix(64) { wanted = max(wanted, request.keep(path, header.bodySize)) }
        // What lies in the file as it is can be read there.
        let isInPlace = contents.segments.last?.compression == CompressionFormat.none
        if isInPlace, paths.contains(where: InitramfsPayload.isPayload) { wanted = 0 }
        let count = min(header.bodySize, UInt64(max(0, min(wanted, request.totalLimit - keptCount))))
        let sums = header.format == .newcChecksum
        guard count > 0 || sums else {
            for path in paths { contents.files[path] = nil }
            return 0
        }
        // A copy, because a window into the decompressor's output would keep all of that alive.
        let bytes = try reader.read(Int(count))
        guard UInt64(bytes.count) == count else { throw cutShort(start) }
        keptCount += bytes.count
        let file = InitramfsContents.File(bytes: Bytes(Array(bytes)), isWhole: count == header.bodySize)
        for path in paths { contents.files[path] = count > 0 ? file : nil }
        guard sums else { return count }
        try verify(header, bytes, reader, start)
        return header.bodySize
    }

    /// The checksum of a 070702 member: the sum of all bytes of its body.
    private func verify(
        _ header: CPIOHeader, _ first: Bytes, _ reader: StreamReader, _ start: UInt64
    ) throws(ImageFault) {
        var sum = Self.sum(first)
        var left = header.bodySize - UInt64(first.count)
        while left > 0 {
            let window = try reader.window().prefix(Int(min(left, 1 << 20)))
            guard !window.isEmpty else { throw cutShort(start) }
            sum = sum &+ Self.sum(window)
            reader.advance(window.count)
            left -= UInt64(window.count)
        }
        // Links of one file other than the one with the content carry a checksum of nothing.
        guard sum == header.checksum else {
            contents.kernelMessage = "bad data checksum"
            throw ImageFault(.corrupt, "checksum of a cpio member", at: start)
        }
    }

    private static func sum(_ bytes: Bytes) -> UInt32 {
        bytes.withSpan { span in
            var sum: UInt32 = 0
            for index in span.indices { sum = sum &+ UInt32(span[index]) }
            return sum
        }
    }

    private func skip(_ count: UInt64, _ reader: StreamReader, _ start: UInt64) throws(ImageFault) {
        let skipped = try reader.skip(count)
        // Missing padding behind the last body loses nothing.
        guard count - skipped < 4 else { throw cutShort(start) }
        if skipped < count, try !reader.isAtEnd() { throw cutShort(start) }
    }

    private func cutShort(_ start: UInt64) -> ImageFault {
        ImageFault(.truncated, "ends inside a cpio member that begins at \(start)", at: start)
    }

    private func located<Value>(
        _ start: UInt64, _ body: () throws(ImageFault) -> Value
    ) throws(ImageFault) -> Value {
        do { return try body() } catch {
            if error.kind == .truncated { throw cutShort(start) }
            contents.kernelMessage = "malformed archive"
            throw ImageFault(error.kind, error.message, at: start &+ (error.offset ?? 0))
        }
    }

    /// The name without leading `/` and `./` and without a trailing `/`; `.` is the root.
    static func normalized(_ name: String) -> String {
        var text = Substring(name)
        while true {
            if text.hasPrefix("/") {
                text = text.dropFirst()
            } else if text.hasPrefix("./") {
                text = text.dropFirst(2)
            } else if text == "." {
                return ""
            } else {
                break
            }
        }
        while text.hasSuffix("/") { text = text.dropLast() }
        return String(text)
    }
}
