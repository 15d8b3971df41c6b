import ByteReading
import GuestFacts
import GuestFormats

/// What is bound to the hardware address of the source machine besides udev's rules.
extension NetworkInspection {
    func findNameBindings() {
        for file in reader.mergedFiles(
            in: Array(NetworkInspection.networkDirectories.prefix(2)), suffix: ".link")
        {
            guard let unit = unit(file) else { continue }
            for entry in unit.values("Match", "MACAddress") + unit.values("Match", "PermanentMACAddress") {
                bind("link", "A link file names an interface by \(entry.value).", entry.source)
            }
        }
        for path in ["/etc/iftab", "/etc/mactab"] {
            guard let bytes = reader.file(path).value, let text = try? ConfigurationText(bytes, name: path)
            else {
                continue
            }
            for line in text.lines {
                let words = line.text.split(whereSeparator: \.isWhitespace)
                guard let first = words.first, !first.hasPrefix("#"),
                    words.contains(where: { $0.count == 17 })
                else { continue }
                bind("table", "A table names an interface by its hardware address.", text.source(line))
            }
        }
        for entry in ifcfgs {
            guard let address = entry.file.hardwareAddress else { continue }
            bind("hwaddr", "HWADDR=\(address.address) is of another card.", address.source)
        }
        for file in reader.glob("/etc/sysconfig/network/ifcfg-eth-*") {
            bind(
                "suse", "The file is for a card by its address or slot.",
                SourceLine(file: file, line: 1, excerpt: ""))
        }
    }

    private func bind(_ code: String, _ message: String, _ source: SourceLine) {
        guard facts.nameBindings.count < 64 else { return }
        facts.nameBindings.append(StructureFinding(code: code, message: message, evidence: Evidence(source)))
    }
}
