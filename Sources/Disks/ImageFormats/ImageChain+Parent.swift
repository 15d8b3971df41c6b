import BlockIO
import ByteReading

extension ImageChain {
    /// Adds what was found in the file at `depth`.
    mutating func report(_ findings: [ContainerFinding], depth: Int) {
        for finding in findings {
            report(finding.code, finding.message, at: finding.offset, depth: depth)
        }
    }

    /// Opens the parent of a differencing disk: the first of the places at `location` where a file is that the
    /// policy allows and `accepts` takes.
    ///
    /// - Parameters:
    ///   - name: as the image writes it, for reports.
    ///   - accepts: throws when the file is not the parent.
    mutating func parent(
        _ name: Name, at location: ParentLocation, accepts: (FileSource) throws(ImageFault) -> Void
    ) -> ReferencedFile {
        report(
            .backingFile,
            "the image is a delta over \(name.text)" + (name.format.map { " (\($0))" } ?? ""),
            depth: name.depth)
        var refusal: ImageFault?
        for candidate in location.candidates {
            let place = Name(
                name.role, Array(candidate.utf8), format: name.format, namedBy: name.namer, depth: name.depth)
            reportUnsafe(place)
            do throws(ImageFault) {
                return .opened(try openDisk(place, as: name, accepts: accepts))
            } catch {
                // A file that is there and is no good says more than one that is not.
                if refusal == nil || refusal?.kind == .notFound { refusal = error }
            }
        }
        return refuse(
            name,
            because: refusal ?? ImageFault(.corrupt, "a differencing disk does not say where its parent is"))
    }
}
