import ByteReading
import FileSystemCore

extension BtrfsPool {
    /// The checksum tree, where the file system has one.
    func checksums(
        over addresses: Range<UInt64>, in tree: BtrfsTree, logged: [UInt64: [UInt8]]
    ) throws(ImageFault) -> [UInt64: [UInt8]] {
        let width = superblock.checksum.byteCount
        let sector = UInt64(superblock.sectorSize)
        var found: [UInt64: [UInt8]] = [:]
        let first = BtrfsKey(BtrfsObject.checksums, .extentChecksum, addresses.lowerBound)
        let start = try tree.last(notAfter: first)?.key ?? first
        let last = BtrfsKey(BtrfsObject.checksums, .extentChecksum, addresses.upperBound - 1)
        try tree.scan(Swift.min(start, first)...last) { item throws(ImageFault) in
            guard item.key.type == .extentChecksum, item.key.objectID == BtrfsObject.checksums else {
                return true
            }
            let count = UInt64(item.data.count / width)
            guard let end = try? item.key.offset.adding(count * sector), end > addresses.lowerBound else {
                return true
            }
            var address = Swift.max(item.key.offset, addresses.lowerBound)
            while address < Swift.min(end, addresses.upperBound) {
                let index = Int((address - item.key.offset) / sector)
                found[address] = try item.data.slice(at: index * width, count: width).array
                address += sector
            }
            return true
        }
        for address in stride(from: addresses.lowerBound, to: addresses.upperBound, by: Int(sector)) {
            if let checksum = logged[address] { found[address] = checksum }
        }
        return found
    }

    /// Reads data, whole sectors at a sector's start, each sector held against its checksum; a copy that does not
    /// fit gives way to the next.
    ///
    /// - Parameter checksums: by address; nil where the file has none.
    func data(
        at address: UInt64, count: Int, checksums: [UInt64: [UInt8]]?
    ) throws(ImageFault) -> Bytes {
        let copies = try chunk(holding: address).copyCount
        var failure: ImageFault?
        for copy in 0..<copies {
            do throws(ImageFault) {
                let bytes = try read(at: address, count: count, copy: copy)
                guard let checksums else { return bytes }
                try check(bytes, at: address, checksums)
                if let failure { noteDamage(failure, at: address) }
                return bytes
            } catch {
                failure = failure ?? error
            }
        }
        if copies > 1, count > superblock.sectorSize {
            return try sectors(at: address, count: count, checksums: checksums)
        }
        let fault = failure ?? ImageFault(.corrupt, "data at \(address) has no copy")
        if fault.kind == .corrupt { log.record(.checksumMismatch, fault.message, at: fault.offset) }
        throw fault
    }

    /// Each sector from whichever copy is whole.
    private func sectors(
        at address: UInt64, count: Int, checksums: [UInt64: [UInt8]]?
    ) throws(ImageFault) -> Bytes {
        var array: [UInt8] = []
        array.reserveCapacity(count)
        for offset in stride(from: 0, to: count, by: superblock.sectorSize) {
            array += try data(
                at: try address.adding(UInt64(offset)),
                count: Swift.min(superblock.sectorSize, count - offset),
                checksums: checksums
            ).array
        }
        return Bytes(array, origin: address)
    }

    private func noteDamage(_ fault: ImageFault, at address: UInt64) {
        guard fault.kind == .corrupt else { return }
        log.record(
            .inconsistent, "a copy of the data at \(address) is damaged; another was read", at: fault.offset)
    }

    private func check(
        _ bytes: Bytes, at address: UInt64, _ checksums: [UInt64: [UInt8]]
    ) throws(ImageFault) {
        for offset in stride(from: 0, to: bytes.count, by: superblock.sectorSize) {
            let place = try address.adding(UInt64(offset))
            let sector = try bytes.slice(at: offset, count: superblock.sectorSize)
            guard let expected = checksums[place] else {
                throw ImageFault(.corrupt, "data at address \(place) has no checksum", at: sector.origin)
            }
            guard superblock.checksum.value(of: sector) == expected else {
                throw ImageFault(
                    .corrupt, "checksum of the data at address \(place) does not match", at: sector.origin)
            }
        }
    }
}
