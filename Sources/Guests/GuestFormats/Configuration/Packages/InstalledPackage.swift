/// A package that a database of installed packages lists.
package struct InstalledPackage: Hashable, Sendable {
    /// Its name.
    package let name: String
    /// Its version as the package manager writes it: `1:9.2p1-2`, `8.7p1-38.el9`, `9.9_p2-r0`.
    package let version: String
    /// Its architecture; nil where the database does not say it here.
    package let architecture: String?

    /// A package.
    package init(name: String, version: String, architecture: String? = nil) {
        self.name = name
        self.version = version
        self.architecture = architecture
    }
}
