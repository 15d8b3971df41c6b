package import ByteReading

/// A database of installed rpm packages in one of the three forms rpm has had.
package enum RPMDatabase {
    /// The forms, with the file each lives in.
    package enum Backend: String, Sendable, Hashable, CaseIterable {
        /// SQLite: RHEL 9, Fedora 33 and later.
        case sqlite = "rpmdb.sqlite"
        /// rpm's own: SUSE since 15, openSUSE.
        case ndb = "Packages.db"
        /// Berkeley DB: everything before.
        case berkeley = "Packages"
    }

    /// More packages than any system has.
    static let packageLimit = 100_000
    /// More pages than such a database has, those of long headers not counted.
    static let pageLimit = 1 << 19
    /// More than the heads of the headers of so many packages take.
    private static let byteLimit = 1 << 30

    /// Every package of the database, in no order.
    ///
    /// - Parameter log: SQLite's write-ahead log (`rpmdb.sqlite-wal`), nil when there is none.
    package static func packages(
        in file: ContentSource, backend: Backend, log: ContentSource? = nil
    ) throws(ImageFault) -> [InstalledPackage] {
        var packages: [InstalledPackage] = []
        var budget = Budget(packageLimit, of: "rpm packages")
        var bytes = Budget(byteLimit, of: "bytes of rpm headers")
        func take(_ prefix: RPMHeaderPrefix) throws(ImageFault) {
            try budget.spend()
            let package = try InstalledPackage(rpmHeader: { (count) throws(ImageFault) in
                let head = try prefix(count)
                try bytes.spend(head.count)
                return head
            })
            packages.append(package)
        }
        switch backend {
        case .sqlite:
            let database = try SQLiteFile(file, log: log)
            guard let root = try database.rootPage(ofTable: "Packages") else {
                throw ImageFault(.corrupt, "the database has no table Packages")
            }
            try database.forEachBlob(root: root, take)
        case .ndb: try RPMPackageFile(file).forEachHeader(take)
        case .berkeley: try BerkeleyHash(file).forEachValue(take)
        }
        // rpm keeps the keys of vendors among the packages.
        return packages.filter { $0.name != "gpg-pubkey" }
    }
}
