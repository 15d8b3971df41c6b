/// The formats whose disks can be read.
package enum ImageFormat: String, Sendable, Hashable, CaseIterable {
    /// The file is the disk.
    case raw
    /// QEMU copy-on-write, versions 2 and 3.
    case qcow2
    /// Virtual PC, Hyper-V and Azure (VHD): fixed, dynamic, differencing. QEMU calls it `vpc`.
    case vpc
    /// Hyper-V (VHDX): fixed, dynamic, differencing.
    case vhdx
}
