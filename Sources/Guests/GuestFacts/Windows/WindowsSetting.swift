/// A value of the registry that a policy can override: what is set here, and what the policy says.
package struct WindowsSetting: Sendable, Hashable, Codable {
    /// What the machine's own key says; nil when the value is absent.
    package var local: Located<UInt64>?
    /// What the policy says; nil when it says nothing.
    package var policy: Located<UInt64>?

    package init(local: Located<UInt64>? = nil, policy: Located<UInt64>? = nil) {
        self.local = local
        self.policy = policy
    }

    /// What counts: the policy, if it says anything.
    package var effective: Located<UInt64>? { policy ?? local }

    /// What counts, as a switch.
    package var isOn: Bool? { effective.map { $0.value != 0 } }
}
