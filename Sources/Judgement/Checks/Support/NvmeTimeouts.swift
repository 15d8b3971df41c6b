import GuestFacts
import Targets

/// Whether the time-outs of NVMe are what a target asks for, where the driver takes them from.
///
/// - Since 4.6 they belong to `nvme_core`, before to `nvme` (commit "nvme: split pci module out of core module");
///   distributions with older numbers have the newer driver too, so what counts is whether there is an nvme_core.
/// - Until 4.15 they were a byte: the kernel refuses a larger value and stays with 30 seconds. Red Hat 7 has taken the
///   wider type over.
/// - A module takes options from modprobe.d of the place it is loaded from; what is in the kernel has the command line
///   only. Options of modprobe.d and then the command line are handed to the module in this order; the last one holds.
struct NvmeTimeouts {
    let kernel: KernelFacts
    let commandLine: CommandLineFacts
    let target: Target

    private static let longest = 4_294_967_295

    private var version: KernelVersion? { KernelVersion(kernel.version ?? "") }

    private var module: String {
        switch kernel.drivers["nvme_core"]?.state {
        case .absent?: "nvme"
        case .builtin?, .initramfs?, .module?: "nvme_core"
        case .unknown?, nil: version.map { $0 < KernelVersion(4, 6) } ?? false ? "nvme" : "nvme_core"
        }
    }

    /// The largest value that the kernel takes.
    private var limit: Int {
        guard let version, version < KernelVersion(4, 15) else { return NvmeTimeouts.longest }
        return isBackport ? NvmeTimeouts.longest : 255
    }

    private var isBackport: Bool { kernel.version?.contains(".el7") ?? false && module == "nvme_core" }

    /// What the parameters have to be, by name.
    private var wanted: [(name: String, value: Int)] {
        if let seconds = target.rules.nvmeTimeoutSeconds { return [("io_timeout", min(seconds, limit))] }
        return [("io_timeout", limit), ("admin_timeout", limit)]
    }

    /// The value that the driver will see; nil for the usual one.
    private func value(_ name: String) -> Int? {
        if let text = commandLine.last("\(module).\(name)") { return accepted(text) }
        guard let driver = kernel.drivers[module], driver.state != .builtin else { return nil }
        let words = driver.options.flatMap { $0.value.split(separator: " ") }
        return words.last { $0.hasPrefix("\(name)=") }.flatMap {
            accepted(String($0.dropFirst(name.count + 1)))
        }
    }

    private func accepted(_ text: String) -> Int? {
        Int(text).flatMap { (1...limit).contains($0) ? $0 : nil }
    }

    /// What is wrong; nil when the time-outs are long enough.
    func finding(_ linux: LinuxFacts, _ scope: [Launch]?) -> Finding? {
        // Before the longer type came, the longest is what the kernel takes: a value between is no less a choice.
        let missing = wanted.filter { parameter in
            guard let value = value(parameter.name) else { return true }
            return isBackport ? value < 255 : value < parameter.value
        }
        guard !missing.isEmpty else { return nil }
        let parameters = missing.map { "\(module).\($0.name)=\($0.value)" }
        let refused = missing.compactMap { parameter in
            commandLine.last("\(module).\(parameter.name)").flatMap { Int($0) }.flatMap {
                $0 > limit ? $0 : nil
            }
        }
        let reason =
            refused.isEmpty
            ? "The kernel command line does not set \(parameters.joined(separator: " "))"
            : "This kernel takes no time-out above \(limit) and keeps its own instead of \(refused[0])"
        return Finding(
            "Nvme.TimeoutMissing", .warning,
            "\(reason): a stall of the storage of more than 30 seconds becomes an I/O error.",
            evidence: [commandLine.evidence],
            fixes: [
                .commandLine(
                    removing: missing.filter { commandLine.last("\(module).\($0.name)") != nil }.map {
                        "\(module).\($0.name)=\(commandLine.last("\(module).\($0.name)") ?? "")"
                    }, adding: parameters, "Raise the time-outs of NVMe", in: linux)
            ], launches: scope, link: .operation)
    }
}
