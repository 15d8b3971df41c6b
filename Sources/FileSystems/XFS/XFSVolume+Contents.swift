import BlockIO
import ByteReading
import FileSystemCore

extension XFSVolume {
    /// The most bytes that one read gives at a time.
    private static let largestRead = 1 << 30

    /// Up to `count` bytes of a file; fewer at its end. Holes and unwritten extents are zeros.
    func contents(of inode: XFSInode, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        guard offset < inode.size, count > 0 else { return Bytes([], origin: offset) }
        guard !inode.isRealtime else {
            throw ImageFault(.unsupported, "the contents of inode \(inode.number) are on the realtime device")
        }
        let length = Int(Swift.min(UInt64(count), inode.size - offset))
        guard length <= XFSVolume.largestRead else {
            throw ImageFault(.limit, "read of \(length) bytes, more than \(XFSVolume.largestRead)")
        }
        return try forkBytes(inode.data, at: offset, count: length)
    }

    /// Bytes of a fork, whatever its size says.
    func forkBytes(_ fork: XFSInode.Fork, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        let width = UInt64(blockSize)
        let end = try offset.adding(UInt64(count))
        let range = offset / width..<(end + width - 1) / width
        let extents = try XFSExtentTree(volume: self, fork: fork).extents(in: range)
        var array: [UInt8] = []
        array.reserveCapacity(count)
        var position = offset
        for extent in extents where extent.isWritten {
            let start = Swift.max(position, extent.logical * width)
            let stop = Swift.min(end, extent.end * width)
            guard start < stop else { continue }
            array.append(contentsOf: repeatElement(0, count: Int(start - position)))
            let place = try self.offset(of: extent.physical, count: extent.count, "\(fork.name), contents")
            let part = try source.read(
                at: place + (start - extent.logical * width), count: Int(stop - start))
            if position == offset, part.count == count { return part.rebased(to: offset) }
            array += part.array
            position = stop
        }
        array.append(contentsOf: repeatElement(0, count: Int(end - position)))
        return Bytes(array, origin: offset)
    }

    /// What a symbolic link holds: in the inode, or in blocks that have a header of their own in version 5
    /// ("Remote Symlink").
    func linkTarget(of inode: XFSInode) throws(ImageFault) -> [UInt8] {
        // `XFS_SYMLINK_MAXLEN`.
        let size = try inode.size.bounded(to: 1024, "the target of inode \(inode.number)")
        if inode.data.format == .local {
            return try inode.data.area.slice(at: 0, count: size).array
        }
        guard superblock.isV5 else { return try forkBytes(inode.data, at: 0, count: size).array }
        var target: [UInt8] = []
        let extents = try XFSExtentTree(volume: self, fork: inode.data).extents(in: 0..<8)
        for extent in extents where target.count < size {
            let what = "the target of inode \(inode.number)"
            let start = try offset(of: extent.physical, count: extent.count, what)
            let length = Int(Swift.min(extent.count, 8)) * blockSize
            let buffer = try source.read(at: start, count: length)
            // "XSLM".
            guard try buffer.big(UInt32.self, at: 0) == 0x5853_4C4D,
                try buffer.big(UInt32.self, at: 4) == UInt32(target.count),
                try buffer.big(UInt64.self, at: 32) == inode.number.rawValue
            else { throw ImageFault(.corrupt, "\(what): block without its header", at: start) }
            try checkHeader(buffer, checksum: 12, address: 40, uuid: 16, what)
            let stored = try buffer.big(UInt32.self, at: 8).bounded(to: size - target.count, what)
            guard stored > 0 else { throw ImageFault(.corrupt, "\(what): empty block", at: start + 8) }
            target += try buffer.slice(at: 56, count: stored).array
        }
        guard target.count == size else {
            throw ImageFault(
                .corrupt, "the target of inode \(inode.number) has \(target.count) of \(size) bytes")
        }
        return target
    }
}
