public import ByteReading
public import Reports

/// Opens an image and judges it. The face of the library.
public struct ImageScanner: Sendable {
    /// The version of the library and the program.
    public static let version = "0.1.0"

    private let options: ScanOptions

    /// A scanner with `options`.
    public init(_ options: ScanOptions = ScanOptions()) { self.options = options }

    /// Reads the image at a host path and judges every system in it.
    ///
    /// Throws only when the file itself cannot be opened or is no image at all; what cannot be read inside
    /// is a gap of the report.
    public func scan(_ path: String) throws(ImageFault) -> ScanReport {
        throw ImageFault(.unsupported, "not built yet")
    }

    /// The layers of the image and the systems in it, without judging anything.
    public func inspect(_ path: String) throws(ImageFault) -> ScanReport {
        throw ImageFault(.unsupported, "not built yet")
    }

    /// The entries of a directory of the guest, or the one entry of a file.
    public func list(_ path: String, guestPath: String) throws(ImageFault) -> [GuestEntry] {
        throw ImageFault(.unsupported, "not built yet")
    }

    /// Hands the content of a file of the guest to `sink`, a part at a time.
    public func read(
        _ path: String, guestPath: String, into sink: ([UInt8]) throws -> Void
    ) throws {
        throw ImageFault(.unsupported, "not built yet")
    }
}

/// One entry of a guest's directory, as `ls -l` shows it.
public struct GuestEntry: Sendable, Hashable {
    /// The bytes of the name.
    public var name: [UInt8]
    /// `-`, `d`, `l`, `c`, `b`, `p`, `s` or `?`.
    public var type: Character
    /// Permission bits, set-id bits and sticky bit.
    public var permissions: UInt16
    public var owner: UInt32
    public var group: UInt32
    /// In bytes.
    public var size: UInt64
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
