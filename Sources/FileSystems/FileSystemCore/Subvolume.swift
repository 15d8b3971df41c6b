/// A tree of a file system that can be mounted on its own, as btrfs has them.
package struct Subvolume: Sendable, Hashable {
    /// What `subvolid=` names; 5 is the topmost.
    package var id: UInt64
    /// The path from the topmost tree, as `subvol=` names it and without a slash at its start; empty for the
    /// topmost itself. Nil when no directory leads to it any more.
    package var path: String?
    /// The subvolume that holds its directory; nil for the topmost.
    package var parent: UInt64?
    /// Lower-case with dashes; nil where none was recorded.
    package var uuid: String?
    /// The UUID of the subvolume this one was made from; nil when it is no snapshot.
    package var snapshotOf: String?
    package var isReadOnly: Bool
    /// Whether a mount without `subvol=` and `subvolid=` shows this one.
    package var isDefault: Bool
    /// Its topmost directory.
    package var top: NodeID

    package init(
        id: UInt64, path: String?, parent: UInt64?, uuid: String? = nil, snapshotOf: String? = nil,
        isReadOnly: Bool = false, isDefault: Bool = false, top: NodeID
    ) {
        self.id = id
        self.path = path
        self.parent = parent
        self.uuid = uuid
        self.snapshotOf = snapshotOf
        self.isReadOnly = isReadOnly
        self.isDefault = isDefault
        self.top = top
    }
}
