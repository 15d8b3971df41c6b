import ByteReading

extension Hive {
    /// How many keys under one key are read.
    static let subkeyLimit = 1 << 18

    /// The parts of the list of the keys under `node`: one, or those that an index root (`ri`) names.
    private enum ListParts {
        case leaf(HiveSubkeyList)
        case root(Bytes)
    }

    private func listParts(_ offset: UInt32) throws(ImageFault) -> ListParts {
        let cell = try cell(offset)
        let head = try read(cell, count: 4)
        let count = Int(try head.little(UInt16.self, at: 2))
        switch head.prefix(2).array {
        case Array("lf".utf8):
            return .leaf(HiveSubkeyList(kind: .hints, elements: try read(cell, at: 4, count: count * 8)))
        case Array("lh".utf8):
            return .leaf(HiveSubkeyList(kind: .hashes, elements: try read(cell, at: 4, count: count * 8)))
        case Array("li".utf8):
            return .leaf(HiveSubkeyList(kind: .plain, elements: try read(cell, at: 4, count: count * 4)))
        case Array("ri".utf8):
            return .root(try read(cell, at: 4, count: count * 4))
        default:
            throw ImageFault(.corrupt, "no list of subkeys", at: cell.position)
        }
    }

    private func leaf(_ offset: UInt32) throws(ImageFault) -> HiveSubkeyList {
        guard case .leaf(let list) = try listParts(offset) else {
            throw ImageFault(.corrupt, "an index root inside another", at: position(offset))
        }
        return list
    }

    /// The cells of the keys under `node`. Parts of the list that cannot be read are left out and told.
    func subkeyCells(
        of node: HiveKeyNode, skip: (ImageFault) -> Void
    ) throws(ImageFault) -> [UInt32] {
        guard node.subkeyCount > 0 else { return [] }
        var cells: [UInt32] = []
        switch try listParts(node.subkeyList) {
        case .leaf(let list):
            try append(list, to: &cells)
        case .root(let elements):
            var seen: Set<UInt32> = []
            for index in 0..<elements.count / 4 {
                let offset: UInt32 = try elements.little(at: index * 4)
                do throws(ImageFault) {
                    guard seen.insert(offset).inserted else {
                        throw ImageFault(.corrupt, "a list of subkeys twice", at: position(offset))
                    }
                    try append(leaf(offset), to: &cells)
                } catch {
                    if error.kind == .limit { throw error }
                    skip(error)
                }
            }
        }
        if cells.count != Int(node.subkeyCount) {
            skip(
                ImageFault(
                    .corrupt, "\(cells.count) subkeys in the list of a key that has \(node.subkeyCount)",
                    at: position(node.subkeyList)))
        }
        return cells
    }

    private func append(_ list: HiveSubkeyList, to cells: inout [UInt32]) throws(ImageFault) {
        guard list.count <= Self.subkeyLimit - cells.count else {
            throw ImageFault(.limit, "more than \(Self.subkeyLimit) subkeys", at: list.elements.origin)
        }
        for index in 0..<list.count { cells.append(try list.key(index)) }
    }

    /// The key under `node` that has the name, found as Windows does (`CmpFindSubKeyByName`): by the order of
    /// the parts of the list, then by hash or hint.
    func subkey(of node: HiveKeyNode, _ name: RegistryKeyQuery) throws(ImageFault) -> HiveKeyNode? {
        guard node.subkeyCount > 0 else { return nil }
        switch try listParts(node.subkeyList) {
        case .leaf(let list): return try find(name, in: list, under: node)
        case .root(let elements): return try find(name, inParts: elements, under: node)
        }
    }

    private func find(
        _ name: RegistryKeyQuery, in list: HiveSubkeyList, under parent: HiveKeyNode
    ) throws(ImageFault) -> HiveKeyNode? {
        // A key that cannot be read may be the one: then the answer is not "absent".
        var unread: ImageFault?
        for index in 0..<list.count where try !list.rulesOut(name, at: index) {
            do throws(ImageFault) {
                let node = try keyNode(list.key(index), under: parent)
                if name.matches(try self.name(of: node)) { return node }
            } catch {
                unread = error
            }
        }
        if let unread { throw unread }
        return nil
    }

    private func find(
        _ name: RegistryKeyQuery, inParts elements: Bytes, under parent: HiveKeyNode
    ) throws(ImageFault) -> HiveKeyNode? {
        let count = elements.count / 4
        var unread: ImageFault?
        var budget = Budget(Self.subkeyLimit, of: "subkeys")
        // Keys in other letters than ASCII are looked for everywhere, as their order is not known for sure.
        if name.isASCII, count > 1 {
            do throws(ImageFault) {
                let list = try leaf(elements.little(at: 4 * part(for: name, elements, under: parent)))
                return try find(name, in: list, under: parent)
            } catch {
                unread = error
            }
        }
        for index in 0..<count {
            do throws(ImageFault) {
                let list = try leaf(elements.little(at: index * 4))
                try budget.spend(list.count)
                if let node = try find(name, in: list, under: parent) { return node }
            } catch {
                if error.kind == .limit { throw error }
                unread = error
            }
        }
        if let unread { throw unread }
        return nil
    }

    /// The first key of a part, without reading the others.
    private func firstKey(ofPart offset: UInt32) throws(ImageFault) -> UInt32 {
        let head = try read(cell(offset), count: 8)
        guard try head.little(UInt16.self, at: 2) > 0, !head.starts(with: "ri") else {
            throw ImageFault(.corrupt, "a part without keys", at: head.origin)
        }
        return try head.little(at: 4)
    }

    /// The last part of the list that does not begin after the name.
    private func part(
        for name: RegistryKeyQuery, _ elements: Bytes, under parent: HiveKeyNode
    ) throws(ImageFault) -> Int {
        var low = 0
        var high = elements.count / 4 - 1
        while low < high {
            let middle = (low + high + 1) / 2
            let first = try keyNode(firstKey(ofPart: elements.little(at: middle * 4)), under: parent)
            if name.precedes(try self.name(of: first)) { high = middle - 1 } else { low = middle }
        }
        return low
    }
}
