import ByteReading
import Synchronization

/// The bytes of a hive, read by pages where they are needed; the last ones used are kept.
final class HivePages: Sendable {
    private struct Kept {
        var pages: [UInt64: Bytes] = [:]
        /// The kept pages in the order of their arrival, as a ring.
        var order: [UInt64] = []
        var oldest = 0
    }

    private static let pageSize = 4096
    /// 2 MiB of pages.
    private static let capacity = 512
    /// Longer reads are data that is read once.
    private static let longestKept = 8

    private let source: ContentSource
    private let kept = Mutex(Kept())

    init(_ source: ContentSource) {
        self.source = source
    }

    /// The bytes there are.
    var size: UInt64 { source.size }

    /// `count` bytes from `offset`; `truncated` if they reach past the end.
    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        guard count >= 0, offset <= size, UInt64(count) <= size - offset else {
            throw ImageFault(.truncated, "\(count) bytes reach past the end at \(size)", at: offset)
        }
        guard count > 0 else { return Bytes([], origin: offset) }
        let pageSize = UInt64(Self.pageSize)
        let first = offset / pageSize
        let last = (offset + UInt64(count) - 1) / pageSize
        let skipped = Int(offset - first * pageSize)
        if first == last { return try page(first).slice(at: skipped, count: count) }
        if last - first >= UInt64(Self.longestKept) { return try load(at: offset, count: count) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity((Int(last - first) + 1) * Self.pageSize)
        for index in first...last { bytes.append(contentsOf: try page(index)) }
        return try Bytes(bytes, origin: first * pageSize).slice(at: skipped, count: count)
    }

    private func page(_ index: UInt64) throws(ImageFault) -> Bytes {
        if let page = kept.withLock({ $0.pages[index] }) { return page }
        let start = index * UInt64(Self.pageSize)
        let page = try load(at: start, count: Int(min(UInt64(Self.pageSize), size - start)))
        kept.withLock { kept in
            guard kept.pages.updateValue(page, forKey: index) == nil else { return }
            if kept.order.count < Self.capacity {
                kept.order.append(index)
            } else {
                kept.pages[kept.order[kept.oldest]] = nil
                kept.order[kept.oldest] = index
                kept.oldest = (kept.oldest + 1) % Self.capacity
            }
        }
        return page
    }

    private func load(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try source.read(at: offset, count: count).rebased(to: offset)
    }
}
