import CHost

/// What a process that is about to parse an untrusted image gives up first.
public struct Confinement: Sendable, Hashable {
    /// The most memory it may allocate, in MiB.
    public var memoryMiB: Int
    /// The most processor time it may use, in seconds: the backstop of the time limit that its parent keeps.
    public var processorSeconds: Int

    /// A confinement; both limits are at least 1.
    public init(memoryMiB: Int, processorSeconds: Int) {
        self.memoryMiB = max(1, memoryMiB)
        self.processorSeconds = max(1, processorSeconds)
    }

    /// Takes effect for the rest of this process' life: no new privileges, no core dump, no file written,
    /// created, removed or executed, no TCP, memory and processor time limited. Reading stays free.
    ///
    /// Returns what this kernel could not do, for a note; the limits alone never fail on Linux.
    public func apply() -> [String] {
        let (bytes, overflow) = UInt64(memoryMiB).multipliedReportingOverflow(by: 1 << 20)
        let steps: [(String, Int32)] = [
            ("no new privileges", chost_no_new_privileges()),
            ("no core dumps", chost_limit_core(0)),
            ("no growing files", chost_limit_file_size(0)),
            ("processor time", chost_limit_cpu(UInt64(processorSeconds))),
            ("no changes to files (Landlock)", chost_forbid_changes()),
            // Data, not address space: the Swift runtime reserves far more addresses than it uses.
            ("memory", overflow ? 0 : chost_limit_data(bytes)),
        ]
        return steps.filter { $0.1 != 0 }.map { "\($0.0): error \($0.1)" }
    }
}
