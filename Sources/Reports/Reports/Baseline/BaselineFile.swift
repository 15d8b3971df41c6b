/// A baseline as a file: JSON, `schema/baseline-1.schema.json`.
public struct BaselineFile: Sendable {
    /// Why a file is no baseline.
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// One sentence, with the name of the file.
        public let description: String
    }

    /// The most a baseline may hold: some hundred thousand findings.
    package static let sizeLimit = 64 << 20

    private static let kind = "imagecheck-baseline"
    private static let version = 1

    /// The bytes of a baseline: the same for the same findings. Throws what the encoder throws.
    public static func bytes(of baseline: Baseline) throws -> [UInt8] {
        try JSONReport.bytes(
            Document(kind: kind, version: version, findings: baseline.findings)) + [0x0A]
    }

    /// Reads a baseline.
    ///
    /// - Parameters:
    ///   - path: as the user named it, for the message.
    public static func read(_ bytes: [UInt8], path: String) throws(Failure) -> Baseline {
        func failure(_ reason: String) -> Failure {
            Failure(
                description: "\(path) is no baseline: \(reason). "
                    + "One is written by: imagecheck scan IMAGE --format baseline=FILE")
        }
        guard bytes.count <= sizeLimit else { throw failure("it is larger than \(sizeLimit >> 20) MiB") }
        let document: Document
        do {
            document = try JSONReport.decode(Document.self, from: bytes)
        } catch let error as DecodingError {
            throw failure(reason(error))
        } catch {
            throw failure("it cannot be understood")
        }
        guard document.kind == kind else { throw failure("its kind is not \(kind)") }
        guard document.version == version else {
            throw failure("it is of version \(document.version), and this program reads version \(version)")
        }
        for (index, finding) in document.findings.enumerated() {
            if finding.image.isEmpty { throw failure("findings[\(index)].image is empty") }
            if let count = finding.count, count < 1 {
                throw failure("findings[\(index)].count is not above 0")
            }
        }
        return Baseline(name: FindingIdentity.name(ofImageAt: path), findings: document.findings)
    }

    private struct Document: Codable {
        var kind: String
        var version: Int
        var findings: [Baseline.Finding]
    }

    private static func reason(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
            (context.codingPath + [last].compactMap { $0 }).reduce("") { path, key in
                key.intValue.map { path + "[\($0)]" } ?? path + (path.isEmpty ? "" : ".") + key.stringValue
            }
        }
        return switch error {
        case .keyNotFound(let key, let context): "\(place(context, key)) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            context.codingPath.isEmpty
                ? "it is no JSON object" : "\(place(context)) is of another kind than expected"
        case .dataCorrupted(let context):
            // The decoder does not say where.
            context.codingPath.isEmpty
                ? "it is not JSON (python3 -m json.tool shows where)"
                : "\(place(context)) holds a value that does not fit"
        @unknown default: "it cannot be understood"
        }
    }
}
