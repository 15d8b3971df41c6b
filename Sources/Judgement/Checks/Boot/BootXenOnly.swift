import GuestFacts
import Targets

/// `BOOT.XenOnly`
enum BootXenOnly: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.XenOnly", title: "Kernel or loader for Xen only", link: .kernel,
        summary: """
            Looks whether the default entry starts a kernel that runs on Xen only, or Xen itself, and whether an image \
            without a boot loader of its own has a menu for PV-GRUB.
            """,
        rationale: """
            Paravirtual Xen guests have kernels that know no other hardware, and often no boot loader: the host reads \
            their menu.lst. Neither starts on KVM.
            """,
        codes: [
            ("XenOnly.Kernel", "The kernel of the default entry runs on Xen only."),
            ("XenOnly.PvGrub", "The image has a menu for PV-GRUB and nothing that firmware could start."),
            ("XenOnly.Hypervisor", "The default entry starts Xen, with the system as its first guest."),
        ],
        references: ["Xen project wiki: PvGrub", "kernel documentation: virt/paravirt_ops"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        if let menu = linux.boot.xenMenu {
            return .judged(findings: [
                Finding(
                    "XenOnly.PvGrub", .error,
                    "\(menu.path ?? "menu.lst") is read by PV-GRUB of a Xen host; nothing in the image starts by"
                        + " itself.",
                    evidence: [menu],
                    fixes: [.installKernel(in: linux), .installLoader(.bios, in: linux)],
                    consequence: .stopsBoot, link: .firmware)
            ])
        }
        let survey = context.boots(of: linux)
        var findings: [Finding] = []
        var questions = survey.questions
        for way in survey.ways {
            let scope = context.scope(way.launches)
            if let hypervisor = way.entry.hypervisor {
                findings.append(
                    Finding(
                        "XenOnly.Hypervisor", .warning,
                        "The default entry starts \(hypervisor), and the system as its first guest.",
                        evidence: [way.entry.source],
                        fixes: [
                            .byHand(
                                "Make an entry without Xen the default: grub-set-default with its title, or take the"
                                    + " hypervisor's package away")
                        ], launches: scope))
                continue
            }
            guard let kernel = way.kernel else { continue }
            switch isForXenOnly(kernel, linux) {
            case true?:
                findings.append(
                    Finding(
                        "XenOnly.Kernel", .error,
                        "\(kernel.path) (\(kernel.version ?? "unknown version")) runs on Xen only.",
                        evidence: way.entry.kernelEvidence.map { [$0] } ?? [Evidence(path: kernel.path)],
                        fixes: [.installKernel(in: linux)], consequence: .stopsBoot, launches: scope))
            case nil:
                questions.append(
                    OpenQuestion(
                        "whether \(kernel.path) runs without Xen is not known: its configuration is not to be had",
                        consequence: .stopsBoot, launches: scope))
            case false?: break
            }
        }
        return .judged(
            "The default entry starts a kernel that needs no Xen.", findings: findings, questions: questions)
    }

    /// Kernels before paravirt_ops were built for Xen or for real machines; later ones with `xen` in their name run on
    /// both, except SUSE's. The configuration tells them apart.
    private static func isForXenOnly(_ kernel: KernelFacts, _ linux: LinuxFacts) -> Bool? {
        if let options = kernel.configuration {
            if options["CONFIG_X86_XEN"] == "y" || options["CONFIG_X86_64_XEN"] == "y" { return true }
            return options["CONFIG_XEN"] == "y" && options["CONFIG_PARAVIRT"] != "y"
        }
        let name = (kernel.version ?? kernel.path).lowercased()
        if name.contains("xenu") || name.hasSuffix("el5xen") { return true }
        return name.contains("xen") ? nil : false
    }

    static var examples: [CheckExample] {
        [
            CheckExample("an ordinary kernel", .example(), .pass),
            CheckExample(
                "the kernel of CentOS 5 for Xen guests",
                .example { $0.kernel.version = "2.6.18-398.el5xen" }, .fail, codes: ["XenOnly.Kernel"]),
            CheckExample(
                "kernel-xen of SLES 11",
                .example {
                    $0.kernel.version = "3.0.101-63-xen"
                    $0.kernel.configuration = ["CONFIG_XEN": "y", "CONFIG_X86_64_XEN": "y"]
                }, .fail, codes: ["XenOnly.Kernel"]),
            CheckExample(
                "a kernel of Debian 6 with xen in its name runs on both",
                .example {
                    $0.kernel.version = "2.6.32-5-xen-amd64"
                    $0.kernel.configuration = ["CONFIG_XEN": "y", "CONFIG_PARAVIRT": "y"]
                }, .pass),
            CheckExample(
                "xen in the name, and no configuration",
                .example { $0.kernel.version = "3.0.101-63-xen" }, .unknown),
            CheckExample(
                "a menu for PV-GRUB and no boot code",
                .example {
                    $0.linux.boot.bios = BootPath(firmware: .bios, isPresent: .no)
                    $0.linux.boot.xenMenu = Evidence(path: "/boot/grub/menu.lst", line: 1)
                }, .fail, codes: ["XenOnly.PvGrub"]),
            CheckExample(
                "Xen is the default entry",
                .example { $0.entry.hypervisor = "/boot/xen-4.17-amd64.gz" }, .fail,
                codes: ["XenOnly.Hypervisor"]),
        ]
    }
}
