/// Makes changed copies of an input, the same ones for the same seed.
struct Mutator: RandomNumberGenerator {
    private static let interesting: [UInt8] = [
        0, 1, 0x0A, 0x20, 0x22, 0x27, 0x3D, 0x5C, 0x7B, 0x7F, 0x80, 0xFF,
    ]
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// The bytes a change is worth at: all of a small input; of a large one those that are not zero.
    static func places(in bytes: [UInt8], limit: Int) -> [Int] {
        guard bytes.count > limit else { return Array(bytes.indices) }
        return Array(bytes.indices.lazy.filter { bytes[$0] != 0 }.prefix(limit))
    }

    /// A copy with one to eight changes at some of `places`: bits, bytes, wide numbers, runs taken out or doubled,
    /// the end cut off.
    mutating func changed(_ bytes: [UInt8], at places: [Int]) -> [UInt8] {
        var copy = bytes
        for _ in 0..<Int.random(in: 1...8, using: &self) {
            guard let chosen = places.randomElement(using: &self), !copy.isEmpty else { break }
            let place = min(chosen, copy.count - 1)
            let end = min(copy.count, place + Int.random(in: 1...16, using: &self))
            switch UInt8.random(in: 0..<16, using: &self) {
            case 0..<4: copy[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 4..<7: copy[place] = Mutator.interesting.randomElement(using: &self) ?? 0
            case 7..<9: copy[place] = UInt8.random(in: 0...255, using: &self)
            case 9..<11:
                let filler: UInt8 = Bool.random(using: &self) ? 0xFF : 0
                for index in place..<min(copy.count, place + 4) { copy[index] = filler }
            case 11: copy.removeSubrange(place..<end)
            case 12, 13: copy.insert(contentsOf: Array(copy[place..<end]), at: place)
            case 14:
                guard let source = places.randomElement(using: &self), source < copy.count else { continue }
                copy.insert(contentsOf: Array(copy[source...].prefix(16)), at: place)
            default: copy.removeSubrange(place...)
            }
        }
        return copy
    }
}
