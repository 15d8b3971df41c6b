import GuestFacts
import Targets

/// `BOOT.SecureBoot`
enum BootSecureBoot: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.SecureBoot", title: "Secure Boot", link: .firmware,
        summary: """
            Looks whether each EFI program on the way to the kernel, and the kernel, carries a signature. Judged only \
            where the target's instances verify them.
            """,
        rationale: """
            With Secure Boot on, firmware refuses a program without a signature, and shim and GRUB refuse such a \
            kernel. Keys that were enrolled on the source machine are in its own memory and do not come along.
            """,
        codes: [
            ("SecureBoot.LoaderUnsigned", "A program that firmware or shim starts has no signature."),
            ("SecureBoot.KernelUnsigned", "The kernel has no signature."),
        ],
        references: [
            "UEFI specification 2.10, 32.5 Code definitions", "PE Format, The attribute certificate table",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        guard context.target.rules.secureBoot == true else {
            return .notApplicable("\(context.target.title) does not ask for Secure Boot")
        }
        let launches = context.launches.filter { $0.firmware == .uefi }
        guard !launches.isEmpty else { return .notApplicable("no launch that is judged starts by UEFI") }
        let path = linux.boot.uefi
        guard !path.programs.isEmpty else {
            return .judged(
                questions: [
                    OpenQuestion(
                        "which programs would be verified is not known", launches: context.scope(launches))
                ])
        }
        let findings = path.programs.filter { !$0.isSigned }.map { program in
            let isKernel = program.role == "kernel"
            return Finding(
                isKernel ? "SecureBoot.KernelUnsigned" : "SecureBoot.LoaderUnsigned", .warning,
                "\(program.path) has no signature, so it is not started where Secure Boot is on.",
                evidence: [Evidence(path: program.path, excerpt: "no certificate table")],
                fixes: [fix(isKernel, linux)], launches: context.scope(launches),
                link: isKernel ? .kernel : .firmware)
        }
        return .judged(
            value: findings.isEmpty ? "Signed" : "Unsigned",
            "Everything on the way to the kernel carries a signature; whose, was not looked at.",
            findings: findings)
    }

    private static func fix(_ isKernel: Bool, _ linux: LinuxFacts) -> Fix {
        if isKernel { return .installKernel(in: linux) }
        let isARM = linux.identity.architecture == "arm64"
        let title = "Install the signed loader of the distribution"
        switch linux.identity.family {
        case .debian:
            return .install(
                ["shim-signed", isARM ? "grub-efi-arm64-signed" : "grub-efi-amd64-signed"], title, in: linux)
        case .rhel:
            return .install(
                isARM ? ["shim-aa64", "grub2-efi-aa64"] : ["shim-x64", "grub2-efi-x64"], title, in: linux)
        case .suse:
            return .install(["shim", isARM ? "grub2-arm64-efi" : "grub2-x86_64-efi"], title, in: linux)
        default:
            return .byHand(
                "Sign the loader with a key that the instances know, or launch without Secure Boot")
        }
    }

    static var examples: [CheckExample] {
        let programs = { (kernel: Bool) in
            [
                BootProgram(path: "/boot/efi/EFI/BOOT/BOOTX64.EFI", role: "shim", isSigned: true),
                BootProgram(path: "/boot/efi/EFI/debian/grubx64.efi", role: "grub", isSigned: true),
                BootProgram(path: ExampleFacts.kernelPath, role: "kernel", isSigned: kernel),
            ]
        }
        return [
            CheckExample("a target that does not ask for it", .example { $0.startByUEFI() }, .notApplicable),
            CheckExample(
                "shim, GRUB and kernel are signed",
                .example {
                    $0.startByUEFI()
                    $0.target.rules.secureBoot = true
                    $0.linux.boot.uefi.programs = programs(true)
                }, .pass),
            CheckExample(
                "a kernel of one's own",
                .example {
                    $0.startByUEFI()
                    $0.target.rules.secureBoot = true
                    $0.linux.boot.uefi.programs = programs(false)
                }, .fail, codes: ["SecureBoot.KernelUnsigned"]),
            CheckExample(
                "systemd-boot at the removable path",
                .example {
                    $0.startByUEFI()
                    $0.target.rules.secureBoot = true
                    $0.linux.boot.uefi.programs = [
                        BootProgram(path: "/efi/EFI/BOOT/BOOTX64.EFI", role: "systemdBoot", isSigned: false)
                    ]
                }, .fail, codes: ["SecureBoot.LoaderUnsigned"]),
            CheckExample(
                "the EFI system partition cannot be read",
                .example {
                    $0.startByUEFI()
                    $0.target.rules.secureBoot = true
                }, .unknown),
        ]
    }
}
