package import ByteReading

/// `/lib/apk/db/installed`, `/usr/lib/apk/db/installed` since apk 3 (apk-package(5)): stanzas of `P:name`, `V:version`, one letter a field.
package struct ApkDatabase: Sendable {
    /// The packages in order.
    package let packages: [InstalledPackage]
    /// Packages with the flag of something that went wrong (`f:`): `f` files, `s` script, `x` attributes.
    package let broken: [(package: InstalledPackage, flags: String, line: Int)]

    /// The largest database that is read.
    package static let sizeLimit = 64 << 20

    /// Reads the file in one pass, keeping four fields of each package.
    package init(_ bytes: Bytes, name: String = "/lib/apk/db/installed") throws(ImageFault) {
        guard bytes.count <= Self.sizeLimit else {
            throw ImageFault(.limit, "\(bytes.count) bytes are too many for a package list").inLayer(name)
        }
        var packages: [InstalledPackage] = []
        var broken: [(package: InstalledPackage, flags: String, line: Int)] = []
        var fields: [UInt8: ArraySlice<UInt8>] = [:]
        var first = 0
        func finish() {
            if let name = fields[0x50], let version = fields[0x56] {
                let package = InstalledPackage(
                    name: AsciiText.string(name), version: AsciiText.string(version),
                    architecture: fields[0x41].map(AsciiText.string))
                packages.append(package)
                // `f:` lists letters; `S` only says that the package's own checksum was not kept.
                let flags = AsciiText.string(fields[0x66] ?? []).filter { "fsx".contains($0) }
                if !flags.isEmpty { broken.append((package, flags, first)) }
            }
            fields = [:]
        }
        let array = bytes.array
        var line = 0
        var start = 0
        while start < array.count {
            let end = array[start...].firstIndex(of: 0x0A) ?? array.count
            line += 1
            if end == start {
                finish()
            } else if end - start > 2, array[start + 1] == 0x3A,
                [0x50, 0x56, 0x41, 0x66].contains(array[start]), fields[array[start]] == nil
            {
                if fields.isEmpty { first = line }
                fields[array[start]] = array[(start + 2)..<end]
            }
            start = end + 1
        }
        finish()
        self.packages = packages
        self.broken = broken
    }
}
