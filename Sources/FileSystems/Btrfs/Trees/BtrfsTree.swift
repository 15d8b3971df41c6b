import ByteReading

/// A tree of items, in the order of their keys. Only blocks on the way to what is asked for are read.
struct BtrfsTree: Sendable {
    let pool: BtrfsPool
    let root: BtrfsPointer

    /// Calls `body` with the items whose keys lie in `range`, in order, until it returns false.
    ///
    /// Keys that do not rise are `corrupt`, so that blocks that are pointed to many times end the walk.
    func scan(
        _ range: ClosedRange<BtrfsKey>, _ body: (BtrfsItem) throws(ImageFault) -> Bool
    ) throws(ImageFault) {
        var previous: BtrfsKey?
        _ = try scan(root, range, &previous, body)
    }

    private func scan(
        _ pointer: BtrfsPointer, _ range: ClosedRange<BtrfsKey>, _ previous: inout BtrfsKey?,
        _ body: (BtrfsItem) throws(ImageFault) -> Bool
    ) throws(ImageFault) -> Bool {
        let node = try pool.node(pointer)
        var index =
            node.level == 0
            ? try node.firstIndex(notBefore: range.lowerBound)
            : try node.lastIndex(notAfter: range.lowerBound) ?? 0
        while index < node.count {
            let key = try node.key(index)
            guard key <= range.upperBound else { return false }
            if node.level > 0 {
                guard try scan(try node.child(index), range, &previous, body) else { return false }
            } else {
                if let previous, previous >= key {
                    throw ImageFault(.corrupt, "keys are out of order at \(key)", at: node.bytes.origin)
                }
                previous = key
                guard try body(try node.item(index)) else { return false }
            }
            index += 1
        }
        return true
    }

    /// The item with the greatest key that is not above `key`.
    func last(notAfter key: BtrfsKey) throws(ImageFault) -> BtrfsItem? {
        var node = try pool.node(root)
        while node.level > 0 {
            guard let index = try node.lastIndex(notAfter: key) else { return nil }
            node = try pool.node(try node.child(index))
        }
        guard let index = try node.lastIndex(notAfter: key) else { return nil }
        return try node.item(index)
    }

    /// The item with this key.
    func item(_ key: BtrfsKey) throws(ImageFault) -> BtrfsItem? {
        guard let found = try last(notAfter: key), found.key == key else { return nil }
        return found
    }
}
