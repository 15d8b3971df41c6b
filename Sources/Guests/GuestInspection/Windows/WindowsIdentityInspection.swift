import GuestFacts
import GuestFormats

/// Which Windows it is.
struct WindowsIdentityInspection {
    let reader: WindowsReader

    func inspect() -> WindowsIdentity {
        var identity = WindowsIdentity()
        readVersion(into: &identity)
        let product = reader.control("Control\\ProductOptions")
        identity.productType = string("ProductType", product)
        identity.computerName = string(
            "ComputerName", reader.control("Control\\ComputerName\\ComputerName"))
        identity.installLanguage = string("InstallLanguage", reader.control("Control\\Nls\\Language"))
        let kernel = reader.program("\\SystemRoot\\System32\\ntoskrnl.exe")
        identity.architecture = kernel.architecture
        if let gap = kernel.gap { identity.gaps.append(gap) }
        return identity
    }

    private func readVersion(into identity: inout WindowsIdentity) {
        let path = "Microsoft\\Windows NT\\CurrentVersion"
        let shown = WindowsReader.display(path, in: "SOFTWARE")
        let key = reader.key(path, in: "SOFTWARE")
        if let gap = key.gap {
            identity.gaps.append(gap)
            return
        }
        guard case .found = key else { return }
        identity.productName = string("ProductName", key)
        identity.edition = string("EditionID", key)
        identity.installationType = string("InstallationType", key)
        identity.release = string("DisplayVersion", key) ?? string("ReleaseId", key)
        identity.build = (string("CurrentBuildNumber", key) ?? string("CurrentBuild", key)).flatMap {
            Int($0)
        }
        identity.revision = number("UBR", key)
        // Since Windows 10 CurrentVersion stays at 6.3 and the numbers have values of their own.
        if let major = number("CurrentMajorVersionNumber", key) {
            identity.version = "\(major).\(number("CurrentMinorVersionNumber", key) ?? 0)"
        } else {
            identity.version = string("CurrentVersion", key)
        }
        let excerpt = [
            identity.productName.map { "ProductName = \($0)" },
            identity.build.map { "CurrentBuildNumber = \($0)" },
            identity.revision.map { "UBR = \($0)" },
        ].compactMap { $0 }.joined(separator: ", ")
        identity.evidence = [Evidence(path: shown, excerpt: excerpt.isEmpty ? nil : excerpt)]
    }

    private func string(_ name: String, _ key: Reading<RegistryKey>) -> String? {
        reader.value(name, of: key).value?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    private func number(_ name: String, _ key: Reading<RegistryKey>) -> Int? {
        reader.value(name, of: key).value?.integer.flatMap { Int(exactly: $0) }
    }
}
