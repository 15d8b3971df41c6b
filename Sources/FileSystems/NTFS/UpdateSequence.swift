import ByteReading

/// The protection of records that span sectors: the last two bytes of every 512 hold a number that is written
/// with the record, and what belongs there lies in an array. A number that differs tells a torn write.
enum UpdateSequence {
    /// Bytes between protected places, whatever the sector size of the device.
    static let stride = 512

    /// The record with its own bytes put back. `name` is its signature (`FILE`, `INDX`, `RSTR`).
    ///
    /// Throws `corrupt` when the signature is another one or a number differs.
    static func restore(_ raw: Bytes, signature name: String) throws(ImageFault) -> Bytes {
        guard raw.starts(with: name) else {
            if raw.starts(with: "BAAD") {
                throw ImageFault(
                    .corrupt, "a \(name) record that was found torn before (BAAD)", at: raw.origin)
            }
            throw ImageFault(.corrupt, "no \(name) record", at: raw.origin)
        }
        let place = Int(try raw.little(UInt16.self, at: 4))
        let count = Int(try raw.little(UInt16.self, at: 6))
        guard count == raw.count / stride + 1, raw.count % stride == 0, place & 1 == 0,
            place + count * 2 <= raw.count
        else {
            throw ImageFault(
                .corrupt, "\(name) record: update sequence of \(count) at \(place) in \(raw.count) bytes",
                at: raw.origin &+ 4)
        }
        let number: UInt16 = try raw.little(at: place)
        var array = raw.array
        for index in 1..<count {
            let end = index * stride
            let found: UInt16 = try raw.little(at: end - 2)
            guard found == number else {
                throw ImageFault(
                    .corrupt,
                    "\(name) record: a torn write (update sequence number \(number), sector \(index - 1) has \(found))",
                    at: raw.origin &+ UInt64(end - 2))
            }
            array[end - 2] = try raw.byte(at: place + index * 2)
            array[end - 1] = try raw.byte(at: place + index * 2 + 1)
        }
        return Bytes(array, origin: raw.origin)
    }
}
