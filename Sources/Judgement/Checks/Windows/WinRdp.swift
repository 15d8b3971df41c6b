import GuestFacts
import Targets

/// `WIN.Rdp`
enum WinRdp: Check {
    static let metadata = CheckMetadata(
        id: "WIN.Rdp", title: "Remote Desktop", link: .access,
        summary: """
            Looks whether Remote Desktop takes connections: allowed by the machine and by policy, with its services, \
            a listener, and the port that everybody tries.
            """,
        rationale: """
            Remote Desktop is how people log in to a Windows in a cloud, and a fresh Windows refuses it. Where \
            neither it nor an SSH server or WinRM that is open to the outside lets anybody in, the instance runs \
            for nobody.
            """,
        codes: [
            ("Rdp.Denied", "Remote Desktop is switched off, here or by policy."),
            ("Rdp.NotInEdition", "This edition of Windows takes no Remote Desktop connections."),
            ("Rdp.ServiceDisabled", "The Remote Desktop service, or one that it needs, does not start."),
            ("Rdp.HelperDisabled", "A service that helps Remote Desktop is disabled."),
            ("Rdp.NoListener", "No listener is set up, or all are switched off."),
            ("Rdp.PortChanged", "It listens on another port than 3389."),
            ("Rdp.BoundToAdapter", "The listener is bound to one network adapter of the old machine."),
            ("Rdp.CertificateMissing", "The certificate that the listener is to use is not there."),
        ],
        references: [
            "Windows: Terminal Server registry keys (fDenyTSConnections, WinStations)",
            "Azure: prepare a Windows VHD, remote desktop registry settings",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        return WindowsRemoteDesktopReview(context, windows).outcome
    }

    static var examples: [CheckExample] {
        func with(_ change: (inout WindowsRemoteDesktop) -> Void) -> CheckContext {
            .windows {
                var settings = ExampleWindows.remoteDesktop()
                change(&settings)
                $0.windows.access.remoteDesktop = .known(settings)
            }
        }
        func denied(_ change: (inout ExampleWindows) -> Void) -> CheckContext {
            .windows {
                var settings = ExampleWindows.remoteDesktop()
                settings.denies.local?.value = 1
                $0.windows.access.remoteDesktop = .known(settings)
                change(&$0)
            }
        }
        let policy = Evidence(
            path: #"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"#,
            excerpt: "fDenyTSConnections = 1")
        return [
            CheckExample("allowed on 3389", .windows(), .pass),
            CheckExample("refused by the machine", denied { _ in }, .fail, codes: ["Rdp.Denied"]),
            CheckExample(
                "refused by the machine, and an SSH server is open",
                denied {
                    $0.addService("sshd", imagePath: #"%SystemRoot%\System32\OpenSSH\sshd.exe"#)
                    $0.windows.access.firewall = .known(
                        ExampleWindows.firewall(rules: [ExampleWindows.rule(port: 22)]))
                }, .fail, codes: ["Rdp.Denied"]),
            CheckExample(
                "allowed here, refused by a policy", with { $0.denies.policy = Located(1, policy) }, .fail,
                codes: ["Rdp.Denied"]),
            CheckExample(
                "refused here, allowed by a policy",
                with {
                    $0.denies.local?.value = 1
                    $0.denies.policy = Located(0, policy)
                }, .pass),
            CheckExample(
                "the service is disabled", .windows { $0[service: "TermService"].start = 4 }, .fail,
                codes: ["Rdp.ServiceDisabled"]),
            CheckExample(
                "the configuration service is disabled", .windows { $0[service: "SessionEnv"].start = 4 },
                .fail,
                codes: ["Rdp.HelperDisabled"]),
            CheckExample(
                "a Home edition",
                .windows {
                    $0.windows.identity.edition = "Core"
                    $0.windows.identity.productType = "WinNT"
                    $0.windows.identity.installationType = "Client"
                }, .fail, codes: ["Rdp.NotInEdition"]),
            CheckExample("no listener", with { $0.listeners = [] }, .fail, codes: ["Rdp.NoListener"]),
            CheckExample(
                "the listener is switched off", with { $0.listeners[0].isEnabled = false }, .fail,
                codes: ["Rdp.NoListener"]),
            CheckExample(
                "another port", with { $0.listeners[0].port = 33890 }, .fail, codes: ["Rdp.PortChanged"]),
            CheckExample(
                "bound to an adapter", with { $0.listeners[0].adapter = 2 }, .fail,
                codes: ["Rdp.BoundToAdapter"]),
            CheckExample(
                "a certificate that is gone", with { $0.listeners[0].pinnedCertificateExists = .no }, .fail,
                codes: ["Rdp.CertificateMissing"]),
            CheckExample("nothing says whether it is allowed", with { $0.denies.local = nil }, .unknown),
            CheckExample(
                "the settings could not be read",
                .windows { $0.windows.access.remoteDesktop = .unknown(.example("SYSTEM")) }, .unknown),
        ]
    }
}
