package import ByteReading

/// The value of an element, as its format asks for (“BCD reference”, Microsoft; the registry types that go with the
/// formats: `BiConvertRegistryDataToElement` in ReactOS, boot/environ/lib/misc/bcdopt.c).
package enum BCDValue: Hashable, Sendable {
    case device(BCDDevice)
    case string(String)
    case object(GUID)
    case objects([GUID])
    case integer(UInt64)
    case boolean(Bool)
    case integers([UInt64])
    /// A format that is not known, or a value that is not what its format asks for, and why.
    case raw(ImageFault)

    init(_ value: RegistryValue, format: BCDElementType.Format?) {
        do {
            self = try BCDValue(reading: value, format: format)
        } catch { self = .raw(error) }
    }

    private init(reading value: RegistryValue, format: BCDElementType.Format?) throws(ImageFault) {
        let data = value.data
        switch format {
        case .device?: self = .device(try BCDDevice(parsing: data))
        case .string?: self = .string(try Self.text(value))
        case .object?: self = .object(try Self.guid(try Self.text(value), at: data.origin))
        case .objects?:
            guard let texts = value.strings else {
                throw ImageFault(.corrupt, "a list of objects that is no list of texts", at: data.origin)
            }
            var objects: [GUID] = []
            for text in texts where !text.isEmpty { objects.append(try Self.guid(text, at: data.origin)) }
            self = .objects(objects)
        case .integer?: self = .integer(try Self.number(data))
        case .boolean?:
            guard let first = data.first(where: { _ in true }) else {
                throw ImageFault(.truncated, "an empty switch", at: data.origin)
            }
            self = .boolean(first != 0)
        case .integers?:
            var numbers: [UInt64] = []
            var rest = data
            while rest.count >= 8 {
                numbers.append(try rest.little(at: 0))
                rest = rest.dropFirst(8)
            }
            self = .integers(numbers)
        case nil: throw ImageFault(.unsupported, "an element of unknown format", at: data.origin)
        }
    }

    private static func text(_ value: RegistryValue) throws(ImageFault) -> String {
        guard let text = value.string else {
            throw ImageFault(.corrupt, "a text that is stored as something else", at: value.data.origin)
        }
        return text
    }

    private static func guid(_ text: String, at offset: UInt64) throws(ImageFault) -> GUID {
        guard text.hasPrefix("{"), text.hasSuffix("}"), let guid = GUID(String(text.dropFirst().dropLast()))
        else { throw ImageFault(.corrupt, "“\(text.prefix(64))” names no object", at: offset) }
        return guid
    }

    /// Eight bytes; two and four are taken too.
    private static func number(_ data: Bytes) throws(ImageFault) -> UInt64 {
        switch data.count {
        case 2: UInt64(try data.little(UInt16.self, at: 0))
        case 4: UInt64(try data.little(UInt32.self, at: 0))
        case 8: try data.little(at: 0)
        default: throw ImageFault(.corrupt, "a number of \(data.count) bytes", at: data.origin)
        }
    }
}

extension BCDValue: CustomStringConvertible {
    /// As `bcdedit` prints it.
    package var description: String {
        switch self {
        case .device(let device): "\(device)"
        case .string(let text): text
        case .object(let id): WellKnownBCDObject.name(of: id)
        case .objects(let ids): ids.map(WellKnownBCDObject.name).joined(separator: " ")
        case .integer(let number): "\(number)"
        case .boolean(let isOn): isOn ? "Yes" : "No"
        case .integers(let numbers): numbers.map { "0x" + String($0, radix: 16) }.joined(separator: " ")
        case .raw(let fault): fault.description
        }
    }
}
