import GuestFacts
import GuestFormats

/// Says what a device name of fstab, crypttab or the kernel command line means in this image.
///
/// udev makes the links in `/dev/disk` from what blkid reads; names are compared as those links are, exactly,
/// and then without case to find the typing error that no link has.
struct DeviceResolver {
    let volumes: [VolumeFacts]
    /// ARRAY lines of the mdadm.conf that holds when the name is looked up: they name arrays.
    var arrays: [ArrayLineFacts] = []
    /// Names below `/dev/mapper` that crypttab makes, and the devices they are opened from.
    var encrypted: [String: DeviceSpecification] = [:]
    /// Answers for files of the guest: swap files, bind mounts.
    let fileExists: (String) -> Answer

    /// What `specification` means.
    func resolve(_ specification: DeviceSpecification) -> DeviceResolution {
        switch specification {
        case .tag(.uuid, let value): named(value, among: linked) { $0.uuid }
        case .tag(.label, let value): named(value, among: linked) { $0.label }
        case .tag(.partitionLabel, let value): named(value, among: volumes) { $0.partLabel }
        // The kernel and libblkid compare partition UUIDs without case.
        case .tag(.partitionUUID, let value):
            named(value.lowercased(), among: volumes) { $0.partUUID?.lowercased() }
        case .tag(.id, let link): identity(link)
        case .hardwarePath, .otherDevice: .hardwarePath
        case .kernelName(let name): kernelName(name)
        case .mapper(let name, _): mapped(name)
        case .logicalVolume(let name):
            managed("/dev/\(name)", hiddenBy: ["LVM2_member"]) { volume in
                volume.logicalVolume.map { $0.group == name.group && $0.name == name.volume } ?? false
            }
        case .namedArray(let name): array(named: name)
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

    // MARK: UUIDs and labels

    /// Volumes that udev links by what is on them. Parts of a group, an array or a larger file system are not
    /// among them (60-persistent-storage.rules: usage `raid`).
    private var linked: [VolumeFacts] {
        volumes.filter { $0.memberOf == nil && !DeviceResolver.parts.contains($0.kind ?? "") }
    }

    private static let parts: Set<String> = [
        "LVM2_member", "linux_raid_member", "DM_snapshot_cow", "bcache", "zfs_member", "isw_raid_member",
        "ddf_raid_member",
    ]

    private func named(
        _ value: String, among volumes: [VolumeFacts], _ field: (VolumeFacts) -> String?
    ) -> DeviceResolution {
        let exact = volumes.filter { field($0) == value }
        if exact.count > 1 { return .ambiguous(exact.map(\.id)) }
        if let one = exact.first { return .volume(one.id) }
        if let other = volumes.first(where: { field($0)?.lowercased() == value.lowercased() }) {
            return .caseMismatch(other.id)
        }
        return hidden(by: nil).map(DeviceResolution.unknown) ?? .notFound
    }

    // MARK: Links by identity

    /// A link in `/dev/disk/by-id`. What device mapper, LVM and MD are called is part of the image; the rest is
    /// made of serial numbers of the hardware.
    private func identity(_ link: String) -> DeviceResolution {
        func rest(_ prefix: String) -> String? {
            link.hasPrefix(prefix) ? String(link.dropFirst(prefix.utf8.count)) : nil
        }
        if let name = rest("dm-name-") { return mapped(name) }
        if let uuid = rest("dm-uuid-LVM-") {
            return managed(link, hiddenBy: ["LVM2_member"]) { volume in
                guard let logical = volume.logicalVolume else { return false }
                return DeviceResolver.plain(logical.groupUUID) + DeviceResolver.plain(logical.uuid) == uuid
            }
        }
        if let uuid = rest("lvm-pv-uuid-") {
            let found = volumes.first { $0.kind == "LVM2_member" && $0.uuid == uuid }
            return found.map { .volume($0.id) } ?? .notFound
        }
        if let uuid = rest("md-uuid-") {
            return managed(link, hiddenBy: ["linux_raid_member"]) { $0.array?.uuid == uuid }
        }
        if let name = rest("md-name-") {
            return managed(link, hiddenBy: ["linux_raid_member"]) { $0.array?.name == name }
        }
        if link.hasPrefix("dm-uuid-") {
            return .unknown(
                Gap(where: link, kind: .unsupported, message: "what makes this device is not followed"))
        }
        return .hardwarePath
    }

    /// A UUID of LVM as device mapper has it: without dashes.
    private static func plain(_ uuid: String) -> String { uuid.filter { $0 != "-" } }

    // MARK: Device mapper

    private func mapped(_ name: String) -> DeviceResolution {
        if let device = encrypted[name] {
            var inner = self
            // One that is opened from itself, or in a circle, is never opened.
            inner.encrypted[name] = nil
            switch inner.resolve(device) {
            case .notFound, .caseMismatch, .hardwarePath, .file(exists: .no): return .notFound
            default:
                return .unknown(
                    Gap(
                        where: "/dev/mapper/\(name)", kind: .unsupported,
                        message: "what cryptsetup opens it from is not read"))
            }
        }
        return managed("/dev/mapper/\(name)", hiddenBy: ["LVM2_member", "crypto_LUKS", "linux_raid_member"]) {
            $0.logicalVolume?.mapperName == name
        }
    }

    /// A device that a volume manager makes. When nothing known is it, it may lie in what was not looked into.
    private func managed(
        _ name: String, hiddenBy kinds: Set<String>, _ matches: (VolumeFacts) -> Bool
    ) -> DeviceResolution {
        if let volume = volumes.first(where: matches) { return .volume(volume.id) }
        guard let gap = hidden(by: kinds) else { return .notFound }
        return .unknown(
            Gap(where: gap.where, kind: gap.kind, message: "\(name) may lie in it: \(gap.message)"))
    }

    /// Why a name that was not found may still exist: something that could not be looked into. With `kinds`,
    /// only containers of those kinds count, and volumes without a known kind.
    private func hidden(by kinds: Set<String>?) -> Gap? {
        let containers = kinds ?? ["LVM2_member", "linux_raid_member", "crypto_LUKS", "BitLocker"]
        let opened = Set(volumes.flatMap(\.madeOf))
        if let closed = volumes.first(where: { containers.contains($0.kind ?? "") && !opened.contains($0.id) }
        ) {
            return closed.gap
                ?? Gap(
                    where: closed.id, kind: .unsupported,
                    message: "what lies inside \(closed.kind ?? "it") is not read")
        }
        // What lacks a part does not come up, so it hides nothing that the guest would see.
        return volumes.first { $0.kind == nil && $0.gap != nil && $0.gap?.kind != .absent }?.gap
    }

    // MARK: Arrays

    /// `/dev/md/NAME`: as mdadm.conf says, else the name in the superblock without the host it was made on.
    private func array(named name: String) -> DeviceResolution {
        array("/dev/md/\(name)", ["/dev/md/\(name)", "/dev/md\(name)"]) { array in
            guard let stored = array.name else { return false }
            return stored == name || DeviceResolver.withoutHost(stored) == name
        }
    }

    /// `/dev/mdN`: as mdadm.conf says, else by a superblock named `N`. Arrays without a line in mdadm.conf and
    /// without such a name get 127 and downwards in the order they appear.
    private func array(number: Int) -> DeviceResolution {
        array("/dev/md\(number)", ["/dev/md\(number)", "/dev/md/\(number)"]) { array in
            array.name.map { DeviceResolver.withoutHost($0) == String(number) } ?? false
        }
    }

    private func array(
        _ name: String, _ devices: [String], _ matches: (ArrayFacts) -> Bool
    ) -> DeviceResolution {
        let known = volumes.filter { $0.array != nil }
        if let line = arrays.last(where: { devices.contains($0.device) }), let uuid = line.uuid {
            let found = known.first { DeviceResolver.digits($0.array?.uuid ?? "") == uuid }
            if let found { return .volume(found.id) }
            return managed(name, hiddenBy: ["linux_raid_member"]) { _ in false }
        }
        let listed = Set(arrays.compactMap(\.uuid))
        let free = known.filter { !listed.contains(DeviceResolver.digits($0.array?.uuid ?? "")) }
        if let found = free.first(where: { $0.array.map(matches) ?? false }) { return .volume(found.id) }
        if name == "/dev/md127", free.count == 1, known.count == 1, let only = free.first,
            only.array?.name.flatMap({ Int(DeviceResolver.withoutHost($0)) }) == nil
        {
            return .volume(only.id)
        }
        // A number that is neither written down nor stored is given in the order of appearance.
        if !free.isEmpty, name.hasPrefix("/dev/md"), !name.hasPrefix("/dev/md/") {
            return .unknown(
                Gap(
                    where: name, kind: .unsupported,
                    message: "neither mdadm.conf nor a superblock says which array gets this name"))
        }
        return managed(name, hiddenBy: ["linux_raid_member"]) { _ in false }
    }

    private static func withoutHost(_ name: String) -> String {
        name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).last.map(String.init)
            ?? name
    }

    /// A UUID of MD as digits only.
    static func digits(_ uuid: String) -> String { uuid.filter(\.isHexDigit).lowercased() }

    // MARK: Kernel names

    private func kernelName(_ name: GuestFormats.KernelDeviceName) -> DeviceResolution {
        let prefix: String
        switch name.family {
        case .scsi: prefix = "sd"
        case .virtio: prefix = "vd"
        case .xen: prefix = "xvd"
        case .ide: prefix = "hd"
        case .nvme: prefix = "nvme"
        case .mmc: prefix = "mmcblk"
        case .md:
            guard name.partition == nil else {
                return .unknown(
                    Gap(
                        where: "/dev/\(name)", kind: .unsupported,
                        message: "partitions of arrays are not read"))
            }
            return array(number: name.diskIndex)
        case .deviceMapper:
            let mappings = volumes.contains { $0.logicalVolume != nil } || hidden(by: nil) != nil
            return mappings
                ? .unknown(
                    Gap(
                        where: "/dev/\(name)", kind: .unsupported,
                        message: "device mapper gives its numbers in the order of activation"))
                : .notFound
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
        volumes.first {
            $0.partitionNumber == partition && $0.logicalVolume == nil && $0.array == nil
        }?.id
    }
}
