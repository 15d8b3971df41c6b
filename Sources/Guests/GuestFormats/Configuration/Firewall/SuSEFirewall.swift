package import ByteReading

/// `/etc/sysconfig/SuSEfirewall2` of SUSE up to 12, as far as it decides whether a TCP port is open from outside.
package struct SuSEFirewall: Sendable {
    /// What becomes of a new connection.
    package let answer: PacketFilter.Answer

    /// Reads the file.
    ///
    /// An interface that is in no zone belongs to the one `FW_ZONE_DEFAULT` names, `ext` when it names none. What
    /// `FW_CONFIGURATIONS_EXT` names are files with ports of their own; `sshd` opens 22.
    package init(
        _ bytes: Bytes, name: String = "/etc/sysconfig/SuSEfirewall2", port: Int = 22
    ) throws(ImageFault) {
        let values = try ShellAssignments(bytes, name: name)
        func words(_ key: String) -> [String] { AsciiText.words(values.value(key) ?? "") }
        var accepts = Ternary.no
        var source = values["FW_SERVICES_EXT_TCP"]?.source
        let list = words("FW_SERVICES_EXT_TCP").joined(separator: ",")
        if !list.isEmpty { accepts = IptablesRules.ports(list, contain: port) }
        if accepts != .yes, words("FW_CONFIGURATIONS_EXT").contains("sshd") {
            accepts = port == 22 ? .yes : .unknown
            source = values["FW_CONFIGURATIONS_EXT"]?.source
        }
        if accepts == .no, !words("FW_SERVICES_ACCEPT_EXT").isEmpty || !words("FW_TRUSTED_NETS").isEmpty {
            accepts = .unknown
            source = (values["FW_SERVICES_ACCEPT_EXT"] ?? values["FW_TRUSTED_NETS"])?.source ?? source
        }
        // The NIC may be called as one of the inner zones' was.
        let inner = words("FW_DEV_INT") + words("FW_DEV_DMZ")
        if accepts == .no, !inner.isEmpty || ["int", "dmz"].contains(values.value("FW_ZONE_DEFAULT") ?? "") {
            accepts = .unknown
        }
        if accepts == .yes, values.value("FW_ZONE_DEFAULT") == "no", !words("FW_DEV_EXT").contains("any") {
            accepts = .unknown
            source = values["FW_ZONE_DEFAULT"]?.source
        }
        answer = PacketFilter.Answer(accepts: accepts, source: source)
    }
}
