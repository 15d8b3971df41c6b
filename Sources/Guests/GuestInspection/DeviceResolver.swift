import GuestFacts
import GuestFormats

/// Says what a device name of fstab, crypttab or the kernel command line means in this image.
///
/// udev makes the links in `/dev/disk` from what blkid reads; names are compared as those links are, exactly,
/// and then without case to find the typing error that no link has.
struct DeviceResolver {
    let volumes: [VolumeFacts]
    /// Answers for files of the guest: swap files, bind mounts.
    let fileExists: (String) -> Answer

    /// What `specification` means.
    func resolve(_ specification: DeviceSpecification) -> DeviceResolution {
        switch specification {
        case .tag(.uuid, let value): named(value) { $0.uuid }
        case .tag(.label, let value): named(value) { $0.label }
        case .tag(.partitionLabel, let value): named(value) { $0.partLabel }
        // The kernel and libblkid compare partition UUIDs without case.
        case .tag(.partitionUUID, let value): named(value.lowercased()) { $0.partUUID?.lowercased() }
        case .tag(.id, _), .hardwarePath, .otherDevice: .hardwarePath
        case .kernelName(let name): kernelName(name)
        case .mapper(let name, _): mapped("/dev/mapper/\(name)")
        case .logicalVolume(let name): mapped("/dev/\(name)")
        case .namedArray(let name): mapped("/dev/md/\(name)")
        case .rootAlias: .virtual
        case .deviceNumber(let major, let minor):
            .unknown(
                Gap(
                    where: "\(major):\(minor)", kind: .unsupported,
                    message: "which device has this number is known only to the running kernel"))
        case .network, .hypervisorShare: .network
        case .path(let path): .file(exists: fileExists(path))
        case .virtual: .virtual
        case .dataset(let name):
            .unknown(Gap(where: name, kind: .unsupported, message: "ZFS is not read"))
        }
    }

    private func named(_ value: String, _ field: (VolumeFacts) -> String?) -> DeviceResolution {
        let exact = volumes.filter { field($0) == value }
        if exact.count > 1 { return .ambiguous(exact.map(\.id)) }
        if let one = exact.first { return .volume(one.id) }
        if let other = volumes.first(where: { field($0)?.lowercased() == value.lowercased() }) {
            return .caseMismatch(other.id)
        }
        return hiddenVolume.map(DeviceResolution.unknown) ?? .notFound
    }

    /// Devices that volume managers make. Whether they exist depends on what could not be looked into.
    private func mapped(_ name: String) -> DeviceResolution {
        let managed = volumes.first {
            ["LVM2_member", "linux_raid_member", "crypto_LUKS"].contains($0.kind ?? "")
        }
        if let managed {
            return .unknown(
                Gap(
                    where: "\(managed.id) › \(managed.kind ?? "")", kind: .unsupported,
                    message: "\(name) may lie in it, and it is not read"))
        }
        return hiddenVolume.map(DeviceResolution.unknown) ?? .notFound
    }

    /// Why a name that was not found may still exist: a volume that could not be looked into.
    private var hiddenVolume: Gap? {
        let managed = volumes.first {
            ["LVM2_member", "linux_raid_member", "crypto_LUKS", "BitLocker"].contains($0.kind ?? "")
        }
        if let managed {
            return Gap(
                where: managed.id, kind: .unsupported,
                message: "what lies inside \(managed.kind ?? "it") is not read")
        }
        return volumes.first { $0.kind == nil && $0.gap != nil }?.gap
    }

    private func kernelName(_ name: GuestFormats.KernelDeviceName) -> DeviceResolution {
        let prefix: String
        switch name.family {
        case .scsi: prefix = "sd"
        case .virtio: prefix = "vd"
        case .xen: prefix = "xvd"
        case .ide: prefix = "hd"
        case .nvme: prefix = "nvme"
        case .mmc: prefix = "mmcblk"
        case .md, .deviceMapper: return mapped("/dev/\(name)")
        case .pseudo:
            return name.disk.hasPrefix("zram") || name.disk.hasPrefix("loop") || name.disk.hasPrefix("ram")
                ? .virtual : .hardwarePath
        case .optical, .pmem, .foreign: return .hardwarePath
        }
        let volume = name.diskIndex == 0 ? self.volume(partition: name.partition) : nil
        return .kernelName(
            GuestFacts.KernelDeviceName(prefix: prefix, disk: name.diskIndex, partition: name.partition),
            volume)
    }

    /// The volume with this partition number, when the disk is the first one.
    private func volume(partition: Int?) -> VolumeID? {
        volumes.first { $0.partitionNumber == partition }?.id
    }
}
