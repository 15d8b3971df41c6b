import ByteReading

/// A list of the keys under a key, or a part of one: `lf`, `lh` or `li`.
struct HiveSubkeyList: Sendable {
    enum Kind: Sendable {
        /// Places only.
        case plain
        /// Places and the first four characters of the names.
        case hints
        /// Places and hashes of the names.
        case hashes
    }

    let kind: Kind
    /// The elements, of four or eight bytes.
    let elements: Bytes

    var stride: Int { kind == .plain ? 4 : 8 }
    var count: Int { elements.count / stride }

    /// The cell of key `index`.
    func key(_ index: Int) throws(ImageFault) -> UInt32 { try elements.little(at: index * stride) }

    /// Whether the hash or hint of key `index` rules out that it has this name. Only names in ASCII can be
    /// ruled out: Windows's upper case of other letters is not known for sure.
    func rulesOut(_ name: RegistryKeyQuery, at index: Int) throws(ImageFault) -> Bool {
        guard name.isASCII else { return false }
        switch kind {
        case .plain:
            return false
        case .hashes:
            return try elements.little(UInt32.self, at: index * 8 + 4) != name.hash
        case .hints:
            let hint = try elements.slice(at: index * 8 + 4, count: 4)
            guard try hint.byte(at: 0) != 0 else { return false }
            for place in 0..<4 {
                let expected = place < name.folded.count ? name.folded[place] : 0
                if RegistryName.fold(UInt16(try hint.byte(at: place))) != expected { return true }
            }
            return false
        }
    }
}

/// A name that is looked for.
struct RegistryKeyQuery: Sendable {
    let folded: [UInt16]
    let hash: UInt32
    let isASCII: Bool

    init(_ name: String) {
        folded = RegistryName.fold(name)
        hash = RegistryName.hash(folded: folded)
        isASCII = folded.allSatisfy { $0 < 0x80 }
    }

    func matches(_ name: String) -> Bool { RegistryName.fold(name) == folded }

    /// Whether the name comes before `other` in the order of the lists, that of the units in upper case.
    func precedes(_ other: String) -> Bool { folded.lexicographicallyPrecedes(RegistryName.fold(other)) }
}
