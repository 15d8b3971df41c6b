/// The formats whose disks can be read; raw values are the names qemu-img gives them.
package enum ImageFormat: String, Sendable, Hashable, CaseIterable {
    /// The file is the disk.
    case raw
    /// QEMU copy-on-write, versions 2 and 3.
    case qcow2
    /// QEMU copy-on-write, version 1.
    case qcow
    /// QEMU enhanced disk.
    case qed
    /// VMware disk.
    case vmdk
    /// VirtualBox disk.
    case vdi
    /// Virtual PC, Hyper-V and Azure disk (VHD): fixed, dynamic, differencing.
    case vpc
    /// Hyper-V disk (VHDX): fixed, dynamic, differencing.
    case vhdx

    /// The format people and images call `name`: the raw value, or another usual spelling of it.
    package init?(named name: String) {
        switch name {
        // What QEMU calls the protocols below raw, found as the format of old backing files.
        case "file", "host_device": self = .raw
        // What everybody but QEMU calls it.
        case "vhd": self = .vpc
        default: self.init(rawValue: name)
        }
    }
}
