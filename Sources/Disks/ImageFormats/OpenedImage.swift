package import BlockIO
package import ByteReading

/// A file that the image names as holding part of its data.
package struct FileReference: Sendable, Hashable {
    /// What the other file is to the image.
    package enum Role: String, Sendable, Hashable, CustomStringConvertible {
        /// What is not allocated in the image is read from it.
        case backing
        /// All guest clusters are stored in it.
        case dataFile
        /// It holds one part of the disk.
        case part

        /// For people.
        package var description: String {
            switch self {
            case .backing: "backing file"
            case .dataFile: "data file"
            case .part: "part of the disk"
            }
        }
    }

    package var role: Role
    /// As the image writes it; bytes that are not UTF-8 are shown as U+FFFD.
    package var name: String
    /// The format the image states for it, nil when it states none.
    package var format: String?
    /// Which file names it: 0 for the image itself, 1 for its backing file, and so on.
    package var depth: Int
    /// Where the file was found, links followed; nil when it was not opened.
    package var path: String?
    /// Why it was not opened; nil when it was. `notAllowed` is the policy, `notFound` an absent file.
    package var refusal: ImageFault?
}

/// A disk, and what was learnt about the file that holds it.
package struct OpenedImage: Sendable {
    package var format: ImageFormat
    /// The disk the guest would see.
    package var disk: any BlockSource
    /// Size of the disk in bytes.
    package var virtualSize: UInt64 { disk.size }
    /// Size of the file in bytes, holes included.
    package var fileSize: UInt64
    /// Bytes per cluster, grain or block; nil where the format has none.
    package var clusterSize: Int?
    /// `2` or `3` for qcow2; nil where the format has one version or none.
    package var formatVersion: Int?
    /// The kind of container within its format, as its tools call it: `streamOptimized`, `dynamic` …
    package var subformat: String?
    /// How compressed clusters would be compressed: `zlib` or `zstd`; nil where none can be.
    package var compression: String?
    /// By what a delta over this image knows it: a VMDK's content ID, a VHD's unique ID; nil where the format
    /// has no such thing.
    package var identity: String?
    /// Internal snapshots in the image.
    package var snapshotCount = 0
    /// All files the image and its backing files refer to, outermost first.
    package var references: [FileReference] = []
    package var findings: [ContainerFinding] = []

    package init(format: ImageFormat, disk: any BlockSource, fileSize: UInt64) {
        self.format = format
        self.disk = disk
        self.fileSize = fileSize
    }

    /// Whether all data of the disk are within reach: no file it refers to was refused.
    package var isComplete: Bool { references.allSatisfy { $0.refusal == nil } }
}

/// A container or wrapper that is known by its content but not read.
package struct RecognisedContainer: Sendable, Hashable {
    /// `vmdk`, `vhdx`, `gzip` …: the name the tools use.
    package var name: String
    /// What it is, in words.
    package var title: String
    /// A command line that makes something readable of it, with the file's name in it; nil when there is none.
    package var command: String?
    /// One sentence for the user.
    package var advice: String
    /// Where the signature was found, in bytes.
    package var offset: UInt64
}

/// What opening an image file came to.
package enum ImageOpening: Sendable {
    case opened(OpenedImage)
    case recognised(RecognisedContainer)
}
