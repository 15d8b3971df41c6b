import BlockIO
import ByteReading
import SystemPackage

/// What was opened and found on the way down from an image to the files it refers to.
struct ImageChain {
    /// Files of one chain, the image included.
    private static let longest = 16
    /// References that are followed in all.
    private static let mostReferences = 4096

    private let policy: BackingPolicy
    /// Files that a chain of backing files leads through; none may come twice.
    private var visited: Set<FilePath> = []
    private(set) var references: [FileReference] = []
    private(set) var findings: [ContainerFinding] = []

    /// A chain that starts at the image at `path`.
    init(policy: BackingPolicy, path: FilePath?) {
        self.policy = policy
        if let path, let real = try? HostPath.resolve(path) { visited.insert(real) }
    }

    /// A file that another one names.
    struct Name {
        let role: FileReference.Role
        /// As it is stored, without padding.
        let bytes: [UInt8]
        /// The format that is stated for it.
        let format: String?
        /// Where the file is that names it.
        let namer: FilePath?
        /// The depth of the file that names it.
        let depth: Int

        init(
            _ role: FileReference.Role, _ bytes: [UInt8], format: String?, namedBy namer: FilePath?,
            depth: Int
        ) {
            self.role = role
            self.bytes = bytes
            self.format = format
            self.namer = namer
            self.depth = depth
        }

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Adds what was found in the file at `depth`.
    mutating func report(
        _ code: ContainerFinding.Code, _ message: String, at offset: UInt64? = nil, depth: Int
    ) {
        findings.append(ContainerFinding(code, message, at: offset, depth: depth))
    }

    /// Opens the file called `name` as it is, if the policy allows it.
    mutating func file(_ name: Name) -> ReferencedFile {
        reportUnsafe(name)
        do throws(ImageFault) {
            let location = try location(of: name)
            let source = try FileSource(location.realPath)
            accept(name, at: location)
            return .opened(source)
        } catch {
            return refuse(name, because: error)
        }
    }

    /// Opens the disk in the image called `name`, if the policy allows it.
    ///
    /// - Parameter check: looks at the opened image; what it returns is added to the findings about the file
    ///   that names it.
    mutating func disk(
        _ name: Name, check: (OpenedImage) -> ContainerFinding? = { _ in nil }
    ) -> ReferencedFile {
        reportUnsafe(name)
        do throws(ImageFault) {
            return .opened(try openDisk(name, as: name, check: check))
        } catch {
            return refuse(name, because: error)
        }
    }

    /// Opens the disk in the image called `place`, which is to be reported as `name`. What was reported on the way
    /// is taken back when that fails.
    ///
    /// - Parameters:
    ///   - accepts: looks at the file before it is opened as an image, and throws when it is not the right one.
    ///   - check: as for `disk`.
    mutating func openDisk(
        _ place: Name, as name: Name,
        accepts: (FileSource) throws(ImageFault) -> Void = { _ in },
        check: (OpenedImage) -> ContainerFinding? = { _ in nil }
    ) throws(ImageFault) -> any BlockSource {
        let slot = references.count
        let firstFinding = findings.count
        do throws(ImageFault) {
            guard name.depth + 1 < ImageChain.longest else {
                throw ImageFault(.limit, "more than \(ImageChain.longest) files in a chain of backing files")
            }
            let location = try location(of: place)
            guard visited.insert(location.realPath).inserted else {
                throw ImageFault(.corrupt, "the chain of backing files comes back to \(location.path)")
            }
            let source = try FileSource(location.realPath)
            try accepts(source)
            accept(name, at: location)
            let image = try open(source, at: location, as: name.format, depth: name.depth + 1)
            if var finding = check(image) {
                finding.depth = name.depth
                findings.append(finding)
            }
            return image.disk
        } catch {
            // What was found inside a file that turned out unreadable says nothing about this disk.
            references.removeSubrange(slot...)
            findings.removeSubrange(firstFinding...)
            throw error
        }
    }

    /// Notes that the file called `name` is not opened, and why.
    mutating func refuse(_ name: Name, because fault: ImageFault) -> ReferencedFile {
        let kind = name.role.description
        references.append(
            FileReference(
                role: name.role, name: name.text, format: name.format, depth: name.depth, refusal: fault))
        report(.referenceNotOpened, "\(kind): \(fault.message)", at: fault.offset, depth: name.depth)
        // Whatever was wrong with it, to whoever reads the disk the data are not there.
        return .refused(fault.kind == .notAllowed ? fault : fault.inLayer(kind))
    }

    /// Says so when a name leads out of the directory of the file that names it.
    mutating func reportUnsafe(_ name: Name) {
        guard let complaint = BackingPolicy.complaint(about: name.bytes) else { return }
        report(
            .unsafeReference, "the name of the \(name.role) \(complaint): \(name.text)", depth: name.depth)
    }

    private mutating func accept(_ name: Name, at location: BackingPolicy.Location) {
        references.append(
            FileReference(
                role: name.role, name: name.text, format: name.format, depth: name.depth,
                path: location.realPath.string, refusal: nil))
    }

    private func location(of name: Name) throws(ImageFault) -> BackingPolicy.Location {
        guard references.count < ImageChain.mostReferences else {
            throw ImageFault(.limit, "the image refers to more than \(ImageChain.mostReferences) files")
        }
        return try policy.resolve(name.bytes, namedBy: name.namer)
    }

    private mutating func open(
        _ source: FileSource, at location: BackingPolicy.Location, as name: String?, depth: Int
    ) throws(ImageFault) -> OpenedImage {
        let reader: any ContainerReader.Type
        if let name {
            guard let format = ImageFormat(named: name) else {
                throw ImageFault(.unsupported, "format \(name) of \(location.path) is not read")
            }
            reader = ContainerReaders.reader(of: format)
        } else if let found = try ContainerReaders.matching(source).first {
            reader = found
        } else if let other = try ContainerSignatures.recognise(source, path: location.path) {
            throw ImageFault(.unsupported, "\(location.path) looks like \(other.name), which is not read")
        } else {
            reader = RawReader.self
        }
        return try reader.open(source, path: location.path, depth: depth, chain: &self)
    }
}
