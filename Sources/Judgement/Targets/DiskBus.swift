/// How the root disk is attached: what driver the guest needs for it and what it will be called.
public enum DiskBus: String, Sendable, Hashable, Codable, CaseIterable {
    case virtioBlk = "virtio-blk"
    case virtioSCSI = "virtio-scsi"
    case nvme
    case sata
    case ide
    /// Hyper-V and Azure: a SCSI controller on the bus of the hypervisor.
    case vmbus
    /// Xen's paravirtual block device, as older instance families have it.
    case xen

    /// Kernel modules that together make the disk appear. Their dependencies come on top.
    public var drivers: [String] {
        switch self {
        case .virtioBlk: ["virtio_pci", "virtio_blk"]
        case .virtioSCSI: ["virtio_pci", "virtio_scsi", "sd_mod"]
        case .nvme: ["nvme"]
        case .sata: ["ahci", "sd_mod"]
        case .ide: ["ata_piix", "sd_mod"]
        case .vmbus: ["hv_vmbus", "hv_storvsc", "sd_mod"]
        case .xen: ["xen_blkfront"]
        }
    }

    /// What stands before the disk's letter or number: `vd`, `sd`, `xvd`, `nvme`.
    public var devicePrefix: String {
        switch self {
        case .virtioBlk: "vd"
        case .virtioSCSI, .sata, .ide, .vmbus: "sd"
        case .nvme: "nvme"
        case .xen: "xvd"
        }
    }

    /// The root disk's name, and that of one of its partitions.
    public func deviceName(partition: Int? = nil) -> String {
        switch self {
        case .nvme: "/dev/nvme0n1" + (partition.map { "p\($0)" } ?? "")
        default: "/dev/\(devicePrefix)a" + (partition.map(String.init) ?? "")
        }
    }
}

/// Firmware of a target, by the names of the command line.
public enum FirmwareKind: String, Sendable, Hashable, Codable, CaseIterable {
    case bios, uefi
}
