package import ByteReading

/// `70-persistent-net.rules` and others in udev's rule syntax, as far as they name network interfaces.
package struct PersistentNetRules: Sendable {
    /// A rule that gives a NIC a name.
    package struct Rule: Sendable {
        /// The name it gives.
        package let name: String
        /// The MAC address it is for, in lower case; nil when it goes by something else.
        package let address: String?
        /// The driver it is for, if it says.
        package let driver: String?
        /// The kernel's name it is for, a pattern.
        package let kernel: String?
        /// Conditions that only the running machine can answer (a slot, a program).
        package let isConditional: Bool
        /// Where it stands.
        package let source: SourceLine

        /// Whether it names a NIC that the image has never seen and that the kernel calls `kernelName`.
        package func applies(driver: String, kernelName: String) -> Ternary {
            if let kernel, !UdevRuleFile.matches(kernel, kernelName) { return .no }
            if let own = self.driver, !UdevRuleFile.matches(own, driver) { return .no }
            // An address of a pattern that holds for every address is no address.
            if let address, !address.allSatisfy({ "*?:".contains($0) }) { return .no }
            return isConditional ? .unknown : .yes
        }
    }

    /// The rules in order.
    package let rules: [Rule]

    /// Reads a rules file.
    package init(_ bytes: Bytes, name: String) throws(ImageFault) {
        rules = try UdevRuleFile(bytes, name: name).rules.compactMap(Self.rule)
    }

    private static func rule(_ rule: UdevRuleFile.Rule) -> Rule? {
        var name: String?
        var address: String?
        var driver: String?
        var kernel: String?
        var isConditional = false
        var isForNetwork = true
        for item in rule.items {
            switch (item.key, item.operation) {
            case ("NAME", "="), ("NAME", ":="): name = item.value
            case ("ATTR{address}", "=="), ("ATTRS{address}", "=="), ("SYSFS{address}", "=="):
                address = InterfaceMatch.normalized(item.value)
            case ("DRIVERS", "=="), ("ENV{ID_NET_DRIVER}", "=="):
                driver = item.value == "?*" ? nil : item.value
            case ("KERNEL", "=="): kernel = item.value
            case ("SUBSYSTEM", "=="): isForNetwork = UdevRuleFile.matches(item.value, "net")
            case ("ACTION", "=="), ("ATTR{type}", "=="), ("ATTR{dev_id}", "=="), ("ATTR{dev_port}", "=="):
                break
            default: isConditional = isConditional || ["==", "!="].contains(item.operation)
            }
        }
        guard isForNetwork, let name, !name.isEmpty, !name.contains("%"), !name.contains("$") else {
            return nil
        }
        return Rule(
            name: name, address: address, driver: driver, kernel: kernel, isConditional: isConditional,
            source: rule.source)
    }
}
