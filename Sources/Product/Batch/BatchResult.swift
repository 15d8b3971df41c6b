public import ByteReading
import Checks
public import Reports

/// What became of one image of a batch.
public struct BatchResult: Sendable, Hashable, Codable {
    /// How the image's worker ended.
    public enum Status: String, Sendable, Hashable, Codable, CaseIterable {
        /// The image was judged; the report is there.
        case checked
        /// The file is no disk image.
        case notAnImage
        /// The file or its container could not be read.
        case unreadable
        /// The worker took longer than it may.
        case timedOut
        /// The worker needed more memory than it may.
        case memory
        /// The worker died, or answered what nobody understands.
        case crashed
        /// The file was not checked: it is part of another image, or a link that leads elsewhere.
        case skipped

        /// For people.
        public var words: String {
            switch self {
            case .checked: "checked"
            case .notAnImage: "no image"
            case .unreadable: "not readable"
            case .timedOut: "took too long"
            case .memory: "needed too much memory"
            case .crashed: "crashed"
            case .skipped: "left out"
            }
        }
    }

    /// The image, as the batch names it.
    public var image: String
    /// How its worker ended.
    public var status: Status
    /// Why there is no report.
    public var message: String?
    /// Wall time of the worker.
    public var seconds: Double
    /// The report, when there is one.
    public var report: ScanReport?

    /// Makes a result.
    public init(
        image: String, status: Status, message: String? = nil, seconds: Double = 0, report: ScanReport? = nil
    ) {
        self.image = image
        self.status = status
        self.message = message
        self.seconds = seconds
        self.report = report
    }
}

/// What a worker says on its standard output, as one line of JSON: a report or a fault.
public struct WorkerAnswer: Sendable, Hashable, Codable {
    /// Why an image could not be judged.
    public struct Failure: Sendable, Hashable, Codable {
        /// The kind of fault.
        public var kind: ImageFault.Kind
        /// One sentence.
        public var message: String

        /// Makes a failure.
        public init(kind: ImageFault.Kind, message: String) {
            self.kind = kind
            self.message = message
        }
    }

    /// The report, when there is one.
    public var report: ScanReport?
    /// Why there is none.
    public var failure: Failure?

    /// An answer with a report.
    public init(_ report: ScanReport) { self.report = report }

    /// An answer with a fault.
    public init(_ fault: ImageFault) {
        failure = Failure(kind: fault.kind, message: fault.description)
    }

    /// What the answer means for the image.
    public func result(image: String, seconds: Double) -> BatchResult? {
        if let report {
            guard WorkerAnswer.holdsNothing(report) else {
                return BatchResult(image: image, status: .checked, seconds: seconds, report: report)
            }
            return BatchResult(
                image: image, status: .notAnImage, message: WorkerAnswer.whatItIs(report), seconds: seconds,
                report: report)
        }
        guard let failure else { return nil }
        return BatchResult(image: image, status: .unreadable, message: failure.message, seconds: seconds)
    }

    /// Every file can be a raw image. One without partitions, file system or system is none for a batch: a
    /// README beside the images must not fail it. One with the size of a disk is judged all the same: it may be
    /// a disk that lost its partition table.
    static func holdsNothing(_ report: ScanReport) -> Bool {
        let isTooSmall = report.image.fileSize < 1 << 20 || !report.image.fileSize.isMultiple(of: 512)
        return report.image.format == "raw" && report.guests.isEmpty
            && report.image.layers.allSatisfy { layer in
                layer.kind == "raw"
                    && (layer.children ?? []).allSatisfy { isTooSmall && $0.kind == "unknown" }
            }
    }

    /// What the check of the image's content says of it.
    private static func whatItIs(_ report: ScanReport) -> String {
        report.checks?.first { $0.id == "GUESTOS.SystemImage" && $0.status == .fail }?.message
            ?? "nothing in it was recognised"
    }
}
