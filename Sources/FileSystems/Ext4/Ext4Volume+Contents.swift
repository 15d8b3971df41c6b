import BlockIO
import ByteReading
import FileSystemCore

extension Ext4Volume {
    /// Where the blocks of `inode` in `range` are stored; what is missing from the answer is a hole.
    func extents(of inode: Ext4Inode, in range: Range<UInt64>) throws(ImageFault) -> [Ext4Extent] {
        guard !inode.hasInlineData, !range.isEmpty else { return [] }
        return inode.usesExtents
            ? try Ext4ExtentTree(volume: self, inode: inode).extents(in: range)
            : try Ext4BlockMap(volume: self, inode: inode).extents(in: range)
    }

    /// The bytes an inode holds: up to `count` from `offset`, fewer at the end. Each run of blocks is one read.
    func contents(
        of inode: Ext4Inode, at offset: UInt64 = 0, count: Int
    ) throws(ImageFault) -> Bytes {
        guard count > 0, offset < inode.size else { return Bytes([], origin: offset) }
        let length = Int(Swift.min(UInt64(count), inode.size - offset))
        let end = offset + UInt64(length)
        if inode.hasInlineData { return try inlineContents(of: inode, in: offset..<end) }
        let width = UInt64(blockSize)
        let extents = try extents(of: inode, in: (offset / width)..<((end - 1) / width + 1))
        var array: [UInt8] = []
        var position = offset
        for extent in extents where extent.isWritten {
            let start = Swift.max(extent.logical * width, offset)
            let stop = Swift.min(extent.end * width, end)
            guard start < stop else { continue }
            let place = self.offset(of: extent.physical) + (start - extent.logical * width)
            let part = try source.read(at: place, count: Int(stop - start))
            if part.count == length { return part.rebased(to: offset) }
            if array.isEmpty { array.reserveCapacity(length) }
            array.append(contentsOf: repeatElement(0, count: Int(start - position)))
            array.append(contentsOf: part.array)
            position = stop
        }
        array.append(contentsOf: repeatElement(0, count: Int(end - position)))
        return Bytes(array, origin: offset)
    }

    /// Data kept in the inode: 60 bytes in `i_block`, the rest in the attribute `system.data`
    /// (kernel documentation, filesystems/ext4/inlinedata.rst).
    private func inlineContents(
        of inode: Ext4Inode, in range: Range<UInt64>
    ) throws(ImageFault) -> Bytes {
        let rest = try Ext4ExtendedAttributes(volume: self, inode: inode).inlineData()
        let stored = Bytes(inode.blockArea.array + (rest?.array ?? []))
        // mke2fs -d makes files of one large hole so; the kernel reads zeros behind what is stored, of files only.
        guard inode.type == .regular || range.upperBound <= UInt64(stored.count) else {
            throw ImageFault(
                .corrupt,
                "inode \(inode.number) holds \(stored.count) bytes of inline data, size \(inode.size)",
                at: inode.raw.origin)
        }
        let part = stored.dropFirst(Int(Swift.min(range.lowerBound, UInt64(stored.count)))).prefix(
            range.count
        ).array
        return Bytes(part + [UInt8](repeating: 0, count: range.count - part.count), origin: range.lowerBound)
    }

    /// Where a symbolic link points, as the kernel follows it: a short target in `i_block` has exactly the length
    /// of the file (`ext4_iget`), a long one ends at the first NUL and fits a page (`page_get_link`).
    func linkTarget(of inode: Ext4Inode) throws(ImageFault) -> [UInt8] {
        guard !inode.flags.contains(.encrypted) else {
            throw ImageFault(.unsupported, "the link is encrypted")
        }
        guard inode.size > 0 else {
            throw ImageFault(.corrupt, "link of 0 bytes in inode \(inode.number)", at: inode.raw.origin + 4)
        }
        guard isFastLink(inode) else {
            let stored = try contents(of: inode, count: 4095).array
            return Array(stored.prefix { $0 != 0 })
        }
        let target = inode.blockArea.array.prefix { $0 != 0 }
        guard inode.size < 60, target.count == Int(inode.size) else {
            throw ImageFault(
                .corrupt,
                "short link of \(target.count) bytes in inode \(inode.number) of size \(inode.size)",
                at: inode.raw.origin + 4)
        }
        return Array(target)
    }

    private func isFastLink(_ inode: Ext4Inode) -> Bool {
        if inode.hasInlineData { return false }
        // With attribute inodes i_blocks counts their blocks too, so the length decides.
        if superblock.incompatible.contains(.attributeInodes) { return inode.size < 60 }
        let attributeSectors =
            inode.attributeBlock.rawValue == 0 ? 0 : superblock.blocksPerCluster * UInt64(blockSize) >> 9
        return inode.storedBlocks == attributeSectors
    }
}
