/// Values that keep Windows from installing drivers for devices it meets for the first time.
package struct DeviceInstallationFacts: Sendable, Hashable, Codable {
    /// `DeviceInstallDisabled` of `Services\DeviceInstall\Parameters` and `Services\PlugPlay\Parameters`, where it
    /// is not 0.
    package var disabled: [Located<Int>] = []
    /// Policies under `DeviceInstall\Restrictions` that deny something.
    package var restrictions: [Located<String>] = []
    /// What could not be read.
    package var gap: Gap?

    package init() {}
}
