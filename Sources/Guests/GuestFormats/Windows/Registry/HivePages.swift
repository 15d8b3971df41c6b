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
    private let overlay: HiveOverlay
    private let kept = Mutex(Kept())
    /// The bytes there are, with those that logs add at the end.
    let size: UInt64

    /// A hive with `binsSize` bytes of bins, partly replaced by `overlay`.
    init(_ source: ContentSource, overlay: HiveOverlay, binsSize: UInt32) {
        self.source = source
        self.overlay = overlay
        size = overlay.isEmpty ? source.size : max(source.size, HiveHeader.size + UInt64(binsSize))
    }

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
        if last - first >= UInt64(Self.longestKept) {
            return try load(first...last).slice(at: skipped, count: count)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity((Int(last - first) + 1) * Self.pageSize)
        for index in first...last { bytes.append(contentsOf: try page(index)) }
        return try Bytes(bytes, origin: first * pageSize).slice(at: skipped, count: count)
    }

    /// The same for a few bytes that are not asked for again: they are not kept and little else is read.
    func readOnce(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        guard count > 0, offset <= size, UInt64(count) <= size - offset else {
            throw ImageFault(.truncated, "\(count) bytes reach past the end at \(size)", at: offset)
        }
        let unit = UInt64(HiveOverlay.sectorSize)
        let start = offset / unit * unit
        return try load(at: start, count: offset - start + UInt64(count))
            .slice(at: Int(offset - start), count: count)
    }

    private func page(_ index: UInt64) throws(ImageFault) -> Bytes {
        if let page = kept.withLock({ $0.pages[index] }) { return page }
        let page = try load(index...index)
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

    private func load(_ pages: ClosedRange<UInt64>) throws(ImageFault) -> Bytes {
        let start = pages.lowerBound * UInt64(Self.pageSize)
        return try load(at: start, count: min(UInt64(pages.count) * UInt64(Self.pageSize), size - start))
    }

    /// Bytes from the beginning of a sector.
    private func load(at start: UInt64, count: UInt64) throws(ImageFault) -> Bytes {
        if overlay.isEmpty { return try source.read(at: start, count: Int(count)).rebased(to: start) }
        let own = start < source.size ? min(count, source.size - start) : 0
        var bytes = own > 0 ? try source.read(at: start, count: Int(own)).array : []
        bytes += [UInt8](repeating: 0, count: Int(count - own))
        try overlay.apply(to: &bytes, at: start)
        return Bytes(bytes, origin: start)
    }
}
