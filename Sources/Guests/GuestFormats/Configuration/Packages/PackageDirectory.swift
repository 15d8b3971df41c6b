/// Databases that are directories: the name of an entry already says name and version.
package enum PackageDirectory {
    /// An entry of pacman's `/var/lib/pacman/local`: `openssh-9.9p1-2` is `openssh`, version `9.9p1-2`
    /// (alpm-db(7)). Nil for anything else, such as `ALPM_DB_VERSION`.
    package static func pacman(_ name: String) -> InstalledPackage? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 3, let release = parts.last, release.first?.isNumber == true else { return nil }
        return InstalledPackage(
            name: parts.dropLast(2).joined(separator: "-"),
            version: parts.suffix(2).joined(separator: "-"))
    }

    /// An entry of a category of portage's `/var/db/pkg`: `openssh-9.9_p2-r1` (PMS, "Package names").
    package static func portage(_ name: String, category: String) -> InstalledPackage? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 2, let last = parts.last, !name.hasPrefix("-") else { return nil }
        let isRevision = last.first == "r" && last.count > 1 && last.dropFirst().allSatisfy(\.isNumber)
        let count = isRevision ? 2 : 1
        let version = parts.suffix(count)
        guard parts.count > count, version.first?.first?.isNumber == true else { return nil }
        return InstalledPackage(
            name: "\(category)/\(parts.dropLast(count).joined(separator: "-"))",
            version: version.joined(separator: "-"))
    }
}
