/// A rule of the Windows Firewall as the registry keeps it: `v2.30|Action=Allow|Active=TRUE|Dir=In|…|`
/// ([MS-GPFAS] 2.2.2.19).
package struct FirewallRule: Sendable, Hashable {
    package enum Action: Sendable, Hashable {
        case allow, block
        /// `ByPass`: allows whoever has authenticated, over any block rule.
        case bypass
    }

    package enum Direction: Sendable, Hashable {
        case inbound, outbound
    }

    /// Local ports.
    package enum Ports: Sendable, Hashable {
        case all
        /// Ports and ranges; keywords such as `RPC` name none of them.
        case some([ClosedRange<UInt16>])
    }

    /// `2.30`
    package var version: String
    package var action: Action
    package var direction: Direction?
    package var isActive = false
    /// 6 for TCP; nil for all.
    package var protocolNumber: UInt8?
    package var ports = Ports.all
    /// `Domain`, `Private`, `Public` in small letters; empty for all.
    package var profiles: [String] = []
    package var program: String?
    package var service: String?
    /// `RA4`, `RA6`; empty for everybody.
    package var remoteAddresses: [String] = []
    /// Fields that narrow the rule in another way: `IF`, `IFType`, `LA4`, `RPort`, `Security`, `RMAuth`, `Platform`.
    package var conditions: [String] = []
    /// `Name`: a text, or the number of one (`@FirewallAPI.dll,-28775`).
    package var name: String?
    /// `EmbedCtxt`: the group.
    package var group: String?

    /// Fields that say nothing of which connections are meant.
    private static let remarks: Set = [
        "desc", "edge", "defer", "lsm", "ttk", "ttk2_22", "ttk2_27", "ttk2_28",
    ]

    /// Reads a rule; nil when it is none: no version, an action that is unknown, or a number out of range.
    package init?(_ text: String) {
        var fields = text.utf8.split(separator: UInt8(ascii: "|"), maxSplits: 512).map {
            String(Substring($0))
        }
        guard let head = fields.first, head.hasPrefix("v") || head.hasPrefix("V") else { return nil }
        version = String(head.dropFirst())
        guard version.utf8.first.map({ $0 >= 0x30 && $0 <= 0x39 }) ?? false else { return nil }
        fields.removeFirst()
        // A rule without an action would allow nothing that can be told.
        var action: Action?
        var ranges: [ClosedRange<UInt16>]?
        var rule = Parts()
        for field in fields {
            let pair = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { continue }
            let value = String(pair[1])
            switch pair[0].lowercased() {
            case "action":
                switch value.lowercased() {
                case "allow": action = .allow
                case "block": action = .block
                case "bypass": action = .bypass
                default: return nil
                }
            case "dir": rule.direction = value.lowercased() == "in" ? .inbound : .outbound
            case "active": rule.isActive = value.lowercased() == "true"
            case "protocol":
                // 256 stands for all in the structures this text is made from.
                if value == "256" { continue }
                guard let number = UInt8(value) else { return nil }
                rule.protocolNumber = number
            // Later versions of the grammar put their new keywords into fields of their own: `LPort2_20`.
            case let key where key.hasPrefix("lport"):
                ranges = (ranges ?? []) + FirewallRule.ranges(value)
            case "profile": rule.profiles.append(value.lowercased())
            case "app": rule.program = value
            case "svc": rule.service = value
            case "ra4", "ra6", "ra42", "ra62": rule.remoteAddresses.append(value)
            case "name": rule.name = value
            case "embedctxt": rule.group = value
            case let key where FirewallRule.remarks.contains(key): continue
            default: rule.conditions.append(String(pair[0]))
            }
        }
        guard let action else { return nil }
        self.action = action
        direction = rule.direction
        isActive = rule.isActive
        protocolNumber = rule.protocolNumber
        ports = ranges.map(Ports.some) ?? .all
        profiles = rule.profiles
        program = rule.program
        service = rule.service
        remoteAddresses = rule.remoteAddresses
        conditions = rule.conditions
        name = rule.name
        group = rule.group
    }

    /// What is collected before it is known to be a rule.
    private struct Parts {
        var direction: Direction?
        var isActive = false
        var protocolNumber: UInt8?
        var profiles: [String] = []
        var program: String?
        var service: String?
        var remoteAddresses: [String] = []
        var conditions: [String] = []
        var name: String?
        var group: String?
    }

    /// `3389`, `5000-5010`, also in a list; a keyword gives none.
    private static func ranges(_ text: String) -> [ClosedRange<UInt16>] {
        text.split(separator: ",").compactMap { part in
            let ends = part.split(separator: "-", maxSplits: 1).map { UInt16($0) }
            guard let first = ends.first.flatMap({ $0 }) else { return nil }
            guard ends.count == 2 else { return first...first }
            guard let last = ends[1], first <= last else { return nil }
            return first...last
        }
    }
}
