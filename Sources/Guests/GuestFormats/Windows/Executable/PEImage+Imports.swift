package import ByteReading

/// What a program needs other files for (PE Format, "The .idata Section").
extension PEImage {
    /// The names of the libraries it imports from, in order, at most 256: a storage driver needs `storport.sys`.
    package func importedLibraries() throws(ImageFault) -> [String] {
        guard let table = directories[1] else { return [] }
        var names: [String] = []
        for index in 0..<UInt32(256) {
            let entry = try bytes(at: try table.address.adding(index * 20), count: 20)
            let name: UInt32 = try entry.little(at: 12)
            // The last entry is all zero.
            if name == 0 { break }
            names.append(try text(at: name))
        }
        return names
    }

    /// A text of at most 255 bytes.
    private func text(at address: UInt32) throws(ImageFault) -> String {
        var found: [UInt8] = []
        while found.count < 256 {
            // Few bytes at once, because the section may end behind the name.
            let piece = try? bytes(at: try address.adding(UInt32(found.count)), count: 16)
            if let piece {
                if let end = piece.firstIndex(of: [0]) {
                    found += piece.prefix(end)
                    return String(decoding: found, as: UTF8.self)
                }
                found += piece
            } else {
                let byte = try bytes(at: try address.adding(UInt32(found.count)), count: 1)
                if byte.isAllZero { return String(decoding: found, as: UTF8.self) }
                found += byte
            }
        }
        throw ImageFault(.corrupt, "the name of an imported library at address \(address) does not end")
    }
}
