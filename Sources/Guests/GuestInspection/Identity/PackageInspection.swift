import ByteReading
import GuestFacts
import GuestFormats

/// Reads the database of installed packages: whose it is, the versions that checks ask about, and what an
/// interrupted update left.
struct PackageInspection {
    let reader: GuestReader

    /// What one database says.
    private struct Listing {
        /// Name and version; of several versions the last one read.
        var versions: [String: String] = [:]
        var broken: [Located<String>] = []
        var problems: [StructureFinding] = []

        /// Whether it lists the C library, as the database of the system itself does; tools of one family may be
        /// installed on another.
        var isMain: Bool {
            ["libc6", "glibc", "musl", "sys-libs/glibc", "sys-libs/musl"].contains { versions[$0] != nil }
        }
    }

    /// Fills in the manager, the versions and the problems. The family of names that come in two families follows
    /// the database.
    func inspect(_ identity: inout OSIdentity) {
        let isAmbiguous = DistributionFamily.isAmbiguous(id: identity.distribution)
        let usual: [OSIdentity.Family: OSIdentity.PackageManager] = [
            .debian: .dpkg, .rhel: .rpm, .suse: .rpm, .alpine: .apk, .arch: .pacman, .gentoo: .portage,
        ]
        var order: [OSIdentity.PackageManager] = [.dpkg, .rpm, .apk, .pacman, .portage]
        if !isAmbiguous, let own = usual[identity.family] {
            order = [own] + order.filter { $0 != own }
        }
        var second: (OSIdentity.PackageManager, Listing)?
        for manager in order {
            switch listing(manager) {
            case .absent: continue
            case .unreadable(let gap):
                if second != nil { continue }
                identity.packageManager = manager
                identity.packageGap = gap
                settleFamily(manager, isAmbiguous, &identity)
                return
            case .found(let listing) where listing.isMain:
                return take(listing, manager, isAmbiguous, &identity)
            case .found(let listing): if second == nil { second = (manager, listing) }
            }
        }
        if let (manager, listing) = second { take(listing, manager, isAmbiguous, &identity) }
    }

    private func take(
        _ listing: Listing, _ manager: OSIdentity.PackageManager, _ isAmbiguous: Bool,
        _ identity: inout OSIdentity
    ) {
        identity.packageManager = manager
        settleFamily(manager, isAmbiguous, &identity)
        identity.packages = PackageNames.versions(
            listing.versions, manager: manager, family: identity.family)
        identity.brokenPackages = listing.broken
        identity.packageProblems = listing.problems
    }

    /// The family of names that come in two, and of names that are not known, is that of the packages.
    private func settleFamily(
        _ manager: OSIdentity.PackageManager, _ isAmbiguous: Bool, _ identity: inout OSIdentity
    ) {
        guard isAmbiguous || identity.family == .other else { return }
        let families: [OSIdentity.PackageManager: OSIdentity.Family] = [
            .dpkg: .debian, .rpm: .rhel, .apk: .alpine, .pacman: .arch, .portage: .gentoo,
        ]
        identity.family = families[manager] ?? identity.family
    }

    private func listing(_ manager: OSIdentity.PackageManager) -> Reading<Listing> {
        switch manager {
        case .dpkg: dpkg()
        case .rpm: rpm()
        case .apk: apk()
        case .pacman: pacman()
        case .portage: portage()
        }
    }

    // MARK: dpkg

    private func dpkg() -> Reading<Listing> {
        let path = "/var/lib/dpkg/status"
        let status = large(path, limit: DpkgStatus.sizeLimit) { (bytes) throws(ImageFault) in
            try DpkgStatus(bytes, name: path)
        }
        switch status {
        case .unreadable(let gap): return .unreadable(gap)
        case .absent: return distroless()
        case .found(let status):
            var listing = Listing()
            for package in status.packages where package.isInstalled {
                listing.versions[package.name] = package.version
            }
            listing.broken = status.broken.map {
                Located(
                    "\($0.name): \($0.state)",
                    Evidence(path: path, line: $0.line, excerpt: "\($0.name) \($0.state)"))
            }
            applyJournal(to: &listing)
            guard !status.packages.isEmpty else { return .absent }
            return .found(listing)
        }
    }

    /// Images made of packages without dpkg have a file for each in `status.d`.
    private func distroless() -> Reading<Listing> {
        var listing = Listing()
        let directory = "/var/lib/dpkg/status.d"
        for name in (reader.names(in: directory).value ?? []).prefix(4096) where !name.hasSuffix(".md5sums") {
            let path = "\(directory)/\(name)"
            let status = reader.parse(path) { (bytes) throws(ImageFault) in
                try DpkgStatus(bytes, name: path)
            }
            guard let package = status.value?.packages.first else { continue }
            listing.versions[package.name] = package.version
        }
        return listing.versions.isEmpty ? .absent : .found(listing)
    }

    /// dpkg writes every change to a file of its own first, named by a number, and puts them into `status` when it
    /// ends: what is left there is newer, and says that dpkg did not end.
    private func applyJournal(to listing: inout Listing) {
        let directory = "/var/lib/dpkg/updates"
        let names = (reader.names(in: directory).value ?? []).filter { $0.allSatisfy(\.isNumber) }
        guard !names.isEmpty else { return }
        for name in names.prefix(4096) {
            let path = "\(directory)/\(name)"
            let status = reader.parse(path) { (bytes) throws(ImageFault) in
                try DpkgStatus(bytes, name: path)
            }
            for package in status.value?.packages ?? [] {
                listing.versions[package.name] = package.isInstalled ? package.version : nil
            }
        }
        listing.problems.append(
            StructureFinding(
                code: "PackageState.Interrupted",
                message: "dpkg did not finish: \(names.count) changes are not in its status file yet",
                evidence: Evidence(path: directory, excerpt: names.prefix(4).joined(separator: " "))))
    }

    // MARK: rpm

    private func rpm() -> Reading<Listing> {
        for directory in ["/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm"] {
            // rpm itself looks for the forms in this order.
            for backend in RPMDatabase.Backend.allCases {
                let path = "\(directory)/\(backend.rawValue)"
                switch reader.content(of: path) {
                case .absent: continue
                case .unreadable(let gap): return .unreadable(gap)
                case .found(let file):
                    if file.size == 0 { continue }
                    return rpm(file, backend, in: directory)
                }
            }
        }
        return .absent
    }

    private func rpm(
        _ file: ContentSource, _ backend: RPMDatabase.Backend, in directory: String
    ) -> Reading<Listing> {
        let path = "\(directory)/\(backend.rawValue)"
        var log: ContentSource?
        if backend == .sqlite {
            switch reader.content(of: path + "-wal") {
            case .unreadable(let gap): return .unreadable(gap)
            case .absent: break
            case .found(let found): log = found
            }
        }
        return reader.attempt(path) { () throws(ImageFault) in
            let packages = try RPMDatabase.packages(in: file, backend: backend, log: log)
            var listing = Listing()
            for package in packages { listing.versions[package.name] = package.version }
            listing.problems = duplicates(in: packages, path) + interruptions(in: directory, backend)
            return listing
        }
    }

    /// Packages of which rpm installs one version at a time: two are what an interrupted update leaves.
    private static let single: Set<String> = [
        "glibc", "glibc-common", "systemd", "systemd-libs", "systemd-udev", "dracut", "bash", "filesystem",
        "openssl-libs", "grub2-common", "openssh-server", "util-linux", "rpm", "rpm-libs", "coreutils",
    ]

    private func duplicates(in packages: [InstalledPackage], _ path: String) -> [StructureFinding] {
        var versions: [String: [String]] = [:]
        for package in packages where PackageInspection.single.contains(package.name) {
            versions["\(package.name).\(package.architecture ?? "")", default: []].append(package.version)
        }
        return versions.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.map { name, versions in
            let list = versions.sorted().joined(separator: ", ")
            return StructureFinding(
                code: "PackageState.Duplicate", message: "\(name) is installed twice: \(list)",
                evidence: Evidence(path: path, excerpt: "\(name) \(list)"))
        }
    }

    private func interruptions(
        in directory: String, _ backend: RPMDatabase.Backend
    ) -> [StructureFinding] {
        var found: [StructureFinding] = []
        let names = reader.names(in: "/var/lib/yum").value ?? []
        if let all = names.first(where: { $0.hasPrefix("transaction-all.") && !$0.hasSuffix(".disabled") }) {
            found.append(
                StructureFinding(
                    code: "PackageState.Interrupted", message: "yum did not finish a transaction",
                    evidence: Evidence(path: "/var/lib/yum/\(all)")))
        }
        let environment = (reader.names(in: directory).value ?? []).filter { $0.hasPrefix("__db.") }
        if backend == .berkeley, let first = environment.first {
            found.append(
                StructureFinding(
                    code: "PackageState.StaleLocks",
                    message: "the database still has the shared files of the running system",
                    evidence: Evidence(
                        path: "\(directory)/\(first)", excerpt: environment.joined(separator: " "))))
        }
        return found
    }

    // MARK: apk, pacman, portage

    private func apk() -> Reading<Listing> {
        for directory in ["/lib/apk/db", "/usr/lib/apk/db"] {
            let path = "\(directory)/installed"
            let database = large(path, limit: ApkDatabase.sizeLimit) { (bytes) throws(ImageFault) in
                try ApkDatabase(bytes, name: path)
            }
            switch database {
            case .absent: continue
            case .unreadable(let gap): return .unreadable(gap)
            case .found(let database):
                var listing = Listing()
                for package in database.packages { listing.versions[package.name] = package.version }
                listing.broken = database.broken.map {
                    Located(
                        "\($0.package.name): flag \($0.flags)",
                        Evidence(path: path, line: $0.line, excerpt: "P:\($0.package.name) f:\($0.flags)"))
                }
                if reader.exists(path + ".new") == .yes {
                    listing.problems.append(
                        StructureFinding(
                            code: "PackageState.Interrupted",
                            message: "apk did not finish writing its database",
                            evidence: Evidence(path: path + ".new")))
                }
                return .found(listing)
            }
        }
        return .absent
    }

    private func pacman() -> Reading<Listing> {
        let directory = "/var/lib/pacman/local"
        return reader.names(in: directory).map { names in
            var listing = Listing()
            for name in names {
                guard let package = PackageDirectory.pacman(name) else { continue }
                listing.versions[package.name] = package.version
                // pacman writes `desc` last.
                if reader.exists("\(directory)/\(name)/desc") == .no {
                    listing.broken.append(
                        Located(
                            "\(package.name): no description", Evidence(path: "\(directory)/\(name)/desc")))
                }
            }
            if reader.exists("/var/lib/pacman/db.lck") == .yes {
                listing.problems.append(
                    StructureFinding(
                        code: "PackageState.Interrupted",
                        message: "pacman was interrupted, and its lock keeps the next one from working",
                        evidence: Evidence(path: "/var/lib/pacman/db.lck")))
            }
            return listing
        }
    }

    private func portage() -> Reading<Listing> {
        let directory = "/var/db/pkg"
        return reader.names(in: directory).flatMap { categories in
            var listing = Listing()
            for category in categories.prefix(1024) {
                for name in reader.names(in: "\(directory)/\(category)").value ?? [] {
                    if name.hasPrefix("-MERGING-") {
                        listing.broken.append(
                            Located(
                                "\(category)/\(name.dropFirst(9)): merge not finished",
                                Evidence(path: "\(directory)/\(category)/\(name)")))
                    } else if let package = PackageDirectory.portage(name, category: category) {
                        listing.versions[package.name] = package.version
                    }
                }
            }
            return listing.versions.isEmpty ? .absent : .found(listing)
        }
    }

    /// Parses a file that may be larger than configuration is.
    private func large<Value: Sendable>(
        _ path: String, limit: Int, _ parser: (Bytes) throws(ImageFault) -> Value
    ) -> Reading<Value> {
        switch reader.file(path, limit: limit) {
        case .absent: .absent
        case .unreadable(let gap): .unreadable(gap)
        case .found(let bytes): reader.attempt(path) { () throws(ImageFault) in try parser(bytes) }
        }
    }
}
