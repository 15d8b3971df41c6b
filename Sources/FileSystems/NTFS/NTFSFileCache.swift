import ByteReading
import Synchronization

/// The files and streams used last, so that reading a file in pieces parses its records once.
final class NTFSFileCache: Sendable {
    private static let fileCapacity = 32
    private static let streamCapacity = 8
    /// Runs of all kept streams; 131072 take 4 MiB.
    private static let runCapacity = 1 << 17

    private struct State {
        var files: [(reference: NTFSReference, file: NTFSFile)] = []
        var streams: [(reference: NTFSReference, name: [UInt16], stream: NTFSStream)] = []
    }

    private let volume: NTFSVolume
    private let state = Mutex(State())

    init(_ volume: NTFSVolume) { self.volume = volume }

    func file(_ reference: NTFSReference) throws(ImageFault) -> NTFSFile {
        let known = state.withLock { state in state.files.first { $0.reference == reference }?.file }
        if let known { return known }
        let file = try volume.file(reference)
        // A long list of attributes is read anew rather than kept.
        guard file.list?.entries.count ?? 0 < 1024 else { return file }
        state.withLock { state in
            if state.files.count >= NTFSFileCache.fileCapacity { state.files.removeFirst() }
            state.files.append((reference, file))
        }
        return file
    }

    /// The `$DATA` of that name; nil when there is none.
    func stream(
        _ name: [UInt16], of reference: NTFSReference, _ file: NTFSFile
    ) throws(ImageFault) -> NTFSStream? {
        let known = state.withLock { state in
            state.streams.first { $0.reference == reference && $0.name == name }?.stream
        }
        if let known { return known }
        guard let stream = try volume.stream(.data, named: name, of: file) else { return nil }
        guard stream.cost <= NTFSFileCache.runCapacity else { return stream }
        state.withLock { state in
            state.streams.append((reference, name, stream))
            while state.streams.count > NTFSFileCache.streamCapacity
                || state.streams.reduce(0, { $0 + $1.stream.cost }) > NTFSFileCache.runCapacity
            {
                state.streams.removeFirst()
            }
        }
        return stream
    }
}
