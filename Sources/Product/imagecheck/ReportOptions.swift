import ArgumentParser
import Reports

/// A form of the answer and where it goes: `json`, `sarif=report.sarif`, `junit=-`.
struct ReportRequest: ExpressibleByArgument, Hashable {
    var format: ReportFormat
    /// A path of the host, `-` for standard output; nil when it was not said.
    var file: String?

    init(_ format: ReportFormat, file: String? = nil) {
        self.format = format
        self.file = file
    }

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        guard let format = ReportFormat(rawValue: parts[0]) else { return nil }
        if parts.count > 1, parts[1].isEmpty { return nil }
        self.init(format, file: parts.count > 1 ? parts[1] : nil)
    }

    static var allValueStrings: [String] { ReportFormat.allCases.map(\.rawValue) }

    /// Whether it goes to standard output.
    var isForOutput: Bool { file == nil || file == "-" }

    /// Throws when two of `requests` go to one place.
    static func check(_ requests: [ReportRequest]) throws {
        let printed = requests.filter(\.isForOutput)
        guard printed.count <= 1 else {
            throw ValidationError(
                "Only one form can go to standard output, not \(printed.map(\.format.rawValue).joined(separator: " and ")); "
                    + "name a file for the others: --format \(printed[1].format.rawValue)=FILE")
        }
        var files: Set<String> = []
        for file in requests.compactMap(\.file) where file != "-" && !files.insert(file).inserted {
            throw ValidationError("Two forms cannot go to the same file \(file).")
        }
    }
}

/// How the answers of `scan` and `verify` are given.
struct ReportOptions: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "The form of the answer (text unless given) and a file for it. Repeatable; one may go to standard output.",
            valueName: "form[=file]"),
        completion: .list(ReportFormat.allCases.map(\.rawValue)))
    var format: [ReportRequest] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write the answer to a file instead of standard output.", valueName: "file"),
        completion: .file())
    var output: String?

    @Flag(
        name: .shortAndLong,
        help: "In text: every check whatever became of it, every place and reason, all layers.")
    var verbose = false

    /// What is wanted, each with its place: text on standard output when nothing was said.
    func requests() throws -> [ReportRequest] {
        var requests = format.isEmpty ? [ReportRequest(.text)] : format
        if let output {
            let free = requests.indices.filter { requests[$0].file == nil }
            guard free.count == 1 else {
                throw ValidationError(
                    free.isEmpty
                        ? "--output \(output) has no answer to write: every --format names a file of its own."
                        : "--output \(output) can hold one form; name the files: "
                            + free.map { "--format \(requests[$0].format.rawValue)=FILE" }.joined(
                                separator: " "))
            }
            requests[free[0]].file = output
        }
        try ReportRequest.check(requests)
        return requests
    }
}
