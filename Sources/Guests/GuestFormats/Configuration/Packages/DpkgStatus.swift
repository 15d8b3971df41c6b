package import ByteReading

/// `/var/lib/dpkg/status`: what is installed on a Debian system.
///
/// Some megabytes on a real system: read in one pass over the bytes, keeping four fields of each package.
package struct DpkgStatus: Sendable {
    /// One package.
    package struct Package: Hashable, Sendable {
        /// Its name.
        package let name: String
        /// Its version; empty when the package was never unpacked.
        package let version: String
        /// Its architecture.
        package let architecture: String
        /// The third word of `Status`: `installed`, `config-files`, `half-configured` …
        package let state: String
        /// The second word: `ok`, or `reinstreq`.
        package let flag: String
        /// The line of `Package:`.
        package let line: Int

        /// Whether its files are there.
        package var isInstalled: Bool { state == "installed" || isPending }
        /// Whether dpkg left it half done.
        package var isBroken: Bool {
            ["half-installed", "half-configured", "unpacked"].contains(state) || flag == "reinstreq"
        }
        /// Whether only triggers are missing, which is mostly harmless.
        package var isPending: Bool { state == "triggers-pending" || state == "triggers-awaited" }
    }

    /// The packages in order.
    package let packages: [Package]
    private let index: [String: Int]

    /// The largest status file that is read.
    package static let sizeLimit = 64 << 20

    /// Reads the file.
    package init(_ bytes: Bytes, name: String = "/var/lib/dpkg/status") throws(ImageFault) {
        guard bytes.count <= Self.sizeLimit else {
            throw ImageFault(.limit, "\(bytes.count) bytes are too many for a package list").inLayer(name)
        }
        var packages: [Package] = []
        var index: [String: Int] = [:]
        let array = bytes.array
        var fields = Fields()
        var line = 0
        var start = 0
        func finish() {
            if let package = fields.package {
                if index[package.name] == nil || package.state == "installed" {
                    index[package.name] = packages.count
                }
                packages.append(package)
            }
            fields = Fields()
        }
        while start < array.count {
            let end = array[start...].firstIndex(of: 0x0A) ?? array.count
            line += 1
            if end == start {
                finish()
            } else {
                switch array[start] {
                case 0x50 where fields.name.isEmpty:
                    fields.name = Self.value("Package:", array[start..<end])
                    fields.line = line
                case 0x53 where fields.status.isEmpty:
                    fields.status = Self.value("Status:", array[start..<end])
                case 0x56 where fields.version.isEmpty:
                    fields.version = Self.value("Version:", array[start..<end])
                case 0x41 where fields.architecture.isEmpty:
                    fields.architecture = Self.value("Architecture:", array[start..<end])
                default: break
                }
            }
            start = end + 1
        }
        finish()
        self.packages = packages
        self.index = index
    }

    private struct Fields {
        var name: ArraySlice<UInt8> = []
        var status: ArraySlice<UInt8> = []
        var version: ArraySlice<UInt8> = []
        var architecture: ArraySlice<UInt8> = []
        var line = 0

        var package: Package? {
            guard !name.isEmpty else { return nil }
            let words = AsciiText.words(status).map(AsciiText.string)
            return Package(
                name: AsciiText.string(name), version: AsciiText.string(version),
                architecture: AsciiText.string(architecture), state: words.count > 2 ? words[2] : "",
                flag: words.count > 1 ? words[1] : "", line: line)
        }
    }

    private static func value(_ field: StaticString, _ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let name = field.description.utf8
        guard line.count > name.count, line.starts(with: name) else { return [] }
        return AsciiText.trimmed(line.dropFirst(name.count))
    }

    /// The package of this name, installed if several architectures have it.
    package subscript(name: String) -> Package? { index[name].map { packages[$0] } }

    /// The version of an installed package.
    package func installedVersion(_ name: String) -> String? {
        self[name].flatMap { $0.isInstalled ? $0.version : nil }
    }

    /// Packages that dpkg left half done.
    package var broken: [Package] { packages.filter(\.isBroken) }
}

/// Debian version numbers (deb-version(7)).
package struct DebianVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The text.
    package let text: String
    private let epoch: Int
    private let upstream: [UInt8]
    private let revision: [UInt8]

    /// Splits `[epoch:]upstream[-revision]`.
    package init(_ text: String) {
        self.text = text
        var rest = Array(text.utf8)[...]
        if let (left, right) = AsciiText.split(rest, at: 0x3A),
            let epoch = AsciiText.number(AsciiText.string(left))
        {
            self.epoch = epoch
            rest = right
        } else {
            epoch = 0
        }
        if let dash = rest.lastIndex(of: 0x2D) {
            upstream = Array(rest[..<dash])
            revision = Array(rest[(dash + 1)...])
        } else {
            upstream = Array(rest)
            revision = []
        }
    }

    /// The text.
    package var description: String { text }

    /// Orders as dpkg does.
    package static func < (a: DebianVersion, b: DebianVersion) -> Bool { order(a, b) < 0 }

    /// Equal as dpkg sees it: `1.0` and `1.0-0`.
    package static func == (a: DebianVersion, b: DebianVersion) -> Bool { order(a, b) == 0 }

    /// Hashes what equal versions share.
    package func hash(into hasher: inout Hasher) { hasher.combine(epoch) }

    private static func order(_ a: DebianVersion, _ b: DebianVersion) -> Int {
        if a.epoch != b.epoch { return a.epoch < b.epoch ? -1 : 1 }
        let upstream = compare(a.upstream, b.upstream)
        return upstream != 0 ? upstream : compare(a.revision, b.revision)
    }

    private static func weight(_ bytes: [UInt8], _ index: Int) -> Int {
        guard index < bytes.count, !AsciiText.isDigit(bytes[index]) else { return 0 }
        if bytes[index] == 0x7E { return -1 }
        return AsciiText.isAlphanumeric(bytes[index]) ? Int(bytes[index]) : Int(bytes[index]) + 256
    }

    /// `verrevcmp` of dpkg: runs that are no digits by character, `~` before the end, letters before the rest;
    /// runs of digits as numbers.
    private static func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var i = 0
        var j = 0
        while i < a.count || j < b.count {
            while (i < a.count && !AsciiText.isDigit(a[i])) || (j < b.count && !AsciiText.isDigit(b[j])) {
                let left = weight(a, i)
                let right = weight(b, j)
                if left != right { return left - right }
                i += 1
                j += 1
            }
            while i < a.count, a[i] == 0x30 { i += 1 }
            while j < b.count, b[j] == 0x30 { j += 1 }
            var difference = 0
            while i < a.count, j < b.count, AsciiText.isDigit(a[i]), AsciiText.isDigit(b[j]) {
                if difference == 0 { difference = Int(a[i]) - Int(b[j]) }
                i += 1
                j += 1
            }
            if i < a.count, AsciiText.isDigit(a[i]) { return 1 }
            if j < b.count, AsciiText.isDigit(b[j]) { return -1 }
            if difference != 0 { return difference }
        }
        return 0
    }
}
