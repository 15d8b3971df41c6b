/// A package in the driver store (`System32\DriverStore\FileRepository`) that serves a device of a target on this
/// Windows. Being there is not being installed: Windows takes it when it meets the device while it runs.
package struct StagedDriverFacts: Sendable, Hashable, Codable {
    /// `C:\Windows\System32\DriverStore\FileRepository\viostor.inf_amd64_520417bbc533faba`
    package var path: String
    /// The INF file: `viostor.inf`.
    package var inf: String
    package var provider: String?
    /// `100.90.104.21500`
    package var version: String?
    /// What it serves here, as ``WindowsDeviceFacts/kind`` has it.
    package var kinds: [String] = []
    /// The services it would make.
    package var services: [String] = []
    /// The driver files it lacks or that are not right, in words; empty when all are good.
    package var defects: [String] = []
    /// Whether the catalog, which carries the signature, is there.
    package var hasCatalog: Answer = .unknown

    package init(path: String, inf: String) {
        self.path = path
        self.inf = inf
    }

    /// A finding's evidence.
    package var evidence: Evidence {
        let words = [provider, version, defects.isEmpty ? nil : defects.joined(separator: ", ")]
        let text = words.compactMap { $0 }.joined(separator: ", ")
        return Evidence(path: path + "\\" + inf, excerpt: text.isEmpty ? nil : text)
    }
}
