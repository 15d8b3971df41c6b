import GuestFacts
import Targets

/// `NET.Driver`
enum NetDriver: Check {
    static let metadata = CheckMetadata(
        id: "NET.Driver", title: "Network driver", link: .network,
        summary:
            "Looks for a driver of the target's network interface in the kernel, its modules and the initramfs.",
        rationale: "Without it the instance boots and is never reachable.",
        codes: [
            ("NetDriver.Missing", "The kernel has no driver for the target's network interface."),
            (
                "NetDriver.ModulesMissing",
                "The driver is a module, and the kernel's module directory is not there."
            ),
            ("NetDriver.Blocked", "The driver is kept from loading."),
            ("NetDriver.Dependency", "A module that the driver needs is not there."),
            ("NetDriver.Advised", "A driver that some instance families of the target need is not there."),
        ])

    /// What becomes of one driver.
    private enum State {
        case loads
        case fails(String, String, [Evidence])
        case unknown(String)
    }

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let survey = context.boots(of: linux)
        var findings: [Finding] = []
        var questions = survey.questions
        var value: String?
        for way in survey.ways {
            guard let kernel = way.kernel else {
                questions.append(
                    OpenQuestion("the kernel's drivers are not known", launches: context.scope(way.launches)))
                continue
            }
            for name in context.target.hardware.advisedNetworkDrivers {
                guard case .fails(_, let why, let evidence) = state(of: name, kernel) else { continue }
                findings.append(
                    Finding(
                        "NetDriver.Advised", .warning,
                        "\(why): instance families of \(context.target.title) whose network needs \(name) stay closed"
                            + " to the image.",
                        evidence: evidence, fixes: [.reinstallKernel(kernel.version, in: linux)],
                        launches: context.scope(way.launches)))
            }
            let names = context.target.hardware.networkDrivers
            let states = names.map { ($0, state(of: $0, kernel)) }
            if let good = states.first(where: { if case .loads = $0.1 { true } else { false } }) {
                value = good.0
                continue
            }
            for case (_, .unknown(let why)) in states.prefix(1) {
                questions.append(
                    OpenQuestion(why, consequence: .unreachable, launches: context.scope(way.launches)))
            }
            guard !states.contains(where: { if case .unknown = $0.1 { true } else { false } }) else {
                continue
            }
            for case (let name, .fails(let code, let why, let evidence)) in states.prefix(1) {
                let fix: Fix
                if code == "NetDriver.Blocked", let place = evidence.first {
                    fix = .edit("Remove the line", place, to: nil)
                } else {
                    fix = .reinstallKernel(kernel.version, in: linux)
                }
                findings.append(
                    Finding(
                        code, .error, "\(why): the guest boots without a network. (\(name))",
                        evidence: evidence,
                        fixes: [fix], consequence: .unreachable, launches: context.scope(way.launches)))
            }
        }
        return .judged(
            value: value, "The kernel has a driver for the target's network interface.", findings: findings,
            questions: questions)
    }

    private static func state(of name: String, _ kernel: KernelFacts) -> State {
        guard let driver = kernel.drivers[name] else {
            return .unknown("nothing is known of the driver \(name)")
        }
        switch driver.state {
        case .builtin: return .loads
        case .unknown: return .unknown(driver.gap?.message ?? "where the driver \(name) is could not be read")
        case .absent:
            return .fails(
                "NetDriver.Missing", "The kernel has no \(name)",
                [Evidence(path: kernel.path)] + driver.evidence)
        case .initramfs where driver.blockedEarly == nil && driver.missingDependencies.isEmpty:
            // udev of the initramfs loads it before the root is there.
            return .loads
        case .initramfs, .module:
            if let place = driver.blockedLate {
                return .fails("NetDriver.Blocked", "\(name) is kept from loading", [place])
            }
            if driver.state == .module, !driver.missingDependencies.isEmpty {
                return .fails(
                    "NetDriver.Dependency",
                    "\(name) needs \(driver.missingDependencies.joined(separator: ", ")), which is not there",
                    driver.evidence + [Evidence(path: "/lib/modules/\(kernel.version ?? "")")])
            }
            switch kernel.modulesPresent {
            case .yes: return .loads
            case .unknown: return .unknown("whether the modules of the kernel are there is not known")
            case .no:
                return .fails(
                    "NetDriver.ModulesMissing",
                    "\(name) is a module, and /lib/modules/\(kernel.version ?? "") is gone",
                    [
                        Evidence(
                            path: "/lib/modules",
                            excerpt: "without \(kernel.version ?? "the kernel's version")")
                    ])
            }
        }
    }

    static var examples: [CheckExample] {
        [
            CheckExample("virtio_net in the initramfs", .example(), .pass),
            CheckExample(
                "virtio_net in /lib/modules is enough",
                .example { $0.kernel.drivers["virtio_net"] = DriverFacts(.module) }, .pass),
            CheckExample(
                "the module directory is gone, but the initramfs has the driver",
                .example { $0.kernel.modulesPresent = .no }, .pass),
            CheckExample(
                "the module directory is gone, and with it the driver",
                .example {
                    $0.kernel.modulesPresent = .no
                    $0.kernel.drivers["virtio_net"] = DriverFacts(.module)
                }, .fail, codes: ["NetDriver.ModulesMissing"]),
            CheckExample(
                "an install line in the system: the initramfs has loaded it before",
                .example {
                    $0.kernel.drivers["virtio_net"]?.blockedLate = Evidence(
                        path: "/etc/modprobe.d/hardening.conf", line: 1,
                        excerpt: "install virtio_net /bin/false")
                }, .pass),
            CheckExample(
                "the same when the driver is only in /lib/modules",
                .example {
                    $0.kernel.drivers["virtio_net"] = DriverFacts(.module)
                    $0.kernel.drivers["virtio_net"]?.blockedLate = Evidence(
                        path: "/etc/modprobe.d/hardening.conf", line: 1,
                        excerpt: "install virtio_net /bin/false")
                }, .fail, codes: ["NetDriver.Blocked"]),
            CheckExample(
                "a kernel without virtio_net",
                .example { $0.kernel.drivers["virtio_net"] = DriverFacts(.absent) }, .fail,
                codes: ["NetDriver.Missing"]),
            CheckExample(
                "ena alone, at a target that has ena or gve",
                .example {
                    $0.target.hardware.networkDrivers = ["ena", "gve"]
                    $0.kernel.drivers["virtio_net"] = DriverFacts(.absent)
                    $0.kernel.drivers["ena"] = DriverFacts(.module)
                    $0.kernel.drivers["gve"] = DriverFacts(.absent)
                }, .pass),
            CheckExample(
                "virtio_net without the advised gve",
                .example {
                    $0.target.hardware.advisedNetworkDrivers = ["gve"]
                    $0.kernel.drivers["gve"] = DriverFacts(.absent)
                }, .fail, codes: ["NetDriver.Advised"]),
            CheckExample(
                "the modules could not be read",
                .example { $0.kernel.drivers["virtio_net"] = DriverFacts(.unknown) }, .unknown),
        ]
    }
}
