/// The answers about all images of one run: what the formats that hold several images are made from.
public struct ScanResults: Sendable, Hashable {
    /// One per image that could be read, in the order in which they were named.
    public var reports: [ScanReport]
    /// The images that could not, and why: no format may lose them silently.
    public var unreadable: [Unreadable]
    /// When the run began, in seconds since 1970.
    public var time: Int64
    /// The directory below which images are named, where it is a directory that was asked about.
    public var directory: String?

    /// Puts answers together.
    public init(
        _ reports: [ScanReport], unreadable: [Unreadable] = [], time: Int64, directory: String? = nil
    ) {
        self.reports = reports
        self.unreadable = unreadable
        self.time = time
        self.directory = directory
    }

    /// An image that could not be read.
    public struct Unreadable: Sendable, Hashable, Codable {
        /// As the user named it.
        public var path: String
        /// Why not, in one sentence.
        public var message: String

        /// Makes a refusal.
        public init(path: String, message: String) {
            self.path = path
            self.message = message
        }
    }
}
