import ByteReading
import Synchronization

/// The compression unit unpacked last, so that reading a file in pieces unpacks each unit once.
final class NTFSUnitCache: Sendable {
    private struct Key: Equatable {
        var number: UInt64
        var stream: UInt64
    }

    private let last = Mutex<(key: Key, bytes: Bytes)?>(nil)

    /// A unit of the stream whose header lies at `stream`, if it is the one that is kept.
    func unit(_ number: UInt64, of stream: UInt64) -> Bytes? {
        last.withLock { $0?.key == Key(number: number, stream: stream) ? $0?.bytes : nil }
    }

    func keep(_ bytes: Bytes, _ number: UInt64, of stream: UInt64) {
        last.withLock { $0 = (Key(number: number, stream: stream), bytes) }
    }
}
