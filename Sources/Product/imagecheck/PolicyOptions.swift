import ArgumentParser
import BlockIO
import FoundationEssentials
import ImageCheck
import Policies
import Reports
import Targets

/// What an organisation makes of findings.
struct PolicyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A policy (YAML): targets, items, severities, exceptions with an end. Options of the command line go before it.",
            valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
    var policy: String?

    @Option(
        help: ArgumentHelp(
            "Findings that are known (from --format baseline=FILE) and fail nothing.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var baseline: String?

    /// Reads both, before any image is opened. Throws with everything that is wrong with them.
    ///
    /// - Parameter targets: names on the command line: exceptions may be about them.
    func read(targets: [String] = []) throws -> (policy: Policy?, baseline: Baseline?) {
        let own = Set(targets.compactMap { try? TargetArgument.resolve($0).id })
        return (
            try policy.map { try PolicyOptions.policy($0, otherTargets: own) },
            try baseline.map(PolicyOptions.baseline)
        )
    }

    /// Reads a policy file. Its targets are named relative to it.
    static func policy(_ path: String, otherTargets: Set<String> = []) throws -> Policy {
        let bytes = try InputFile.read(path, as: "policy", limit: Policy.sizeLimit)
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        do throws(PolicyProblems) {
            return try PolicyReader.read(bytes, file: path, otherTargets: otherTargets) { name in
                let isFile = name.contains("/") || name.hasSuffix(".json")
                let place =
                    isFile && !name.hasPrefix("/") ? (directory.isEmpty ? "./" : directory) + name : name
                do {
                    return .success(
                        PolicyReader.FoundTarget(try TargetArgument.resolve(place), argument: place))
                } catch {
                    return .failure(
                        PolicyReader.TargetProblem((error as? ValidationError)?.message ?? "\(error)"))
                }
            }
        } catch {
            for problem in error.problems { Host.show(TerminalText.escaped("\(problem)") + "\n") }
            throw CommandFailure(
                "the policy \(path) is not used: \(Quantity.count(error.problems.count, "error"))",
                hint: "Every key is explained in docs/policy.md; to try a policy: imagecheck policy FILE",
                code: .validationFailure)
        }
    }

    private static func baseline(_ path: String) throws -> Baseline {
        let bytes = try InputFile.read(path, as: "baseline", limit: BaselineFile.sizeLimit)
        do throws(BaselineFile.Failure) {
            return try BaselineFile.read(bytes, path: path)
        } catch {
            throw CommandFailure(error.description, code: .validationFailure)
        }
    }
}

extension CalendarDay {
    /// Today, in UTC.
    static var today: CalendarDay { CalendarDay(secondsSince1970: HostProcess.secondsSince1970) }
}

/// A policy and a baseline at work in a run.
struct RunPolicy {
    let policy: Policy?
    let baseline: Baseline?
    let review: PolicyReview

    /// - Parameter directory: of a batch.
    init(_ options: PolicyOptions, _ judging: JudgingOptions, directory: String? = nil) throws {
        (policy, baseline) = try options.read(targets: judging.targets)
        review = PolicyReview(policy: policy, baseline: baseline, directory: directory)
    }

    /// Says on standard error, once, what those who keep the policy should know.
    ///
    /// - Parameter isWhole: whether all images were looked at.
    func notify(_ looks: [PolicyReview.Look], _ options: ScanOptions, isWhole: Bool) {
        let isEverything =
            isWhole && options.disk == nil && options.firmware == nil && options.only.isEmpty
            && options.skip.isEmpty
        let notices = review.notices(
            looks, targets: options.targets.map(\.id), on: .today, isWhole: isEverything)
        for notice in notices { Host.complain(notice) }
    }
}
