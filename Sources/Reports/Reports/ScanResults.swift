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

    /// A file about which there is no report: one that could not be read, or that a batch came to no answer about.
    public struct Unreadable: Sendable, Hashable, Codable {
        /// As the user named it.
        public var path: String
        /// Why not, in one sentence.
        public var message: String
        /// What became of it.
        public var kind: Kind

        /// Makes a refusal.
        public init(path: String, message: String, kind: Kind = .unreadable) {
            self.path = path
            self.message = message
            self.kind = kind
        }

        /// Why there is no report.
        public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
            /// The file or its container cannot be read.
            case unreadable
            /// It took longer than it may.
            case timedOut
            /// It needed more memory than it may.
            case memory
            /// The program that looked at it died.
            case crashed
            /// It is no disk image.
            case notAnImage
            /// It was left out: a part of another image, a link that leads elsewhere.
            case skipped
            /// Not a file but a directory of them: the batch was stopped before all were looked at.
            case stopped

            /// Whether a question that was asked has no answer; the others were nothing to ask about.
            var isFailure: Bool { self != .notAnImage && self != .skipped }

            /// Its name in forms that name kinds of troubles.
            var id: String { self == .stopped ? "batch.stopped" : "image." + rawValue }

            /// What it means.
            var meaning: String {
                switch self {
                case .unreadable: "The image could not be read at all."
                case .timedOut: "The image was given up: it took longer than it may."
                case .memory: "The image was given up: it needs more memory than it may use."
                case .crashed: "The process that looked at the image died."
                case .notAnImage: "The file is no disk image."
                case .skipped: "The file was left out of the batch."
                case .stopped: "The batch was stopped before all images were looked at."
                }
            }
        }
    }
}
