import ByteReading

/// What the replay of a log tree would change in a subvolume: items by key, nil where one is removed.
struct BtrfsOverlay: Sendable {
    struct Change: Sendable {
        let key: BtrfsKey
        /// Nil: the item is removed.
        var data: Bytes?
    }

    /// By object id, each list in the order of its keys.
    private var changes: [UInt64: [Change]] = [:]

    var isEmpty: Bool { changes.isEmpty }

    mutating func set(_ key: BtrfsKey, _ data: Bytes?) {
        let index = firstIndex(notBefore: key)
        if let list = changes[key.objectID], index < list.count, list[index].key == key {
            changes[key.objectID]?[index].data = data
        } else {
            changes[key.objectID, default: []].insert(Change(key: key, data: data), at: index)
        }
    }

    func change(of key: BtrfsKey) -> Change? {
        let index = firstIndex(notBefore: key)
        guard let list = changes[key.objectID], index < list.count, list[index].key == key else { return nil }
        return list[index]
    }

    /// The changes to keys in `range`, whose ends are of one object.
    func changes(in range: ClosedRange<BtrfsKey>) -> ArraySlice<Change> {
        guard let list = changes[range.lowerBound.objectID] else { return [] }
        let start = firstIndex(notBefore: range.lowerBound)
        let end = list[start...].firstIndex { $0.key > range.upperBound } ?? list.count
        return list[start..<end]
    }

    /// The changed or new item with the greatest key not above `key`, of the same object and type.
    func last(notAfter key: BtrfsKey) -> BtrfsItem? {
        guard let list = changes[key.objectID] else { return nil }
        var index = firstIndex(notBefore: key)
        if index < list.count, list[index].key == key { index += 1 }
        while index > 0 {
            index -= 1
            guard list[index].key.type == key.type else { return nil }
            if let data = list[index].data { return BtrfsItem(key: list[index].key, data: data) }
        }
        return nil
    }

    private func firstIndex(notBefore key: BtrfsKey) -> Int {
        guard let list = changes[key.objectID] else { return 0 }
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
