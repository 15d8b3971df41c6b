/// What LVM and MD are told by their configuration, in the running system or in an initramfs.
package struct StorageFacts: Sendable, Hashable, Codable {
    /// The filters that hold; LVM takes the last of each name.
    package var lvmFilters: [LvmFilterFacts] = []
    /// `use_devicesfile` of lvm.conf; nil when the default of the build holds.
    package var usesLvmDevices: Bool?
    /// The lines of `system.devices`; nil when there is no such file.
    package var lvmDevices: [LvmDeviceFacts]?
    /// The ARRAY lines of mdadm.conf.
    package var arrays: [ArrayLineFacts] = []
    /// `find_multipaths` of multipath.conf; nil when the default of the build holds, or there is no such file.
    package var findMultipaths: Located<String>?

    package init() {}
}

/// A `filter` or `global_filter` of lvm.conf, held against the names the disk may get.
package struct LvmFilterFacts: Sendable, Hashable, Codable {
    /// As written.
    package var text: String
    /// Whether a partition of the first disk passes, by the prefix of the disk's name: `vd`, `sd`, `nvme`.
    package var accepts: [String: Answer]
    package var evidence: Evidence

    package init(text: String, accepts: [String: Answer], evidence: Evidence) {
        self.text = text
        self.accepts = accepts
        self.evidence = evidence
    }
}

/// A device that `system.devices` allows (lvmdevices(8)).
package struct LvmDeviceFacts: Sendable, Hashable, Codable {
    /// `sys_wwid`, `sys_serial`, `devname`, `md_uuid` …
    package var idType: String
    package var idName: String
    /// The physical volume's UUID without dashes.
    package var physicalVolume: String?
    package var evidence: Evidence

    package init(idType: String, idName: String, physicalVolume: String?, evidence: Evidence) {
        self.idType = idType
        self.idName = idName
        self.physicalVolume = physicalVolume
        self.evidence = evidence
    }
}

/// An ARRAY line of mdadm.conf.
package struct ArrayLineFacts: Sendable, Hashable, Codable {
    /// `/dev/md0`, `/dev/md/root`, `<ignore>`.
    package var device: String
    /// Digits only, without colons and in lower case; nil when the line names the array another way.
    package var uuid: String?
    package var evidence: Evidence

    package init(device: String, uuid: String?, evidence: Evidence) {
        self.device = device
        self.uuid = uuid
        self.evidence = evidence
    }
}

/// Which of the root's storage an initramfs brings up by itself, and what it waits for.
package struct EarlyStorage: Sendable, Hashable, Codable {
    /// How logical volumes come up.
    package enum LvmMeans: String, Sendable, Hashable, Codable {
        /// udev's rule: a volume group as soon as all of it is there, and not before.
        case event
        /// A script that activates every group.
        case everything
        /// A script that activates the volume that `root=` names by `/dev/mapper` or `/dev/GROUP`.
        case rootByName
        /// A script that activates the groups of `lvmGroups` and no other (nash, SUSE's mkinitrd).
        case groups
        /// dracut's scan, which obeys `rd.lvm.lv=` and `rd.lvm.vg=`.
        case dracut
        /// Something that is not followed, of a generator that has a hook for LVM.
        case other
    }

    package var lvm: Set<LvmMeans> = []
    /// The volume groups that a script activates by name.
    package var lvmGroups: [String] = []
    /// Whether the kernel is told to put arrays together by itself (`raidautorun` of nash), which it does for metadata
    /// of version 0.90 in partitions of type 0xFD.
    package var autodetectsArrays = false
    /// Whether anything in the archive puts arrays together: udev's rule or a script.
    package var assemblesArrays: Answer = .no
    /// Whether anything tells the kernel of the devices of a btrfs on several.
    package var scansBtrfs: Answer = .no
    /// Parameters that the archive adds to the kernel command line (`etc/cmdline.d` of dracut).
    package var parameters: [CommandLineFacts.Parameter] = []
    package var configuration = StorageFacts()

    package init() {}
}

/// The subvolume of a btrfs that is the root of a system, and how that was found out.
package struct RootSubvolume: Sendable, Hashable, Codable {
    /// What decided.
    package enum Decision: String, Sendable, Hashable, Codable {
        /// `rootflags=` of the default boot entry.
        case commandLine
        /// The file system's default subvolume, which a mount without options shows.
        case defaultSubvolume
        /// The line of `/` in the fstab that lies in it.
        case fstab
        /// The name, or that nothing else holds a system.
        case content
    }

    package var id: UInt64
    /// Empty for the topmost.
    package var path: String
    package var decision: Decision

    package init(id: UInt64, path: String, decision: Decision) {
        self.id = id
        self.path = path
        self.decision = decision
    }
}

/// Which subvolume a mount shows.
package struct SubvolumeReference: Sendable, Hashable, Codable {
    /// The options as written: `subvol=@`; nil when the default is mounted.
    package var stated: String?
    /// The subvolume; nil when there is none, or the options contradict each other, so that the mount fails.
    package var id: UInt64?
    package var path: String?

    package init(stated: String?, id: UInt64?, path: String?) {
        self.stated = stated
        self.id = id
        self.path = path
    }
}
