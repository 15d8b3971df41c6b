import ByteReading

/// The tree of one subvolume, with what the replay of its log changes. Questions are about the items of one
/// object and type.
struct BtrfsSubvolumeTree: Sendable {
    let id: UInt64
    let tree: BtrfsTree
    var overlay = BtrfsOverlay()

    init(id: UInt64, tree: BtrfsTree) {
        self.id = id
        self.tree = tree
    }

    /// Calls `body` with the items of an object in order until it returns false.
    func scan(
        _ objectID: UInt64, _ type: BtrfsItemType, _ offsets: ClosedRange<UInt64> = 0...UInt64.max,
        _ body: (BtrfsItem) throws(ImageFault) -> Bool
    ) throws(ImageFault) {
        let range =
            BtrfsKey(objectID, type, offsets.lowerBound)...BtrfsKey(objectID, type, offsets.upperBound)
        var changes = overlay.changes(in: range)
        guard !changes.isEmpty else { return try tree.scan(range, body) }
        var goesOn = true
        try tree.scan(range) { item throws(ImageFault) in
            while goesOn, let change = changes.first, change.key <= item.key {
                changes.removeFirst()
                if let data = change.data { goesOn = try body(BtrfsItem(key: change.key, data: data)) }
                if change.key == item.key { return goesOn }
            }
            if goesOn { goesOn = try body(item) }
            return goesOn
        }
        while goesOn, let change = changes.popFirst() {
            if let data = change.data { goesOn = try body(BtrfsItem(key: change.key, data: data)) }
        }
    }

    /// The last item of an object and type at or before `offset`.
    func last(
        _ objectID: UInt64, _ type: BtrfsItemType, notAfter offset: UInt64
    ) throws(ImageFault) -> BtrfsItem? {
        let key = BtrfsKey(objectID, type, offset)
        let changed = overlay.last(notAfter: key)
        var stored = try tree.last(notAfter: key)
        while let item = stored, item.key.objectID == objectID, item.key.type == type,
            overlay.change(of: item.key) != nil
        {
            guard item.key.offset > 0 else {
                stored = nil
                break
            }
            stored = try tree.last(notAfter: BtrfsKey(objectID, type, item.key.offset - 1))
        }
        guard let item = stored, item.key.objectID == objectID, item.key.type == type else { return changed }
        if let changed, changed.key > item.key { return changed }
        return item
    }

    func item(_ key: BtrfsKey) throws(ImageFault) -> BtrfsItem? {
        if let change = overlay.change(of: key) {
            return change.data.map { BtrfsItem(key: key, data: $0) }
        }
        return try tree.item(key)
    }
}
