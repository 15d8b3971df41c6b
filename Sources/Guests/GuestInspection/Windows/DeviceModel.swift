/// A device as a virtual machine shows it, with the identifiers by which Windows looks for a driver: hardware
/// identifiers first, then compatible ones, each list from the exact to the general (Windows drivers,
/// "Identifiers for PCI devices").
struct DeviceModel {
    /// A bus of disks or the Linux driver of a network card, as targets name them.
    let kind: String
    let identifiers: [String]
    /// The beginning of the names of its records under `Enum`; nil when it is not looked for there.
    let record: (bus: String, prefix: String)?

    /// A PCI device. `subsystem` is device and vendor as Windows writes them, `deviceClass` six digits.
    private init(
        _ kind: String, _ vendor: String, _ device: String, subsystem: String, revision: String,
        deviceClass: String
    ) {
        self.kind = kind
        let base = "PCI\\VEN_\(vendor)&DEV_\(device)"
        let general = String(deviceClass.prefix(4))
        identifiers = [
            "\(base)&SUBSYS_\(subsystem)&REV_\(revision)", "\(base)&SUBSYS_\(subsystem)",
            "\(base)&CC_\(deviceClass)", "\(base)&CC_\(general)", "\(base)&REV_\(revision)", base,
            "PCI\\VEN_\(vendor)&CC_\(deviceClass)", "PCI\\VEN_\(vendor)&CC_\(general)",
            "PCI\\VEN_\(vendor)", "PCI\\CC_\(deviceClass)", "PCI\\CC_\(general)",
        ]
        record = ("PCI", "VEN_\(vendor)&DEV_\(device)")
    }

    private init(_ kind: String, identifiers: [String]) {
        self.kind = kind
        self.identifiers = identifiers
        record = nil
    }

    /// What people know it by.
    var name: String { record.map { "\($0.bus)\\\($0.prefix)" } ?? identifiers[0] }

    /// Devices of QEMU and of clouds built on it. A virtio device shows itself as the older or the newer model, as
    /// the host likes.
    static let all = [
        DeviceModel(
            "virtio-blk", "1AF4", "1001", subsystem: "00021AF4", revision: "00", deviceClass: "010000"),
        DeviceModel(
            "virtio-blk", "1AF4", "1042", subsystem: "11001AF4", revision: "01", deviceClass: "010000"),
        DeviceModel(
            "virtio-scsi", "1AF4", "1004", subsystem: "00081AF4", revision: "00", deviceClass: "010000"),
        DeviceModel(
            "virtio-scsi", "1AF4", "1048", subsystem: "11001AF4", revision: "01", deviceClass: "010000"),
        DeviceModel("nvme", "1B36", "0010", subsystem: "11001AF4", revision: "02", deviceClass: "010802"),
        DeviceModel("sata", "8086", "2922", subsystem: "11001AF4", revision: "02", deviceClass: "010601"),
        DeviceModel("ide", "8086", "7010", subsystem: "11001AF4", revision: "00", deviceClass: "010180"),
        // Behind the controller; the disk hangs on it.
        DeviceModel(
            "ide-channel", identifiers: ["Internal_IDE_Channel", "Primary_IDE_Channel", "*PNP0600"]),
        DeviceModel(
            "virtio_net", "1AF4", "1000", subsystem: "00011AF4", revision: "00", deviceClass: "020000"),
        DeviceModel(
            "virtio_net", "1AF4", "1041", subsystem: "11001AF4", revision: "01", deviceClass: "020000"),
        DeviceModel("e1000", "8086", "100E", subsystem: "11001AF4", revision: "03", deviceClass: "020000"),
        DeviceModel("e1000e", "8086", "10D3", subsystem: "11001AF4", revision: "00", deviceClass: "020000"),
        DeviceModel("ena", "1D0F", "EC20", subsystem: "EC201D0F", revision: "00", deviceClass: "020000"),
        DeviceModel("gve", "1AE0", "0042", subsystem: "00581AE0", revision: "00", deviceClass: "020000"),
    ]

    /// Kinds that are network cards: their driver may come from the driver store while Windows runs.
    static let networkKinds: Set<String> = ["virtio_net", "e1000", "e1000e", "ena", "gve"]
}
