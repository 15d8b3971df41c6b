extension VolumeSignature {
    /// What a reader cannot see because of this container, as a sentence for a report: "unknown, because …". Nil
    /// for file systems, swap and volume managers that are read.
    package var hides: String? {
        switch kind {
        case "crypto_LUKS":
            "encrypted with LUKS \(version ?? "1"): nothing inside can be judged without its key"
        case "BitLocker": "encrypted with BitLocker: nothing inside can be judged without its key"
        case "cs_fvault2": "encrypted with FileVault: nothing inside can be judged without its key"
        case "DM_integrity":
            "data is stored between the checksums of dm-integrity, which are not read: nothing inside can be judged"
        case "DM_snapshot_cow":
            "holds the changed blocks of a device-mapper snapshot, which say nothing without its origin"
        case "ldm_member":
            "a dynamic disk of Windows (LDM): volumes that its database describes are not read"
        case "storage_spaces_member":
            "part of a Windows storage pool (Storage Spaces): virtual disks on it are not read"
        case "zfs_member": "part of a ZFS pool: data sets and volumes on it are not read"
        case "bcache": "behind bcache: newer contents may be on its cache device, and neither is read"
        case "vdo": "deduplicated and compressed by VDO: volumes on it are not read"
        case "stratis": "part of a Stratis pool: file systems on it are not read"
        case "drbd": "replicated by DRBD: whether this copy is the current one is not known"
        case "drbdmanage_control_volume": "the control volume of drbdmanage: it holds no files"
        case "ceph_bluestore": "object storage of Ceph: it holds no files of a guest"
        case "oracleasm": "part of a disk group of Oracle ASM: what is on it is not read"
        case "LVM1_member":
            "a physical volume of LVM 1, which current systems do not activate: volumes on it are not read"
        case "isw_raid_member", "ddf_raid_member", "nvidia_raid_member", "lsi_mega_raid_member",
            "promise_fasttrack_raid_member":
            "part of an array of firmware RAID (\(kind)): volumes on it are not read"
        case "VMFS_volume_member", "VMFS": "a datastore of VMware: virtual machines on it are not read"
        case "ubi": "a volume of raw flash (UBI): file systems on it are not read"
        case "ReFS", "apfs", "hfsplus", "hfs", "bcachefs":
            "a file system of type \(kind), which is recognised and not read"
        default: nil
        }
    }
}
