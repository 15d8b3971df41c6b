public import Targets

/// What a scan should look for.
public struct ScanOptions: Sendable {
    /// The places the image may be launched at; never empty.
    public var targets: [Target] = [.alibabaECS]
    /// Judges this disk bus only; nil for those of the target.
    public var disk: DiskBus?
    /// Judges this firmware only; nil for the one the image is made for.
    public var firmware: FirmwareKind?
    /// The format the user says the file has; nil to recognise it.
    public var imageFormat: String?
    /// Directories (host paths) below which files that the image refers to may be opened.
    public var allowedDirectories: [String] = []
    /// Check ids to run; empty for all.
    public var only: Set<String> = []
    /// Check ids to leave out.
    public var skip: Set<String> = []

    /// The options of a plain scan.
    public init() {}
}
