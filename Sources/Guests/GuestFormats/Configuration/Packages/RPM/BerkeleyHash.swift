package import ByteReading

/// A hash database of Berkeley DB, versions 7 to 10 of the format (`dbinc/db_page.h`, `dbinc/hash.h`): rpm's
/// `Packages`. Only values are read, and of a long one no more pages than are asked for.
package struct BerkeleyHash: Sendable {
    private let file: ContentSource
    private let isBigEndian: Bool
    private let pageSize: Int
    private let lastPage: UInt32
    private let lastBucket: UInt32
    private let spares: [UInt32]

    /// Bytes before the entries of a page.
    private static let pageHead = 26
    private static let magic: UInt32 = 0x061561
    private static let bucketPages: Set<UInt8> = [2, 13]
    private static let overflowPage: UInt8 = 7
    private static let storedHere: UInt8 = 1
    private static let storedElsewhere: UInt8 = 3

    /// Reads the first page: `DBMETA` and the table of buckets.
    package init(_ file: ContentSource) throws(ImageFault) {
        let head = try file.read(at: 0, count: 224)
        let isBigEndian: Bool
        if try head.little(UInt32.self, at: 12) == Self.magic {
            isBigEndian = false
        } else if try head.big(UInt32.self, at: 12) == Self.magic {
            isBigEndian = true
        } else {
            throw ImageFault(.corrupt, "no hash database of Berkeley DB", at: 12)
        }
        func number(_ offset: Int) throws(ImageFault) -> UInt32 {
            isBigEndian ? try head.big(at: offset) : try head.little(at: offset)
        }
        let version = try number(16)
        guard (7...10).contains(version) else {
            throw ImageFault(.unsupported, "version \(version) of the hash format", at: 16)
        }
        guard try head.byte(at: 24) == 0 else {
            throw ImageFault(.unsupported, "an encrypted database", at: 24)
        }
        let size = try number(20)
        guard size >= 512, size <= 65536, size & (size - 1) == 0 else {
            throw ImageFault(.corrupt, "pages of \(size) bytes", at: 20)
        }
        self.file = file
        self.isBigEndian = isBigEndian
        pageSize = Int(size)
        // What the file holds bounds every walk.
        lastPage = UInt32(truncatingIfNeeded: min(file.size / UInt64(size), UInt64(UInt32.max)))
        lastBucket = try number(72)
        guard lastBucket <= lastPage else {
            throw ImageFault(.corrupt, "\(lastBucket) buckets in \(lastPage) pages", at: 72)
        }
        var spares: [UInt32] = []
        for index in 0..<32 { spares.append(try number(96 + index * 4)) }
        self.spares = spares
    }

    private func read16(_ bytes: Bytes, _ offset: Int) throws(ImageFault) -> Int {
        Int(isBigEndian ? try bytes.big(UInt16.self, at: offset) : try bytes.little(UInt16.self, at: offset))
    }

    private func read32(_ bytes: Bytes, _ offset: Int) throws(ImageFault) -> UInt32 {
        isBigEndian ? try bytes.big(at: offset) : try bytes.little(at: offset)
    }

    private func page(_ number: UInt32) throws(ImageFault) -> Bytes {
        guard number < lastPage else { throw ImageFault(.corrupt, "page \(number) of \(lastPage)") }
        return try file.read(at: UInt64(number) * UInt64(pageSize), count: pageSize)
    }

    /// `BUCKET_TO_PAGE`: the buckets of each doubling lie together.
    private func firstPage(of bucket: UInt32) throws(ImageFault) -> UInt32 {
        // The number of doublings: 0 for bucket 0, 1 for 1, 2 for 2 and 3, 3 for 4 to 7.
        let doubling = UInt32.bitWidth - bucket.leadingZeroBitCount
        guard doubling < spares.count else { throw ImageFault(.corrupt, "bucket \(bucket)") }
        return try bucket.adding(spares[doubling])
    }

    /// Hands on every value that is longer than a number. rpm's record 0 holds the last number given out.
    func forEachValue(_ body: (RPMHeaderPrefix) throws(ImageFault) -> Void) throws(ImageFault) {
        var seen: Set<UInt32> = []
        var budget = Budget(RPMDatabase.pageLimit, of: "pages of buckets")
        for bucket in 0...lastBucket {
            var number = try firstPage(of: bucket)
            while true {
                try budget.spend()
                guard seen.insert(number).inserted else {
                    throw ImageFault(.corrupt, "page \(number) comes twice")
                }
                let page = try page(number)
                let type = try page.byte(at: 25)
                // A bucket that was never filled has a page of zeros.
                if type == 0 { break }
                guard Self.bucketPages.contains(type) else {
                    throw ImageFault(.corrupt, "page \(number) has type \(type), not hash", at: page.origin)
                }
                try values(on: page, body)
                number = try read32(page, 16)
                if number == 0 { break }
            }
        }
    }

    /// Keys have even places, values odd ones. An item goes from its offset to that of the item before it.
    private func values(
        on page: Bytes, _ body: (RPMHeaderPrefix) throws(ImageFault) -> Void
    ) throws(ImageFault) {
        let count = try read16(page, 20)
        for index in stride(from: 1, to: count, by: 2) {
            let place = Self.pageHead + index * 2
            let start = try read16(page, place)
            let end = try read16(page, place - 2)
            guard start < end else {
                throw ImageFault(.corrupt, "item \(index) from \(start) to \(end)", at: page.origin)
            }
            let item = try page.slice(start..<end)
            switch try item.byte(at: 0) {
            case Self.storedHere:
                guard item.count > 9 else { continue }
                try body { (count) throws(ImageFault) in item.dropFirst(1).prefix(count) }
            case Self.storedElsewhere:
                let first = try read32(item, 4)
                let length = Int(try read32(item, 8))
                try body { (count) throws(ImageFault) in try self.chain(from: first, min(count, length)) }
            default: continue
            }
        }
    }

    /// The first `count` bytes of a value that has pages of its own.
    private func chain(from first: UInt32, _ count: Int) throws(ImageFault) -> Bytes {
        var bytes: [UInt8] = []
        var number = first
        while bytes.count < count {
            guard number != 0 else { throw ImageFault(.truncated, "a value ends after \(bytes.count) bytes") }
            let page = try page(number)
            guard try page.byte(at: 25) == Self.overflowPage else {
                throw ImageFault(.corrupt, "page \(number) is no part of a value", at: page.origin)
            }
            let length = try read16(page, 22)
            guard length > 0 else { throw ImageFault(.corrupt, "page \(number) is empty", at: page.origin) }
            bytes += try page.slice(at: Self.pageHead, count: length).prefix(count - bytes.count).array
            number = try read32(page, 16)
        }
        return Bytes(bytes)
    }
}
