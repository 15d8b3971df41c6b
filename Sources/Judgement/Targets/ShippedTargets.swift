import FoundationEssentials

extension Target {
    /// The ids of the targets that come with the program, the default one first.
    public static let shippedIDs = [
        "alibaba-ecs", "kvm", "openstack", "aws-nitro", "gcp", "azure", "huawei-ecs", "tencent-cvm",
        "proxmox",
    ]

    /// The targets that come with the program, the default one first. Reads all of them: a scan asks for those it
    /// judges by their ids.
    public static var shipped: [Target] { shippedIDs.compactMap(shipped) }

    /// The shipped target with this id.
    public static func shipped(_ id: String) -> Target? {
        guard let bytes = data(of: id) else { return nil }
        do {
            return try read(bytes)
        } catch {
            fatalError("the data of the target \(id) cannot be read: \(error)")
        }
    }

    /// Reads a target from JSON. Throws a `DecodingError`, or ``UnknownKey``.
    public static func read(_ bytes: [UInt8]) throws -> Target {
        try JSONDecoder().decode(Target.self, from: Data(bytes))
    }

    /// Alibaba Cloud ECS: virtio-blk instance families and the NVMe families of the eighth generation on.
    public static let alibabaECS = known("alibaba-ecs")

    /// A plain KVM host: QEMU with virtio, SeaBIOS or OVMF.
    public static let kvm = known("kvm")

    private static func known(_ id: String) -> Target {
        guard let target = shipped(id) else { fatalError("there is no target \(id)") }
        return target
    }

    /// The file of a target, which is part of the program.
    private static func data(of id: String) -> [UInt8]? {
        switch id {
        case "alibaba-ecs": PackageResources.alibaba_ecs_json
        case "kvm": PackageResources.kvm_json
        case "openstack": PackageResources.openstack_json
        case "aws-nitro": PackageResources.aws_nitro_json
        case "gcp": PackageResources.gcp_json
        case "azure": PackageResources.azure_json
        case "huawei-ecs": PackageResources.huawei_ecs_json
        case "tencent-cvm": PackageResources.tencent_cvm_json
        case "proxmox": PackageResources.proxmox_json
        default: nil
        }
    }
}
