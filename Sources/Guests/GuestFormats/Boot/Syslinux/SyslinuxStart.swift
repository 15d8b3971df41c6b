/// Where Syslinux is when it begins to look for its configuration.
package struct SyslinuxStart: Hashable, Sendable {
    /// The file system it was installed on, or the partition its EFI program was started from.
    package var device: GrubDevice
    /// The directory it was installed into (`CurrentDirName`), with `/` in front; empty when none is recorded.
    package var directory: String
    /// The btrfs subvolume it was installed into; empty for the topmost and for other file systems.
    package var subvolume: String
    /// `6.04`, as its banner has it; nil when it is not known.
    package var version: String?
    /// Started by UEFI.
    package var isEFI: Bool
    /// The EFI program is for a 32-bit processor.
    package var is32Bit = false

    /// A start.
    package init(
        device: GrubDevice, directory: String, subvolume: String = "", version: String? = nil,
        isEFI: Bool = false
    ) {
        self.device = device
        self.directory = directory
        self.subvolume = subvolume
        self.version = version
        self.isEFI = isEFI
    }

    /// Since version 5 the larger part of Syslinux lies in a file of its own beside the configuration.
    var mainModule: String? {
        if isEFI { return is32Bit ? "ldlinux.e32" : "ldlinux.e64" }
        guard let version, let major = Int(version.prefix { $0 != "." }) else { return nil }
        return major >= 5 ? "ldlinux.c32" : nil
    }
}
