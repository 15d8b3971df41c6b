package import ByteReading

/// `75-persistent-net-generator.rules` (udev before 209): writes a rule for a NIC that has none, and gives it a
/// name that no rule has yet.
///
/// The file is walked as udev would for a virtio NIC, because each distribution leaves out other addresses: all
/// that is locally administered, those of KVM, Xen, VMware.
package struct PersistentNetGenerator: Sendable {
    private let file: UdevRuleFile

    /// Reads the generator's rules.
    package init(_ bytes: Bytes, name: String) throws(ImageFault) {
        file = try UdevRuleFile(bytes, name: name)
    }

    /// Addresses of NICs as KVM clouds hand them out: of Xen's range (Alibaba Cloud), QEMU's, OpenStack's.
    package static let addresses = ["00:16:3e:0a:1b:2c", "52:54:00:0a:1b:2c", "fa:16:3e:0a:1b:2c"]

    /// The name of a new virtio NIC beside `taken`, the names that rules already give to other cards; nil when it
    /// depends on the NIC's address.
    package func name(taken: [String]) -> String? {
        let named = Set(Self.addresses.map { writesRule(for: $0) ? Self.next(after: taken) : "eth0" })
        return named.count == 1 ? named.first : nil
    }

    /// `write_net_rules`: the kernel's name if no rule has it, else the number after the highest.
    static func next(after taken: [String]) -> String {
        guard taken.contains("eth0") else { return "eth0" }
        let numbers = taken.filter { $0.hasPrefix("eth") }.compactMap {
            AsciiText.number(String($0.dropFirst(3)))
        }
        let highest = numbers.max() ?? 0
        return "eth\(highest < 100_000 ? highest + 1 : highest)"
    }

    /// Whether the rules reach `write_net_rules` for a virtio NIC with this address.
    func writesRule(for address: String) -> Bool {
        let own: [String: [String]] = [
            "ACTION": ["add"], "SUBSYSTEM": ["net"], "KERNEL": ["eth0"], "NAME": [""],
            "SUBSYSTEMS": ["net", "virtio", "pci"], "DRIVERS": ["virtio_net", "virtio-pci"],
            "ATTR{address}": [address], "ATTR{type}": ["1"], "ATTR{ifindex}": ["2"], "ATTR{iflink}": ["2"],
            "ATTRS{address}": [address],
        ]
        var environment: [String: String] = [:]
        var awaited: String?
        for rule in file.rules.prefix(512) {
            if let label = rule.value("LABEL", "=") {
                if label == awaited { awaited = nil }
                if awaited != nil { continue }
            }
            guard awaited == nil, Self.holds(rule, own, environment) else { continue }
            for item in rule.items where item.operation == "=" {
                if item.key.hasPrefix("ENV{"), item.key.hasSuffix("}") {
                    environment[item.key] =
                        item.value == "$attr{address}" ? address : String(item.value.prefix(256))
                }
                if item.key.hasPrefix("IMPORT"), item.value.contains("write_net_rules") { return true }
                if item.key == "PROGRAM" || item.key == "RUN", item.value.contains("write_net_rules") {
                    return true
                }
            }
            if let target = rule.value("GOTO", "=") { awaited = target }
        }
        return false
    }

    private static func holds(
        _ rule: UdevRuleFile.Rule, _ own: [String: [String]], _ environment: [String: String]
    ) -> Bool {
        rule.items.allSatisfy { item in
            guard item.operation == "==" || item.operation == "!=" else { return true }
            let values: [String]
            if item.key.hasPrefix("ENV{") {
                values = [environment[item.key] ?? ""]
            } else if let known = own[item.key] {
                values = known
            } else {
                values = [""]
            }
            return values.contains { UdevRuleFile.matches(item.value, $0) } == (item.operation == "==")
        }
    }
}
