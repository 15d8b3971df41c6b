public import ByteReading

/// One entry of a guest's directory, as `ls -l` shows it.
public struct GuestEntry: Sendable, Hashable {
    /// The bytes of the name.
    public var name: [UInt8]
    /// `-`, `d`, `l`, `c`, `b`, `p`, `s` or `?`.
    public var type: Character
    /// Permission bits, set-id bits and sticky bit.
    public var permissions: UInt16
    /// User id of the owner.
    public var owner: UInt32
    /// Group id.
    public var group: UInt32
    /// In bytes.
    public var size: UInt64
    /// How many names the node has.
    public var linkCount: UInt32
    /// Seconds since 1970.
    public var modified: Int64
    /// Where a symbolic link points.
    public var linkTarget: [UInt8]?
    /// Why the entry's attributes could not be read.
    public var fault: ImageFault?

    /// Makes an entry.
    public init(
        name: [UInt8], type: Character, permissions: UInt16 = 0, owner: UInt32 = 0, group: UInt32 = 0,
        size: UInt64 = 0, linkCount: UInt32 = 1, modified: Int64 = 0, linkTarget: [UInt8]? = nil,
        fault: ImageFault? = nil
    ) {
        self.name = name
        self.type = type
        self.permissions = permissions
        self.owner = owner
        self.group = group
        self.size = size
        self.linkCount = linkCount
        self.modified = modified
        self.linkTarget = linkTarget
        self.fault = fault
    }
}
