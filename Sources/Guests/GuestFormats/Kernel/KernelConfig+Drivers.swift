extension KernelConfig {
    /// The option that builds each driver or file system a boot may need.
    private static let options: [String: String] = [
        "virtio": "VIRTIO", "virtio_ring": "VIRTIO", "virtio_pci": "VIRTIO_PCI", "virtio_blk": "VIRTIO_BLK",
        "virtio_mmio": "VIRTIO_MMIO", "virtio_pci_modern_dev": "VIRTIO_PCI_LIB",
        "virtio_pci_legacy_dev": "VIRTIO_PCI_LIB_LEGACY",
        "virtio_net": "VIRTIO_NET", "virtio_scsi": "SCSI_VIRTIO", "virtio_rng": "HW_RANDOM_VIRTIO",
        "virtio_balloon": "VIRTIO_BALLOON", "virtio_console": "VIRTIO_CONSOLE",
        "nvme": "BLK_DEV_NVME", "nvme_core": "NVME_CORE", "sd_mod": "BLK_DEV_SD", "sr_mod": "BLK_DEV_SR",
        "scsi_mod": "SCSI", "ahci": "SATA_AHCI", "libata": "ATA", "ata_piix": "ATA_PIIX",
        "xen_blkfront": "XEN_BLKDEV_FRONTEND", "xen_netfront": "XEN_NETDEV_FRONTEND",
        "hv_vmbus": "HYPERV", "hv_storvsc": "HYPERV_STORAGE", "hv_netvsc": "HYPERV_NET",
        "vmw_pvscsi": "VMWARE_PVSCSI", "vmxnet3": "VMXNET3", "e1000": "E1000", "e1000e": "E1000E",
        "ena": "ENA_ETHERNET", "gve": "GVE", "mana": "MICROSOFT_MANA",
        "mptspi": "FUSION_SPI", "mptsas": "FUSION_SAS", "megaraid_sas": "MEGARAID_SAS",
        "mpt3sas": "SCSI_MPT3SAS",
        "ext2": "EXT2_FS", "ext3": "EXT3_FS", "ext4": "EXT4_FS", "xfs": "XFS_FS", "btrfs": "BTRFS_FS",
        "jbd2": "JBD2", "mbcache": "FS_MBCACHE",
        "f2fs": "F2FS_FS", "vfat": "VFAT_FS", "fat": "FAT_FS", "iso9660": "ISO9660_FS", "udf": "UDF_FS",
        "squashfs": "SQUASHFS", "erofs": "EROFS_FS", "loop": "BLK_DEV_LOOP", "overlay": "OVERLAY_FS",
        "nfs": "NFS_FS",
        "dm_mod": "BLK_DEV_DM", "dm_crypt": "DM_CRYPT", "dm_snapshot": "DM_SNAPSHOT",
        "dm_mirror": "DM_MIRROR",
        "dm_thin_pool": "DM_THIN_PROVISIONING", "dm_multipath": "DM_MULTIPATH", "dm_verity": "DM_VERITY",
        "md_mod": "BLK_DEV_MD", "raid0": "MD_RAID0", "raid1": "MD_RAID1", "raid10": "MD_RAID10",
        "raid456": "MD_RAID456", "linear": "MD_LINEAR", "crc32c_generic": "CRYPTO_CRC32C",
        "nls_cp437": "NLS_CODEPAGE_437", "nls_ascii": "NLS_ASCII", "nls_utf8": "NLS_UTF8",
        "nls_iso8859_1": "NLS_ISO8859_1",
    ]

    /// How the driver or file system of this module name was built: `builtIn`, `module`, nil when it was not,
    /// or when this table does not know it (`knowsDriver`).
    package func driver(_ name: String) -> Value? {
        guard let option = Self.options[ModuleName.normalized(name)] else { return nil }
        return self[option]
    }

    /// Whether the option for this module name is known here.
    package static func knowsDriver(_ name: String) -> Bool {
        options[ModuleName.normalized(name)] != nil
    }
}
