import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Looks at the kernel of an entry: whether it is one, which, and where each driver is that a launch may need.
struct KernelInspection {
    let reader: GuestReader
    let files: BootFiles

    /// Drivers and file systems that some launch, root or first-boot tool asks for.
    static let drivers = [
        "virtio", "virtio_ring", "virtio_pci", "virtio_blk", "virtio_scsi", "scsi_mod", "sd_mod", "nvme",
        "nvme_core",
        "ahci", "libata", "ata_piix", "virtio_net", "e1000", "e1000e", "ena", "gve", "hv_vmbus", "hv_storvsc",
        "hv_netvsc", "pci_hyperv", "mana", "ixgbevf", "xen_blkfront", "xen_netfront", "ext2", "ext3", "ext4",
        "xfs", "btrfs", "vfat", "f2fs",
        "jfs",
        "reiserfs", "exfat", "dm_mod", "dm_mirror", "dm_raid", "dm_thin_pool", "dm_snapshot", "dm_cache",
        "dm_writecache", "dm_integrity", "dm_crypt", "raid0", "raid1", "raid10", "raid456", "linear",
        "md_mod",
        "crc32c_generic", "crc32c_intel", "isofs", "udf", "qemu_fw_cfg",
        "squashfs", "erofs", "loop", "overlay", "mptspi", "mptsas", "vmw_pvscsi", "vmxnet3",
        "nls_ascii", "nls_cp437", "nls_iso8859_1", "nls_utf8",
    ]

    /// Configuration options that checks ask about.
    private static let options = [
        "FW_CFG_SYSFS", "XEN", "XEN_PV", "XEN_PVHVM", "VIRTIO_PCI_LEGACY", "DEVTMPFS", "DEVTMPFS_MOUNT",
        "EFI_STUB",
        "MODULE_SIG_FORCE", "XEN_PV_DOM0", "X86_XEN", "X86_64_XEN", "PARAVIRT",
        "FAT_DEFAULT_IOCHARSET", "FAT_DEFAULT_CODEPAGE",
    ]

    /// The kernel in `file`.
    ///
    /// - Parameter early: what the initramfs of the same entry holds; nil when the entry has none.
    func inspect(_ file: BootFile, early: InitramfsInspection.Result?, commandLine: KernelCommandLine)
        -> KernelFacts
    {
        var facts = image(file)
        if facts.version == nil {
            facts.version = file.release ?? KernelInspection.version(fromName: file.path)
        }
        guard let version = facts.version else {
            facts.modulesPresent = .unknown
            return facts
        }
        let modules = ModuleTree(
            reader: reader, version: version, bootDirectory: GuestPath(file.guestPath).parent)
        facts.modulesPresent = modules.presence
        facts.configuration = modules.configuration.map { configuration in
            var chosen: [String: String] = [:]
            for option in KernelInspection.options {
                switch configuration[option] {
                case .builtIn?: chosen["CONFIG_\(option)"] = "y"
                case .module?: chosen["CONFIG_\(option)"] = "m"
                case .text(let text)?: chosen["CONFIG_\(option)"] = text
                case nil: continue
                }
            }
            return chosen
        }
        for name in KernelInspection.drivers {
            facts.drivers[name] = driver(name, in: modules, early: early, commandLine: commandLine)
        }
        return facts
    }

    // MARK: The image

    private func image(_ file: BootFile) -> KernelFacts {
        switch files.open(file) {
        case .absent:
            return KernelFacts(path: file.guestPath, image: .missing, modulesPresent: .unknown)
        case .unreadable(let gap):
            reader.record(gap)
            var facts = KernelFacts(path: file.guestPath, image: .unreadable, modulesPresent: .unknown)
            facts.gap = gap
            return facts
        case .found(let opened):
            do {
                let head = try opened.read(0, 64 << 10)
                return judge(try KernelImage(parsing: head, fileSize: opened.size), file: file)
            } catch {
                let isDamage = error.kind == .corrupt || error.kind == .truncated
                var facts = KernelFacts(
                    path: file.guestPath, image: isDamage ? .notAKernel : .unreadable,
                    modulesPresent: .unknown)
                facts.imageDetail = error.message
                if !isDamage {
                    facts.gap = Gap(error, at: file.guestPath)
                    reader.record(Gap(error, at: file.guestPath))
                }
                return facts
            }
        }
    }

    private func judge(_ image: KernelImage, file: BootFile) -> KernelFacts {
        var facts = KernelFacts(path: file.guestPath, image: .good, modulesPresent: .unknown)
        facts.version = image.version
        facts.architecture = image.architecture?.rawValue
        switch image.format {
        // Boot loaders take nothing but bzImage on x86; an ELF file there is a kernel for Xen, or for a debugger.
        case .elf, .compressed:
            guard facts.architecture == "x86_64" || facts.architecture == "i386" else { break }
            facts.image = .notAKernel
            facts.imageDetail = "it has no boot header: it is an ELF program, which only Xen starts"
        case .unknown, .efiProgram:
            facts.image = .notAKernel
            facts.imageDetail =
                image.fileSize == 0 ? "the file is empty" : "the file has none of the headers of a kernel"
        default:
            if image.isTruncated {
                facts.image = .truncated
                facts.imageDetail =
                    "\(image.fileSize) bytes, and its header says \(image.expectedSize ?? 0)"
            }
        }
        return facts
    }

    /// The version that installers put into the file's name.
    static func version(fromName path: String) -> String? {
        guard let name = GuestPath(path).lastName?.description else { return nil }
        for prefix in ["vmlinuz-", "vmlinux-", "kernel-", "bzImage-", "Image-"] where name.hasPrefix(prefix) {
            let version = String(name.dropFirst(prefix.count))
            return version.first?.isNumber == true ? version : nil
        }
        return nil
    }

    // MARK: Drivers

    private func driver(
        _ name: String, in modules: ModuleTree, early: InitramfsInspection.Result?,
        commandLine: KernelCommandLine
    ) -> DriverFacts {
        if let evidence = modules.builtinEvidence(name) { return DriverFacts(.builtin, evidence: [evidence]) }
        var facts = late(name, in: modules)
        if let early { place(name, found: early, in: modules, commandLine: commandLine, into: &facts) }
        facts.blockedLate = modules.block(of: name)
        if let block = commandLine.block(of: name), block.block == .kernel || block.block == .modprobe {
            facts.blockedLate = Evidence(path: "kernel command line", excerpt: block.text)
        }
        return facts
    }

    private func late(_ name: String, in modules: ModuleTree) -> DriverFacts {
        if let evidence = modules.module(name) {
            var facts = DriverFacts(.module, evidence: [evidence])
            facts.options = modules.options(of: name)
            return facts
        }
        if let gap = modules.gap {
            var facts = DriverFacts(.unknown)
            facts.gap = gap
            return facts
        }
        return DriverFacts(.absent, evidence: modules.absenceEvidence(name).map { [$0] } ?? [])
    }

    /// What the initramfs does with the driver, over what the root file system has of it.
    private func place(
        _ name: String, found early: InitramfsInspection.Result, in modules: ModuleTree,
        commandLine: KernelCommandLine, into facts: inout DriverFacts
    ) {
        guard let summary = early.summary else {
            if facts.state != .builtin, let gap = early.gap {
                facts.state = .unknown
                facts.gap = gap
            }
            return
        }
        let archive = early.paths.first ?? "initramfs"
        func inArchive(_ path: String) -> Evidence { Evidence(path: archive, excerpt: path) }
        switch summary.driverState(name, modules.context(commandLine: commandLine)) {
        case .builtIn: facts.state = .builtin
        case .usable(let path, _):
            facts.state = .initramfs
            facts.options = Evidence.options(of: name, in: summary.modprobe, below: "\(archive) › /")
            facts.evidence = [inArchive(path)]
        case .blocked(let module, let obstacle):
            facts.state = .initramfs
            facts.evidence = [inArchive("holds \(name)")]
            switch obstacle {
            case .rule(let rule):
                facts.blockedEarly = Evidence(
                    path: "\(archive) › /\(rule.file)", line: rule.line,
                    excerpt: "\(rule.text) (for \(module))")
            case .commandLine(let text):
                facts.blockedEarly = Evidence(path: "kernel command line", excerpt: text)
            }
        case .missingDependency(let other):
            facts.state = .initramfs
            facts.missingDependencies = [other]
            facts.evidence = [inArchive("holds \(name), but not \(other), which it needs")]
        case .notLoaded(let why):
            facts.state = .initramfs
            facts.evidence = [inArchive("holds \(name); \(why)")]
            // Without its indexes kmod finds no module: the archive has to be made again, no line is in the way.
            if why.hasPrefix("modules.dep.bin") {
                facts.missingDependencies = ["modules.dep.bin"]
            } else {
                facts.blockedEarly = Evidence(path: archive, excerpt: why)
            }
        case .otherKernel(let versions):
            facts.evidence.insert(
                inArchive("holds \(name) for \(versions.joined(separator: ", ")) only"), at: 0)
        case .absent: break
        case .unknown(let why):
            facts.state = .unknown
            facts.gap = Gap(where: archive, kind: .unsupported, message: why)
        }
    }
}
