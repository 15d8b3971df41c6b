extension Target {
    /// The targets that come with the program, the default one first.
    public static let shipped: [Target] = [alibabaECS, kvm]

    /// The shipped target with this id.
    public static func shipped(_ id: String) -> Target? { shipped.first { $0.id == id } }

    /// Alibaba Cloud ECS: virtio-blk instance families and the NVMe families of the eighth generation on.
    public static let alibabaECS = Target(
        id: "alibaba-ecs", title: "Alibaba Cloud ECS",
        hardware: Hardware(
            disks: [.virtioBlk, .nvme],
            firmware: ["x86_64": [.bios, .uefi], "i386": [.bios], "arm64": [.uefi]],
            networkDrivers: ["virtio_net"],
            consoles: ["x86_64": "ttyS0", "i386": "ttyS0", "arm64": "ttyAMA0"]),
        rules: Rules(
            formats: ["raw", "vhd", "qcow2", "vmdk"], sizeGiB: SizeRange(min: 1, max: 2048),
            datasources: ["AliYun"],
            agents: Agents(
                recommended: ["cloud-assistant", "security-center"], unwanted: ["qemu-guest-agent"],
                windowsInitialization: ["vminit", "cloudbase-init"]),
            rootLogin: true, firewallOff: true, selinuxOff: true, nvmeTimeouts: true, needsProvisioning: true,
            sources: [
                Source(
                    title: "ECS: image check items (GUESTOS.*), import limits, NVMe requirements",
                    date: "2026-11"),
                Source(title: "ECS: initialization tools (cloud-init, Vminit)", date: "2026-11"),
            ]))

    /// A plain KVM host: QEMU with virtio, SeaBIOS or OVMF.
    public static let kvm = Target(
        id: "kvm", title: "KVM (QEMU, libvirt)",
        hardware: Hardware(
            disks: [.virtioBlk, .virtioSCSI], optionalDisks: [.nvme, .sata, .ide],
            firmware: ["x86_64": [.bios, .uefi], "i386": [.bios, .uefi], "arm64": [.uefi]],
            networkDrivers: ["virtio_net"],
            consoles: ["x86_64": "ttyS0", "i386": "ttyS0", "arm64": "ttyAMA0"]),
        rules: Rules(
            formats: ["raw", "qcow2"], datasources: ["NoCloud", "ConfigDrive", "OpenStack"],
            agents: Agents(recommended: ["qemu-guest-agent"], windowsInitialization: ["cloudbase-init"]),
            sources: [
                Source(title: "QEMU system emulation: device documentation", date: "2026-11"),
                Source(title: "Cloudbase-Init: services (NoCloud, ConfigDrive, OpenStack)", date: "2026-11"),
            ]))
}
