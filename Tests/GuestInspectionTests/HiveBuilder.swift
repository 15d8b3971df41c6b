import ByteReading

/// A registry hive made in memory, key by key: the least that `regf` asks for, in one bin.
struct HiveBuilder {
    enum Datum {
        case dword(UInt32)
        case text(String)
        case expandable(String)
        case texts([String])
        case binary([UInt8])

        fileprivate var type: UInt32 {
            switch self {
            case .text: 1
            case .expandable: 2
            case .binary: 3
            case .dword: 4
            case .texts: 7
            }
        }

        fileprivate var bytes: [UInt8] {
            switch self {
            case .dword(let number): HiveBuilder.little(number)
            case .text(let text), .expandable(let text): HiveBuilder.wide(text + "\0")
            case .texts(let texts): HiveBuilder.wide(texts.map { $0 + "\0" }.joined() + "\0")
            case .binary(let bytes): bytes
            }
        }
    }

    private final class Key {
        var name: String
        var values: [(name: String, datum: Datum)] = []
        var subkeys: [Key] = []
        init(_ name: String) { self.name = name }
    }

    private let top = Key("ROOT")
    private var cells: [UInt8] = []

    /// Gives a value; the keys on the way are made. `""` is the default value.
    func set(_ path: String, _ name: String, _ datum: Datum) {
        let key = make(path)
        key.values.removeAll { $0.name == name }
        key.values.append((name, datum))
    }

    /// Makes a key.
    func add(_ path: String) { _ = make(path) }

    private func make(_ path: String) -> Key {
        var key = top
        for part in path.split(separator: "\\").map(String.init) {
            if let known = key.subkeys.first(where: { $0.name.lowercased() == part.lowercased() }) {
                key = known
            } else {
                let next = Key(part)
                key.subkeys.append(next)
                key.subkeys.sort { $0.name.uppercased() < $1.name.uppercased() }
                key = next
            }
        }
        return key
    }

    /// The whole hive.
    func bytes() -> [UInt8] {
        var builder = self
        let root = builder.write(top, parent: UInt32.max, flags: 0x2C)
        var bin = Array("hbin".utf8)
        bin += HiveBuilder.little(UInt32(0))
        let size = (32 + builder.cells.count + 8 + 4095) / 4096 * 4096
        bin += HiveBuilder.little(UInt32(size)) + [UInt8](repeating: 0, count: 20) + builder.cells
        let rest = size - bin.count
        bin += HiveBuilder.little(UInt32(rest)) + [UInt8](repeating: 0, count: rest - 4)
        var head = Array("regf".utf8)
        for number: UInt32 in [1, 1, 0, 0, 1, 5, 0, 1] { head += HiveBuilder.little(number) }
        for number in [root, UInt32(size), 1] { head += HiveBuilder.little(number) }
        head += [UInt8](repeating: 0, count: 508 - head.count)
        var sum: UInt32 = 0
        for index in 0..<127 {
            sum ^= (0..<4).reduce(UInt32(0)) { $0 | UInt32(head[4 * index + $1]) << (8 * UInt32($1)) }
        }
        head += HiveBuilder.little(sum)
        return head + [UInt8](repeating: 0, count: 4096 - head.count) + bin
    }

    /// A cell's place counts from the start of the bins.
    private mutating func cell(_ content: [UInt8]) -> UInt32 {
        let place = 32 + cells.count
        let size = (4 + content.count + 7) / 8 * 8
        cells += HiveBuilder.little(UInt32(bitPattern: Int32(-size))) + content
        cells += [UInt8](repeating: 0, count: size - 4 - content.count)
        return UInt32(place)
    }

    private mutating func write(_ key: Key, parent: UInt32, flags: UInt16) -> UInt32 {
        let values = key.values.map { write(value: $0.name, $0.datum) }
        let valueList = values.isEmpty ? UInt32.max : cell(values.flatMap(HiveBuilder.little))
        // The key's own cell comes first, so that its subkeys can name it; the list is filled in later.
        let place = cell([UInt8](repeating: 0, count: 76 + key.name.utf8.count))
        let subkeys = key.subkeys.map { write($0, parent: place, flags: 0x20) }
        var list = UInt32.max
        if !subkeys.isEmpty {
            list = cell(
                Array("li".utf8) + HiveBuilder.little(UInt16(subkeys.count))
                    + subkeys.flatMap(HiveBuilder.little))
        }
        var node = Array("nk".utf8)
        node += HiveBuilder.little(flags)
        node += [UInt8](repeating: 0, count: 12)
        let none = UInt32.max
        let numbers = [
            parent, UInt32(subkeys.count), 0, list, none, UInt32(values.count), valueList, none, none,
        ]
        for number in numbers { node += HiveBuilder.little(number) }
        node += [UInt8](repeating: 0, count: 20)
        node += HiveBuilder.little(UInt16(key.name.utf8.count))
        node += [0, 0]
        node += Array(key.name.utf8)
        cells.replaceSubrange(Int(place) - 32 + 4..<Int(place) - 32 + 4 + node.count, with: node)
        return place
    }

    private mutating func write(value name: String, _ datum: Datum) -> UInt32 {
        let bytes = datum.bytes
        var head = Array("vk".utf8) + HiveBuilder.little(UInt16(name.utf8.count))
        if bytes.count <= 4 {
            head += HiveBuilder.little(UInt32(bytes.count) | 0x8000_0000)
            head += bytes + [UInt8](repeating: 0, count: 4 - bytes.count)
        } else {
            let data = cell(bytes)
            head += HiveBuilder.little(UInt32(bytes.count)) + HiveBuilder.little(data)
        }
        head += HiveBuilder.little(datum.type)
        head += HiveBuilder.little(UInt32(name.isEmpty ? 0 : 1))
        return cell(head + Array(name.utf8))
    }

    fileprivate static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> Number(8 * $0)) }
    }

    fileprivate static func wide(_ text: String) -> [UInt8] { text.utf16.flatMap { little($0) } }
}
