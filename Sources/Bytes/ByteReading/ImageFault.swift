/// Why something in an image could not be read.
///
/// A fault carries **where** (the layers passed through, outermost first, and a byte offset in the innermost
/// layer) and **why**. It is one word wide, so typed throws stay cheap; layers are added as it rises:
///
/// ```
/// web01.qcow2 › gpt:2 › ext4 › /etc/fstab @ 0x1c400: extent ends past the volume (block 812345 of 524288)
/// ```
public struct ImageFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a caller can do about a fault. Absent, unreadable and unsupported are different answers.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// The host could not read the file.
        case io
        /// The bytes end before the structure does.
        case truncated
        /// The bytes contradict their specification.
        case corrupt
        /// Valid, but uses a feature that is not read here; encryption is one.
        case unsupported
        /// A budget (nodes, depth, bytes) ran out: the structure is hostile or absurd.
        case limit
        /// The thing asked for is not there. An answer, not a failure.
        case notFound
        /// The image refers to a file that the user has not allowed to be opened.
        case notAllowed
    }

    private final class Storage: Sendable, Hashable {
        let kind: Kind
        let message: String
        let layers: [String]
        let offset: UInt64?

        init(kind: Kind, message: String, layers: [String], offset: UInt64?) {
            self.kind = kind
            self.message = message
            self.layers = layers
            self.offset = offset
        }

        static func == (a: Storage, b: Storage) -> Bool {
            a.kind == b.kind && a.message == b.message && a.layers == b.layers && a.offset == b.offset
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(kind)
            hasher.combine(message)
        }
    }

    private let storage: Storage

    /// Makes a fault met at `offset` bytes into the current layer.
    public init(_ kind: Kind, _ message: String, at offset: UInt64? = nil) {
        storage = Storage(kind: kind, message: message, layers: [], offset: offset)
    }

    private init(_ storage: Storage) { self.storage = storage }

    /// What kind of fault this is.
    public var kind: Kind { storage.kind }
    /// The finding, with the numbers needed to find the byte in a hex editor.
    public var message: String { storage.message }
    /// The layers passed through, outermost first.
    public var layers: [String] { storage.layers }
    /// The byte offset inside the innermost layer, where it is known.
    public var offset: UInt64? { storage.offset }

    /// The same fault, seen from one layer further out.
    public func inLayer(_ name: String) -> ImageFault {
        ImageFault(
            Storage(kind: kind, message: message, layers: [name] + layers, offset: offset))
    }

    /// The place alone: `gpt:2 › ext4 @ 0x1c400`, or an empty string when nothing is known.
    public var location: String {
        var text = layers.joined(separator: " › ")
        if let offset {
            if !text.isEmpty { text += " " }
            text += "@ 0x" + String(offset, radix: 16)
        }
        return text
    }

    /// Place and finding on one line.
    public var description: String {
        location.isEmpty ? message : "\(location): \(message)"
    }
}

/// Runs `body` and names the layer in any fault that leaves it.
public func inLayer<Value: ~Copyable>(
    _ name: @autoclosure () -> String, _ body: () throws(ImageFault) -> Value
) throws(ImageFault) -> Value {
    do { return try body() } catch { throw error.inLayer(name()) }
}
