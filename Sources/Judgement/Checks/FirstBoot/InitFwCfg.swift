import GuestFacts
import Targets

/// `INIT.FwCfg`
enum InitFwCfg: Check {
    static let metadata = CheckMetadata(
        id: "INIT.FwCfg", title: "QEMU's fw_cfg", link: .provisioning,
        summary: """
            Looks whether the kernel shows the items that QEMU hands over (CONFIG_FW_CFG_SYSFS), for systems that the \
            target sets passwords and keys of by that way.
            """,
        rationale: """
            The target puts a new password or key where the guest finds it below /sys/firmware/qemu_fw_cfg. Without \
            the driver nothing is found, and the password stays what it was.
            """,
        codes: [("FwCfg.Missing", "The kernel has no qemu_fw_cfg.")],
        references: [
            "kernel documentation: ABI/testing/sysfs-firmware-qemu_fw_cfg",
            "QEMU documentation: specs/fw_cfg",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        guard context.target.rules.firmwareConfiguration.contains(where: { $0.matches(linux.identity) })
        else {
            return .notApplicable("\(context.target.title) does not set this system up through fw_cfg")
        }
        let survey = context.boots(of: linux)
        // Without cloud-init nothing else sets the password.
        let isOnlyWay =
            context.target.rules.needsProvisioning && linux.cloudInit.program == nil
            && linux.cloudInit.gap == nil
        let consequence: Consequence = isOnlyWay ? .notReady : .none
        var findings: [Finding] = []
        var questions = survey.questions
        for way in survey.ways {
            guard let kernel = way.kernel else { continue }
            let scope = context.scope(way.launches)
            switch presence(in: kernel) {
            case .yes: break
            case .unknown:
                questions.append(
                    OpenQuestion(
                        "whether the kernel has qemu_fw_cfg is not known", consequence: consequence,
                        launches: scope))
            case .no:
                findings.append(
                    Finding(
                        "FwCfg.Missing", isOnlyWay ? .error : .warning,
                        "The kernel has no qemu_fw_cfg: passwords and keys that the platform sets do not arrive.",
                        evidence: [Evidence(path: kernel.path, excerpt: "CONFIG_FW_CFG_SYSFS is not set")],
                        fixes: [.installKernel(in: linux)], consequence: consequence, launches: scope))
            }
        }
        return .judged("The kernel has qemu_fw_cfg.", findings: findings, questions: questions)
    }

    /// In the kernel or as a module, wherever it lies: udev loads it when the device shows itself.
    private static func presence(in kernel: KernelFacts) -> Answer {
        if let option = kernel.configuration?["CONFIG_FW_CFG_SYSFS"], option == "y" || option == "m" {
            return .yes
        }
        switch kernel.drivers["qemu_fw_cfg"]?.state {
        case .builtin?, .initramfs?, .module?: return .yes
        case .absent?: return .no
        case .unknown?: return .unknown
        case nil: return kernel.configuration == nil ? .unknown : .no
        }
    }

    static var examples: [CheckExample] {
        func rocky(_ change: @escaping (inout ExampleFacts) -> Void) -> CheckContext {
            .example {
                $0.linux.identity.distribution = "rocky"
                $0.linux.identity.family = .rhel
                change(&$0)
            }
        }
        return [
            CheckExample(
                "CONFIG_FW_CFG_SYSFS=m", rocky { $0.kernel.configuration = ["CONFIG_FW_CFG_SYSFS": "m"] },
                .pass),
            CheckExample(
                "the module is there", rocky { $0.kernel.drivers["qemu_fw_cfg"] = DriverFacts(.module) },
                .pass),
            CheckExample(
                "a kernel without it", rocky { $0.kernel.drivers["qemu_fw_cfg"] = DriverFacts(.absent) },
                .fail,
                codes: ["FwCfg.Missing"]),
            CheckExample(
                "a kernel without it, and no cloud-init",
                rocky {
                    $0.kernel.drivers["qemu_fw_cfg"] = DriverFacts(.absent)
                    $0.linux.cloudInit.program = nil
                }, .fail, codes: ["FwCfg.Missing"]),
            CheckExample("the kernel's modules could not be read", rocky { _ in }, .unknown),
            CheckExample("Debian, which the target does not set up so", .example(), .notApplicable),
        ]
    }
}
