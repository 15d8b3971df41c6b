import ByteReading
import GuestFormats
import SystemPackage
import TestSupport

/// Hives of the recipe, and what others read in hives.
enum RegistryFixtures {
    static let recipe = Snapshot.repository + "testimages/recipes/make-hive-features.py"
    static let hasPython = HostTool.has("python3")
    static let hasHivex = FixtureTool.exists("python3") && FixtureTool.exists("hivexsh")

    /// Makes hives by the recipe; all of them without names.
    static func make(_ names: [String] = [], in folder: ScratchFolder) async throws {
        try await HostTool.shell(
            "/usr/bin/python3 \(recipe) \(folder.path) \(names.joined(separator: " "))")
    }

    /// The hive `name` in a folder with the logs beside it, in the order Windows uses them.
    static func open(_ name: String, in folder: ScratchFolder) throws -> Hive {
        var logs: [ContentSource] = []
        for suffix in [".LOG1", ".LOG2", ".LOG"] {
            if let log = try? FixtureTool.contents(folder.place(name + suffix)) {
                logs.append(ContentSource(Bytes(log)))
            }
        }
        return try Hive(
            ContentSource(Bytes(try FixtureTool.contents(folder.place(name)))), logs: logs)
    }

    /// What the recipe says the hive holds, sorted.
    static func expected(_ name: String, in folder: ScratchFolder) throws -> [String] {
        lines(String(decoding: try FixtureTool.contents(folder.place(name + ".tsv")), as: UTF8.self))
    }

    /// What hivex reads in a hive, sorted; without classes.
    static func hivex(_ file: FilePath) async throws -> [String] {
        let script = Snapshot.repository + "testimages/recipes/list-hive.py"
        return lines(try await HostTool.shell("/usr/bin/python3 \(script) '\(file)' 2>/dev/null"))
    }

    static func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init).sorted() }

    /// Everything that is read from the key down, in the form of the recipe.
    static func listing(_ root: RegistryKey, classes: Bool = true) throws -> [String] {
        var lines: [String] = []
        var pending = [root]
        while let key = pending.popLast() {
            let path = escaped(key.path)
            lines.append("K\t\(path)\t\(classes ? escaped(try key.className() ?? "") : "")")
            for value in try key.values() {
                let sum = Hexadecimal.lower(CRC32.ieee.checksum(value.data), width: 8)
                lines.append(
                    "V\t\(path)\t\(escaped(value.name))\t\(value.type.rawValue)\t\(value.data.count)\t\(sum)")
            }
            pending += try key.subkeys()
        }
        return lines.sorted()
    }

    /// The first lines that only one of two sorted listings has.
    static func difference(_ ours: [String], _ theirs: [String]) -> [String] {
        let difference = theirs.difference(from: ours)
        return difference.prefix(6).map { change in
            switch change {
            case .insert(_, let line, _): "missing: " + line
            case .remove(_, let line, _): "too much: " + line
            }
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar.value < 32 || scalar == "%" || scalar.value == 0x7F {
                result += "%\(Hexadecimal.lower(scalar.value, width: 2).uppercased())".unicodeScalars
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }
}
