import GuestFacts
import Targets

/// What a target thinks of the names of network interfaces.
enum InterfaceNaming {
    static let code = (
        code: "PersistentNames.BySlot", meaning: "Interfaces are named by slot, and the target advises eth0."
    )

    /// Advice for a guest whose interfaces are not called `eth0`, at a target that wants them to be; nil otherwise.
    static func advice(_ context: CheckContext, _ linux: LinuxFacts) -> Finding? {
        guard context.target.rules.kernelInterfaceNames, linux.network.naming.value == .predictable else {
            return nil
        }
        return Finding(
            code.code, .info,
            "Interfaces get names by their slot (ens5, enp0s3); \(context.target.title) advises eth0.",
            evidence: [linux.network.naming.evidence],
            fixes: [
                .commandLine(
                    adding: ["net.ifnames=0"], "Keep the name eth0, together with a configuration for it",
                    in: linux)
            ])
    }
}
