import ArgumentParser
import FoundationEssentials
import Targets

/// A target as the command line names it: a shipped one, or a file of the same shape.
enum TargetArgument {
    private static let sizeLimit = 1 << 20

    static func resolve(_ name: String) throws -> Target {
        if name.contains("/") || name.hasSuffix(".json") { return try load(name) }
        if let target = Target.shipped(name.lowercased()) { return target }
        let known = Target.shippedIDs.joined(separator: ", ")
        throw ValidationError(
            "There is no target “\(name)”. There are: \(known); a file of your own is named with a slash: ./\(name).json"
        )
    }

    private static func load(_ path: String) throws -> Target {
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw ValidationError("The target file \(path) cannot be read.")
        }
        guard bytes.count <= sizeLimit else {
            throw ValidationError("The target file \(path) is larger than a target can be.")
        }
        let target: Target
        do {
            target = try Target.read(bytes)
        } catch let error as DecodingError {
            throw unfit(path, reason(error))
        } catch let error as Target.UnknownKey {
            throw unfit(
                path, "there is no key “\(error.place)”; there are \(error.known.joined(separator: ", "))")
        }
        guard !target.id.isEmpty, !target.hardware.disks.isEmpty,
            target.hardware.firmware.contains(where: { !$0.value.isEmpty })
        else {
            throw ValidationError(
                "The target file \(path) needs an id, at least one disk bus and firmware for one architecture."
            )
        }
        return target
    }

    private static func unfit(_ path: String, _ reason: String) -> ValidationError {
        ValidationError(
            "The target file \(path) does not fit: \(reason). "
                + "A complete one is printed by: imagecheck targets --show kvm")
    }

    private static func reason(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context, _ last: String? = nil) -> String {
            (context.codingPath.map(\.stringValue) + (last.map { [$0] } ?? [])).joined(separator: ".")
        }
        return switch error {
        case .keyNotFound(let key, let context): "“\(place(context, key.stringValue))” is missing"
        case .typeMismatch(_, let context): "“\(place(context))” is of another kind than expected"
        case .valueNotFound(_, let context): "“\(place(context))” is empty"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "it is not JSON" : "“\(place(context))” holds a value that does not exist"
        @unknown default: "it cannot be understood"
        }
    }
}
