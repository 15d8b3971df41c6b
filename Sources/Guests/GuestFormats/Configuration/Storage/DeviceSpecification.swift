/// What the first field of an fstab line, the second of a crypttab line or `root=` names.
package enum DeviceSpecification: Hashable, Sendable {
    /// The tags that udev makes links for, by `NAME=value` or by link.
    package enum Tag: String, Sendable, Hashable, CaseIterable {
        case uuid = "UUID"
        case label = "LABEL"
        case partitionUUID = "PARTUUID"
        case partitionLabel = "PARTLABEL"
        /// `ID=`, a link in `/dev/disk/by-id` (libmount 2.34).
        case id = "ID"

        /// The directory of the links.
        package var linkDirectory: String { "/dev/disk/by-" + AsciiText.lowercased(rawValue) }
    }

    /// `UUID=…` and its relatives, or a link in `/dev/disk/by-…` with its escapes undone. The case of the value
    /// is as written: udev's links are compared byte by byte.
    case tag(Tag, String)
    /// `/dev/disk/by-path/…`: names the slot of one machine.
    case hardwarePath(String)
    /// `/dev/mapper/NAME`; with the volume group and logical volume if the name has the form of one.
    case mapper(name: String, volume: LogicalVolumeName?)
    /// `/dev/VG/LV`, if VG is not a directory that udev makes itself.
    case logicalVolume(LogicalVolumeName)
    /// A kernel name below `/dev`.
    case kernelName(KernelDeviceName)
    /// `/dev/md/NAME`: a named array.
    case namedArray(String)
    /// `/dev/root`, `rootfs`: whatever the kernel mounted.
    case rootAlias
    /// A device number, as `root=` may have: `8:1` or `0801`.
    case deviceNumber(major: Int, minor: Int)
    /// Any other path below `/dev`: links of vendors (`/dev/disk/azure/…`), old controllers (`/dev/cciss/c0d0p1`).
    case otherDevice(String)
    /// `host:/path`, `//host/share`, a ceph monitor list.
    case network(host: String, path: String)
    /// A share of the hypervisor by name (9p, virtiofs, vboxsf, vmhgfs).
    case hypervisorShare(String)
    /// A file or directory of the guest: swap file, loop image, bind source.
    case path(String)
    /// Nothing on a disk: proc, tmpfs, none.
    case virtual(String)
    /// A dataset of ZFS.
    case dataset(String)

    /// A volume group and a logical volume.
    package struct LogicalVolumeName: Hashable, Sendable, CustomStringConvertible {
        /// The volume group.
        package let group: String
        /// The logical volume.
        package let volume: String

        /// A name.
        package init(group: String, volume: String) {
            self.group = group
            self.volume = volume
        }

        /// Undoes the doubling of dashes in a device-mapper name (`lvm2`'s `dm_split_lvm_name`): `vg--a-root` is
        /// `root` in `vg-a`. Nil for a name without a single dash.
        package init?(mapperName: String) {
            let bytes = Array(mapperName.utf8)
            var parts: [[UInt8]] = [[]]
            var index = 0
            while index < bytes.count {
                if bytes[index] == 0x2D {
                    if index + 1 < bytes.count, bytes[index + 1] == 0x2D {
                        parts[parts.count - 1].append(0x2D)
                        index += 2
                        continue
                    }
                    parts.append([])
                    index += 1
                    continue
                }
                parts[parts.count - 1].append(bytes[index])
                index += 1
            }
            // A third part is a layer of lvm's own (`-tpool`, `-cow`).
            guard parts.count == 2 || parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
            group = AsciiText.string(parts[0][...])
            volume = AsciiText.string(parts[1][...])
        }

        /// The name below `/dev/mapper`.
        package var mapperName: String {
            let doubled = [group, volume].map { $0.split(separator: "-", omittingEmptySubsequences: false) }
            return doubled.map { $0.joined(separator: "--") }.joined(separator: "-")
        }

        /// `group/volume`.
        package var description: String { "\(group)/\(volume)" }
    }

    /// Directories below `/dev` that are not volume groups.
    private static let deviceDirectories: Set<String> = [
        "disk", "mapper", "md", "block", "char", "bus", "cciss", "ida", "rd", "input", "loop", "pts", "shm",
        "fd",
        "zvol", "dri", "net", "vfio", "cpu", "snd", "mqueue", "hugepages", "evms", "i2o", "etherd", "dasd",
        "xvda",
        "nbd", "drbd", "virtio-ports", "dsk", "by-uuid", "gpt",
    ]

    /// File systems without a device.
    package static let virtualTypes: Set<String> = [
        "proc", "sysfs", "tmpfs", "ramfs", "devpts", "devtmpfs", "cgroup", "cgroup2", "securityfs", "debugfs",
        "tracefs", "configfs", "fusectl", "mqueue", "hugetlbfs", "bpf", "pstore", "efivarfs", "binfmt_misc",
        "overlay", "overlayfs", "aufs", "usbfs", "usbdevfs", "selinuxfs", "autofs", "rootfs", "rpc_pipefs",
        "nfsd",
        "nullfs", "none", "functionfs", "binder", "unionfs",
    ]

    /// File systems of a server.
    package static let networkTypes: Set<String> = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "sshfs", "ceph", "glusterfs", "lustre", "afs", "ncpfs", "ncp",
        "gfs", "gfs2", "ocfs2", "pvfs2", "davfs", "beegfs", "gpfs", "fuse.sshfs", "fuse.glusterfs",
        "fuse.ceph",
        "fuse.s3fs", "fuse.ossfs", "fuse.cosfs", "efs", "coda", "moosefs", "fuse.rclone",
    ]

    private static let shareTypes: Set<String> = [
        "9p", "virtiofs", "vboxsf", "vmhgfs", "fuse.vmhgfs-fuse", "prl_fs",
    ]

    /// Understands `text` as the consuming program would.
    ///
    /// - Parameters:
    ///   - text: the field with its octal escapes undone.
    ///   - type: the file system type beside it, which tells a share from a file.
    ///   - options: the mount options beside it (`bind`).
    package init(_ text: String, fileSystemType type: String? = nil, options: [String] = []) {
        if let tag = Self.tag(text) {
            self = tag
        } else if text.hasPrefix("/dev/") {
            self = Self.device(text)
        } else if text == "rootfs" {
            self = .rootAlias
        } else if options.contains("bind") || options.contains("rbind") {
            // The type beside a bind mount is `none`.
            self = .path(text)
        } else if let type, Self.virtualTypes.contains(type) {
            self = .virtual(text)
        } else if let type, Self.shareTypes.contains(type) {
            self = .hypervisorShare(text)
        } else if type == "zfs" {
            self = .dataset(text)
        } else if text.hasPrefix("//") {
            let parts = text.dropFirst(2).split(separator: "/", maxSplits: 1)
            self = .network(
                host: parts.first.map(String.init) ?? "", path: parts.count > 1 ? "/\(parts[1])" : "/")
        } else if text.hasPrefix("/") {
            self = .path(text)
        } else if let remote = Self.remote(text, type: type) {
            self = remote
        } else if let number = Self.number(text) {
            self = number
        } else {
            self = .virtual(text)
        }
    }

    private static func tag(_ text: String) -> DeviceSpecification? {
        guard let (name, value) = AsciiText.split(text, at: "="), let tag = Tag(rawValue: name) else {
            return nil
        }
        return .tag(tag, AsciiText.unquoted(value))
    }

    private static func device(_ text: String) -> DeviceSpecification {
        // Doubled slashes are one to the kernel.
        let parts = text.split(separator: "/").dropFirst().map(String.init)
        guard let first = parts.first else { return .otherDevice(text) }
        if parts.count == 1 {
            if first == "root" { return .rootAlias }
            if let name = KernelDeviceName(first) { return .kernelName(name) }
            return .otherDevice(text)
        }
        let rest = parts.dropFirst().joined(separator: "/")
        if first == "disk", parts.count >= 3 {
            let name = parts.dropFirst(2).joined(separator: "/")
            for tag in Tag.allCases where parts[1] == "by-" + AsciiText.lowercased(tag.rawValue) {
                return .tag(tag, UdevEncoding.decoded(name))
            }
            return parts[1] == "by-path" ? .hardwarePath(name) : .otherDevice(text)
        }
        if first == "mapper", parts.count == 2 {
            return .mapper(name: rest, volume: LogicalVolumeName(mapperName: rest))
        }
        if first == "md", parts.count == 2 { return .namedArray(rest) }
        if parts.count == 2, !deviceDirectories.contains(first) {
            return .logicalVolume(LogicalVolumeName(group: first, volume: rest))
        }
        return .otherDevice(text)
    }

    private static func remote(_ text: String, type: String?) -> DeviceSpecification? {
        // `[fe80::1]:/export` has colons in its host: the first colon before a slash counts.
        let bytes = Array(text.utf8)
        if let slash = bytes.firstIndex(of: 0x2F), slash >= 2, bytes[slash - 1] == 0x3A {
            var host = bytes[..<(slash - 1)]
            if host.first == 0x5B, host.last == 0x5D { host = host.dropFirst().dropLast() }
            return .network(host: AsciiText.string(host), path: AsciiText.string(bytes[slash...]))
        }
        if let type, networkTypes.contains(type) { return .network(host: text, path: "") }
        return nil
    }

    private static func number(_ text: String) -> DeviceSpecification? {
        if let (major, minor) = AsciiText.split(text, at: ":"), let major = AsciiText.number(major),
            let minor = AsciiText.number(minor)
        {
            return .deviceNumber(major: major, minor: minor)
        }
        // `name_to_dev_t` reads bare hexadecimal digits as an encoded dev_t.
        guard text.utf8.count >= 3, text.utf8.count <= 5, let value = Int(text, radix: 16), value >= 0 else {
            return nil
        }
        return .deviceNumber(major: value >> 8, minor: value & 0xFF)
    }
}
