/// Which systems a list of models is for:
/// `NT[architecture][.[major][.[minor][.[product type][.[suite mask][.[build]]]]]]`
/// (Windows drivers, "Combining platform extensions with operating system versions").
package struct DriverTarget: Sendable, Hashable {
    /// What stands in the file, such as `NTamd64.6.1`; empty for models that are not decorated.
    package let text: String
    /// The processor; without one it is x86, because packages for others must name theirs.
    package let machine: PEImage.Machine
    private let major: Int
    private let minor: Int
    private let productType: Int?
    private let build: Int

    /// Models without a decoration.
    package static let plain = DriverTarget()

    private init() {
        text = ""
        (machine, major, minor, productType, build) = (.x86, 0, 0, nil, 0)
    }

    /// Reads a decoration; nil if it is none.
    package init?(_ text: String) {
        self.text = text
        let parts = text.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        switch parts[0] {
        case "nt", "ntx86": machine = .x86
        case "ntamd64": machine = .x64
        case "ntarm": machine = .arm
        case "ntarm64": machine = .arm64
        case "ntia64": machine = .other(0x0200)
        default: return nil
        }
        func number(_ index: Int) -> Int? {
            guard parts.count > index, !parts[index].isEmpty else { return nil }
            let digits = parts[index]
            return digits.hasPrefix("0x") ? Int(digits.dropFirst(2), radix: 16) : Int(digits)
        }
        major = number(1) ?? 0
        minor = number(2) ?? 0
        productType = number(3)
        build = number(5) ?? 0
    }

    /// Whether the models may be installed on `system`.
    package func fits(_ system: DriverSystem) -> Bool {
        guard machine == system.machine else { return false }
        guard (major, minor, build) <= (system.major, system.minor, build == 0 ? 0 : system.build) else {
            return false
        }
        guard let productType else { return true }
        return system.isServer ? productType == 2 || productType == 3 : productType == 1
    }

    /// Whether this is nearer to a system than another that fits it too: Windows takes the newest version, of
    /// equal ones that which names its kind of product, and any decorated list before a plain one.
    func isNearer(than other: DriverTarget) -> Bool { rank > other.rank }

    private var rank: (Int, Int, Int, Int, Int) {
        (major, minor, build, productType == nil ? 0 : 1, text.isEmpty ? 0 : 1)
    }
}
