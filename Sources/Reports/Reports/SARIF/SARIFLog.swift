import Checks
import LaunchChain

/// The objects of SARIF 2.1.0 (OASIS, errata 01) that a report needs, by the names of the standard. A property that
/// is nil is absent from the file.
enum SARIF {
    struct Log: Encodable {
        static let schema =
            "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
        static let version = "2.1.0"

        var schema = Log.schema
        var version = Log.version
        var runs: [Run]

        enum CodingKeys: String, CodingKey {
            case schema = "$schema"
            case version, runs
        }
    }

    struct Run: Encodable {
        var tool: Tool
        var invocations: [Invocation]
        var artifacts: [Artifact]
        var results: [Result]
        static let columnKind = "unicodeCodePoints"

        var columnKind = Run.columnKind
        var properties: RunProperties
    }

    struct RunProperties: Encodable {
        var verdicts: [Verdict]
    }

    /// What the standard has no object for: the answer itself.
    struct Verdict: Encodable {
        var image: String
        var root: String
        var verdict: TargetVerdict
    }

    struct Tool: Encodable {
        var driver: Component
    }

    struct Component: Encodable {
        var name: String
        var version: String
        var semanticVersion: String
        var shortDescription: Message
        var rules: [Descriptor]
        var notifications: [Descriptor]
    }

    struct Descriptor: Encodable {
        var id: String
        var name: String?
        var shortDescription: Message
        var fullDescription: Message?
        var help: Message?
        var defaultConfiguration: Configuration?
        var properties: RuleProperties?
    }

    struct Configuration: Encodable {
        var level: String
    }

    struct RuleProperties: Encodable {
        var tags: [String]
        var aliases: [String]?
        var codes: [String: String]?
    }

    struct Message: Encodable, Hashable {
        var text: String
        var markdown: String?
    }

    struct Result: Encodable {
        var ruleId: String
        var ruleIndex: Int?
        var kind: String
        var level: String
        var message: Message
        var locations: [Location]
        var relatedLocations: [Location]?
        var partialFingerprints: [String: String]
        var suppressions: [Suppression]?
        var baselineState: String?
        var fixes: [Repair]?
        var properties: ResultProperties
    }

    struct Suppression: Encodable {
        var kind = "external"
        var status = "accepted"
        var justification: String?
        var properties: Acceptance
    }

    struct ResultProperties: Encodable {
        var code: String?
        var originalSeverity: Severity?
        var link: String
        var value: String?
        var guest: String?
        var targets: [String]?
        var launches: [String]?
        /// Every fix as the JSON report has it: commands and edits of the registry have no form in the standard.
        var fixes: [Fix]?
        var gaps: [String]?
    }

    struct Location: Encodable, Hashable {
        var physicalLocation: PhysicalLocation
        var logicalLocations: [LogicalLocation]?
        var message: Message?
    }

    struct PhysicalLocation: Encodable, Hashable {
        var artifactLocation: ArtifactLocation
        var region: Region?
    }

    struct LogicalLocation: Encodable, Hashable {
        var fullyQualifiedName: String
        var kind: String?
    }

    struct ArtifactLocation: Encodable, Hashable {
        var uri: String
        var index: Int?
    }

    struct Region: Encodable, Hashable {
        var startLine: Int?
        var startColumn: Int?
        var endLine: Int?
        var endColumn: Int?
        var byteOffset: UInt64?
        var snippet: Content?
    }

    struct Content: Encodable, Hashable {
        var text: String
    }

    struct Artifact: Encodable, Hashable {
        var description: Message?
        var location: ArtifactLocation
        var parentIndex: Int?
        var offset: UInt64?
        var length: UInt64?
        var roles: [String]?
    }

    struct Repair: Encodable {
        var description: Message
        var artifactChanges: [ArtifactChange]
    }

    struct ArtifactChange: Encodable {
        var artifactLocation: ArtifactLocation
        var replacements: [Replacement]
    }

    struct Replacement: Encodable {
        var deletedRegion: Region
        var insertedContent: Content?
    }

    struct Invocation: Encodable {
        var executionSuccessful: Bool
        var toolExecutionNotifications: [Notification]?
    }

    struct Notification: Encodable {
        var descriptor: DescriptorReference
        var level: String
        var message: Message
        var locations: [Location]
    }

    struct DescriptorReference: Encodable {
        var id: String
        var index: Int
    }
}
