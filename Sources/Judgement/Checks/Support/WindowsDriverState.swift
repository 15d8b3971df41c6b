import GuestFacts
import Targets

/// What is wrong with a driver of Windows, as far as a start is concerned.
struct DriverDefect {
    /// The second part of a code: `FileMissing`.
    var code: String
    /// A clause: `its file is absent`.
    var text: String
    var evidence: [Evidence]
}

/// Whether a driver will be loaded when Windows starts.
enum DriverState {
    case good
    case bad(DriverDefect)
    case unknown(String)
}

extension WindowsFacts {
    /// Whether the file of a driver can be loaded at all. `needsFile` is what to say when the file was not looked at.
    func fileState(of service: WindowsService) -> DriverState {
        guard let program = driverProgram(service.name) else {
            return .unknown("the file of the driver \(service.name) was not looked at")
        }
        func bad(_ code: String, _ text: String) -> DriverState {
            .bad(DriverDefect(code: code, text: text, evidence: [program.evidence]))
        }
        switch program.state {
        case .missing: return bad("FileMissing", "its file is not there")
        case .empty: return bad("FileInvalid", "its file is empty")
        case .notAProgram: return bad("FileInvalid", "its file is no driver")
        case .truncated: return bad("FileInvalid", "its file is cut short")
        case .unreadable:
            return .unknown("\(program.path): \(program.gap?.message ?? "the file could not be read")")
        case .elsewhere: return .unknown("\(program.path) is on no volume of this image")
        case .good: break
        }
        if let own = program.architecture, let system = identity.architecture, own != system {
            return bad("FileInvalid", "its file is for \(own), the system is \(system)")
        }
        if let library = drivers.missingImports[service.name.lowercased()]?.first {
            return bad("FileMissing", "\(library), which it needs, is not there")
        }
        return .good
    }

    /// Whether winload loads a driver before the kernel runs: the record says so and the file can be loaded.
    func bootStartState(of name: String) -> DriverState {
        if let gap = services.gap { return .unknown("\(gap.where): \(gap.message)") }
        guard let service = service(name) else {
            if let gap = servicesGap {
                return .unknown(
                    "a record of the driver \(name) may be among those that could not be read: \(gap.message)"
                )
            }
            return .bad(
                DriverDefect(
                    code: "NotInstalled", text: "there is no record of it",
                    evidence: [Evidence(path: servicesKey, excerpt: "no key \(name)")]))
        }
        switch fileState(of: service) {
        case .good: break
        case .bad(let defect): return .bad(defect)
        case .unknown(let why): return .unknown(why)
        }
        if service.isMarkedForDeletion {
            return .unknown("the driver \(service.name) is marked for deletion at the next start")
        }
        if !service.isDriver {
            return .bad(
                DriverDefect(
                    code: "NotBootStart", text: "its record is that of no driver",
                    evidence: [
                        Evidence(
                            path: service.key,
                            excerpt: service.type.map { "Type = \($0)" } ?? "Type is absent")
                    ]))
        }
        if service.effectiveStart != 0 {
            let how =
                service.startOverride == nil
                ? "it does not start with the system"
                : "Windows has taken it out of the start (StartOverride)"
            return .bad(
                DriverDefect(code: "NotBootStart", text: how, evidence: [service.startEvidence]))
        }
        return .good
    }

    /// `HKLM\SYSTEM\ControlSet001\Services`
    var servicesKey: String { "HKLM\\SYSTEM\\\(controlSetName)\\Services" }

    /// Drivers that start with the system and are signed in a way that Windows 7 and Server 2008 R2 know only with
    /// an update. Of those signed through a catalog nothing is known.
    var driversSignedWithSHA2Only: [WindowsService] {
        (services.value ?? [:]).values.filter { service in
            guard service.isDriver, let start = service.effectiveStart, start <= 1,
                let digest = driverProgram(service.name)?.signatureDigest
            else { return false }
            return digest != "sha1" && digest != "md5"
        }.sorted { $0.name < $1.name }
    }
}
