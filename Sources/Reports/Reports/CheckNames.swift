package import Checks

/// Finds checks by what people call them: id, reason code or older name, in any case.
package struct CheckNames {
    private let checks: [any Check.Type]

    package init(_ checks: [any Check.Type]) { self.checks = checks }

    /// The check that `name` means; an id wins over a reason code, that over an alias.
    package func check(named name: String) -> (any Check.Type)? {
        let wanted = name.lowercased()
        return checks.first { $0.metadata.id.lowercased() == wanted }
            ?? checks.first { $0.metadata.codes.contains { $0.code.lowercased() == wanted } }
            ?? checks.first { $0.metadata.aliases.contains { $0.lowercased() == wanted } }
            // `Fstab` for `GUESTOS.Fstab`, as long as it means one only.
            ?? only { $0.metadata.id.lowercased().hasSuffix("." + wanted) }
    }

    /// The id of the check that `name` means.
    package func id(named name: String) -> String? { check(named: name)?.metadata.id }

    /// Up to three names that look like `name`, the nearest first.
    package func near(_ name: String) -> [String] {
        let wanted = Array(name.lowercased().utf8.prefix(64))
        let names = checks.flatMap { [$0.metadata.id] + $0.metadata.codes.map(\.code) + $0.metadata.aliases }
        var seen: Set<String> = []
        let scored = names.filter { seen.insert($0).inserted }.compactMap { candidate -> (String, Int)? in
            let text = candidate.lowercased()
            let last = text.split(separator: ".").last.map { Array($0.utf8) } ?? []
            let distance = min(
                CheckNames.distance(wanted, Array(text.utf8)), CheckNames.distance(wanted, last) + 1)
            // `GUESTOS.QemuGa` for `COMPLIANCE.QemuGa`: the right item of another family.
            if candidate != name, !last.isEmpty, last == wanted.split(separator: 0x2E).last.map(Array.init),
                checks.contains(where: { $0.metadata.id == candidate })
            {
                return (candidate, 0)
            }
            let isPart = wanted.count >= 3 && text.contains(name.lowercased())
            guard isPart || distance <= max(2, wanted.count / 4) else { return nil }
            return (candidate, isPart ? min(distance, 2) : distance)
        }
        return scored.sorted { $0.1 != $1.1 ? $0.1 < $1.1 : $0.0 < $1.0 }.prefix(3).map(\.0)
    }

    private func only(_ matches: (any Check.Type) -> Bool) -> (any Check.Type)? {
        let found = checks.filter(matches)
        return found.count == 1 ? found.first : nil
    }

    /// Letters to insert, delete or replace to get from `a` to `b` (Levenshtein).
    package static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, letter) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in b.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
