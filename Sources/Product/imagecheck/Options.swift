public import ArgumentParser
import Checks
import ImageCheck
import Policies
public import Reports
public import Targets

extension DiskBus: ExpressibleByArgument {}
extension FirmwareKind: ExpressibleByArgument {}
extension Gate.Threshold: ExpressibleByArgument {}

/// The formats of an answer.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case text, json
}

extension CompletionKind {
    /// The ids of all checks.
    static var checkIDs: CompletionKind { .list(CheckRegistry.all.map { $0.metadata.id }) }
}

/// What every command that reads an image takes.
struct ReadingOptions: ParsableArguments {
    @Option(help: "The format the file has, when it is not to be recognised.")
    var imageFormat: String?

    @Option(
        name: .customLong("allow-backing"), parsing: .singleValue,
        help: ArgumentHelp(
            "A directory below which files that the image refers to may be opened. Repeatable.",
            valueName: "dir"), completion: .directory)
    var allowedDirectories: [String] = []

    var scanOptions: ScanOptions {
        var options = ScanOptions()
        options.imageFormat = imageFormat
        options.allowedDirectories = allowedDirectories
        return options
    }

    /// The same options for a worker.
    var arguments: [String] {
        (imageFormat.map { ["--image-format", $0] } ?? [])
            + allowedDirectories.flatMap { ["--allow-backing", $0] }
    }
}

/// What is asked of an image.
struct JudgingOptions: ParsableArguments {
    @Option(
        name: .customLong("target"), parsing: .singleValue,
        help: ArgumentHelp(
            "Where it is to be launched: a name of `imagecheck targets` or a JSON file (./my-cloud.json). Repeatable.",
            valueName: "target"), completion: .list(Target.shippedIDs))
    var targets: [String] = []

    @Option(help: "Judge this disk bus only.")
    var disk: DiskBus?

    @Option(help: "Judge this firmware only.")
    var firmware: FirmwareKind?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Run these checks only, separated by commas.", valueName: "ids"),
        completion: .checkIDs)
    var only: [String] = []

    @Option(
        parsing: .singleValue, help: ArgumentHelp("Leave these checks out.", valueName: "ids"),
        completion: .checkIDs)
    var skip: [String] = []

    /// - Parameter policy: what holds where the command line says nothing.
    func apply(to options: inout ScanOptions, policy: Policy? = nil) throws {
        if !targets.isEmpty {
            options.targets = try targets.map(TargetArgument.resolve)
        } else if let own = policy?.targets, !own.isEmpty {
            options.targets = own
        }
        var seen: Set<String> = []
        options.targets = options.targets.filter { seen.insert($0.id).inserted }
        if let disk {
            for target in options.targets
            where !target.hardware.disks.contains(disk) && !target.hardware.optionalDisks.contains(disk) {
                let offered = (target.hardware.disks + target.hardware.optionalDisks).map(\.rawValue)
                throw ValidationError(
                    "\(target.id) has no \(disk.rawValue) disks; it has \(offered.joined(separator: ", ")).")
            }
        }
        options.disk = disk
        options.firmware = firmware
        options.only = only.isEmpty ? Set(policy?.only ?? []) : try ids(only)
        options.skip = skip.isEmpty ? Set(policy?.skip ?? []) : try ids(skip)
    }

    /// Fills in what the command line leaves to the policy, for a worker that knows of none.
    mutating func complete(from policy: Policy) {
        if targets.isEmpty { targets = policy.targetArguments }
        if only.isEmpty { only = policy.only }
        if skip.isEmpty { skip = policy.skip }
    }

    private func ids(_ lists: [String]) throws -> Set<String> {
        var result: Set<String> = []
        for name in lists.flatMap({ $0.split(separator: ",") }).map(String.init) {
            guard let id = CheckNames(CheckRegistry.all).id(named: name) else {
                let near = CheckNames(CheckRegistry.all).near(name)
                let hint = near.isEmpty ? "" : " Did you mean \(near.joined(separator: ", "))?"
                throw ValidationError("There is no check named “\(name)”.\(hint)")
            }
            result.insert(id)
        }
        return result
    }

    /// The same options for a worker.
    var arguments: [String] {
        targets.flatMap { ["--target", $0] } + (disk.map { ["--disk", $0.rawValue] } ?? [])
            + (firmware.map { ["--firmware", $0.rawValue] } ?? []) + only.flatMap { ["--only", $0] }
            + skip.flatMap { ["--skip", $0] }
    }
}

/// How an answer is given.
struct OutputOptions: ParsableArguments {
    @Option(help: "The form of the answer.")
    var format: OutputFormat = .text

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write the answer to a file instead of standard output.", valueName: "file"))
    var output: String?

    /// Nil for standard output.
    var file: OutputFile? { output.flatMap { $0 == "-" ? nil : OutputFile($0) } }
}
