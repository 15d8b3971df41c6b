package import ByteReading
import Synchronization

/// A hive: one file of the Windows registry, with the logs that complete it. Reads what is asked for only.
///
/// A page of 4 KiB is the unit of reading; 2 MiB of pages are kept. Opening reads the header, and the logs when
/// the hive is dirty. Written after Suhanov, "Windows registry file format specification", and the checks of
/// the Windows Research Kernel (`cmcheck.c`) as far as one key can show them. Not read: security descriptors,
/// volatile keys (they are not in files) and the transaction logs of TxR.
package final class Hive: Sendable {
    /// What the names of its logs have behind its own, in the order in which Windows uses them.
    package static let logSuffixes = [".LOG1", ".LOG2", ".LOG"]

    /// How many parts that could not be read are remembered.
    private static let damageLimit = 64

    /// Whether a write was interrupted, and what became of it.
    package let state: HiveState
    let header: HiveHeader
    let pages: HivePages
    private let skipped = Mutex<[ImageFault]>([])

    /// Opens the hive in `source`. `logs` are the files beside it, of any kind and in any order of age:
    /// `.LOG1` before `.LOG2`, or `.LOG`. Throws when there is no header from which to go on.
    package init(_ source: ContentSource, logs: [ContentSource] = []) throws(ImageFault) {
        let recovery = try HiveRecovery(source, logs: logs)
        header = recovery.header
        state = recovery.state
        pages = HivePages(source, overlay: recovery.overlay, binsSize: header.binsSize)
    }

    /// The key that all others are under. Its name means nothing.
    package var root: RegistryKey {
        get throws(ImageFault) {
            let node = try keyNode(header.rootCell)
            // Where the root is was guessed, so it has to say that it is the root.
            guard header.isChecksumValid || node.flags & HiveKeyNode.Flag.hiveEntry != 0 else {
                throw ImageFault(.corrupt, "the root cell holds another key", at: position(header.rootCell))
            }
            return try RegistryKey(hive: self, node: node, parentPath: "", depth: 0)
        }
    }

    /// The key at `path`, names parted by backslashes, in any case; nil when it is absent. The empty path is
    /// the root.
    package func key(_ path: String) throws(ImageFault) -> RegistryKey? { try root.key(path) }

    /// What was met so far that could not be read and was left out, at most 64.
    package var damage: [ImageFault] { skipped.withLock { $0 } }

    /// Remembers a part that is left out.
    func skip(_ fault: ImageFault) {
        skipped.withLock { faults in
            if faults.count < Self.damageLimit, !faults.contains(fault) { faults.append(fault) }
        }
    }
}
