package import ByteReading

/// A boot menu entry of the Boot Loader Specification, type 1: a file `loader/entries/NAME.conf`
/// (uapi-group.org/specifications/specs/boot_loader_specification).
package struct BootLoaderSpecificationEntry: Sendable {
    /// A line of the file.
    package struct Line: Hashable, Sendable {
        /// The key, such as `options`.
        package let key: String
        /// What follows it, without leading and trailing blanks.
        package let value: String
        /// Its number, from 1.
        package let number: Int
    }

    /// Every line that has a key and a value, in order.
    package let lines: [Line]
    /// The first line after which GRUB's `blscfg` reads nothing more: it takes a line without a value, an empty
    /// one included, for the end of the file.
    package let grubStopsAtLine: Int?
    /// Name of the file without `.conf` and without boot counters: the identifier of the entry.
    package let identifier: String
    /// Name of the file, with `.conf` and boot counters where it has them.
    package let fileName: String
    /// Starts left and starts done of an entry under assessment (`NAME+LEFT-DONE.conf`).
    package let bootCounters: (left: Int, done: Int)?

    /// Reads an entry; `fileName` is the name of its file, with or without `.conf`.
    package init(parsing bytes: Bytes, fileName: String) {
        var lines: [Line] = []
        var stop: Int?
        let text = bytes.array.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, raw) in text.enumerated() where index < 10_000 {
            let isLast = index == text.count - 1
            let line = raw.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            if line.first == UInt8(ascii: "#") { continue }
            let end = line.firstIndex { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } ?? line.endIndex
            var value = line[end...].drop { GrubNumber.isSpace($0) }
            while let last = value.last, GrubNumber.isSpace(last) { value = value.dropLast() }
            guard end < line.endIndex, !value.isEmpty else {
                if stop == nil, !(isLast && line.isEmpty) { stop = index + 1 }
                continue
            }
            lines.append(
                Line(
                    key: String(decoding: line[..<end], as: UTF8.self),
                    value: String(decoding: value, as: UTF8.self), number: index + 1))
        }
        self.lines = lines
        // A line without a value at the very end costs nothing.
        grubStopsAtLine = stop.flatMap { stop in lines.contains { $0.number > stop } ? stop : nil }
        self.fileName = fileName
        let name = fileName.lowercased().hasSuffix(".conf") ? String(fileName.dropLast(5)) : fileName
        (identifier, bootCounters) = Self.counters(name)
    }

    /// All values of a key, in order.
    package func values(_ key: String) -> [String] { lines.filter { $0.key == key }.map(\.value) }
    /// The first value of a key.
    package func value(_ key: String) -> String? { lines.first { $0.key == key }?.value }

    /// The last line with this key, which holds for systemd-boot; without the quotes it takes off.
    package func last(_ key: String) -> Line? {
        guard let line = lines.last(where: { $0.key == key }) else { return nil }
        guard line.value.utf8.count >= 2, line.value.hasPrefix("\""), line.value.hasSuffix("\"") else {
            return line
        }
        return Line(key: key, value: String(line.value.dropFirst().dropLast()), number: line.number)
    }

    /// `title`, else the identifier.
    package var title: String { value("title") ?? identifier }
    /// `version`.
    package var version: String? { value("version") }
    /// `machine-id`.
    package var machineIdentifier: String? { value("machine-id") }
    /// `sort-key`.
    package var sortKey: String? { value("sort-key") }
    /// `linux`: the kernel, a path on the partition the entry is on.
    package var linux: String? { value("linux") }
    /// `initrd`, which may be repeated.
    package var initrds: [String] { values("initrd") }
    /// `options`, all of them joined with a space.
    package var options: String { values("options").joined(separator: " ") }
    /// `efi`: an EFI program to start instead of a kernel.
    package var efi: String? { value("efi") }
    /// `uki`: a unified kernel image to start.
    package var unifiedKernelImage: String? { value("uki") }
    /// `devicetree`.
    package var deviceTree: String? { value("devicetree") }
    /// `architecture`.
    package var architecture: String? { value("architecture") }
    /// `grub_class`.
    package var grubClasses: [String] { values("grub_class") }

    /// The lines GRUB's `blscfg` reads.
    var linesForGrub: [Line] { grubStopsAtLine.map { stop in lines.filter { $0.number < stop } } ?? lines }

    /// Splits `NAME+LEFT-DONE` (systemd.io/AUTOMATIC_BOOT_ASSESSMENT).
    static func counters(_ name: String) -> (String, (left: Int, done: Int)?) {
        guard let plus = name.utf8.lastIndex(of: UInt8(ascii: "+")) else { return (name, nil) }
        let parts = name[name.utf8.index(after: plus)...].split(
            separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, let left = Int(parts[0]), left >= 0, parts[0].utf8.count < 10 else {
            return (name, nil)
        }
        var done = 0
        if parts.count == 2 {
            guard let number = Int(parts[1]), number >= 0 else { return (name, nil) }
            done = number
        }
        return (String(name[..<plus]), (left, done))
    }
}
