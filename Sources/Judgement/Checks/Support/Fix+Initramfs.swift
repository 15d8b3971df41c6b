import GuestFacts

/// Initial file systems, by the program that makes them (catalogue: GUESTOS.Virtio, table of fixes).
extension Fix {
    /// Puts `modules` into the initramfs of `kernel` and builds it; `all` builds those of every kernel.
    static func rebuildInitramfs(adding modules: [String], kernel: String, in linux: LinuxFacts) -> Fix {
        let tools = GuestTools(linux)
        let names = InitramfsRebuild.loadable(modules, kernel: kernel, in: linux)
        let list = names.joined(separator: " ")
        let title =
            names.isEmpty ? "Build the initramfs again" : "Add \(list) to the initramfs and build it again"
        let rebuild = InitramfsRebuild(modules: names, kernel: kernel, linux: linux)
        switch tools.wholeImage {
        case .rpmOSTree?:
            let drivers = names.isEmpty ? "" : " --arg=--add-drivers --arg=\(quoted(list))"
            return Fix(
                title, where: .online, kind: .online, commands: ["rpm-ostree initramfs --enable\(drivers)"])
        case .nixOS?:
            let words = names.map { "\"\($0)\"" }.joined(separator: " ")
            return Fix(
                names.isEmpty
                    ? title
                    : "Add \(list) to boot.initrd.availableKernelModules in configuration.nix and build again",
                where: .online, kind: .online, risk: .medium,
                commands: (names.isEmpty ? [] : ["boot.initrd.availableKernelModules = [ \(words) ];"]) + [
                    "nixos-rebuild boot"
                ])
        case .flatcar?, .ostree?:
            return .byHand(
                "The system is delivered as a whole, with its initramfs: take the image that its makers publish for the"
                    + " target")
        case nil: break
        }
        return Fix(title, where: .online, kind: .autoChroot, commands: rebuild.commands(tools.initramfsTool))
    }
}

/// The commands that build one initramfs.
private struct InitramfsRebuild {
    let modules: [String]
    let kernel: String
    let linux: LinuxFacts

    private var list: String { modules.joined(separator: " ") }
    private var isAll: Bool { kernel == "all" }

    /// Those of `modules` that are modules of this kernel: a name that does not exist stops some versions of dracut.
    static func loadable(_ modules: [String], kernel: String, in linux: LinuxFacts) -> [String] {
        let facts =
            linux.boot.kernels.values.first { $0.version == kernel }
            ?? (linux.boot.newestKernel?.version == kernel ? linux.boot.newestKernel : nil)
        guard let facts else { return modules }
        let own = modules.filter {
            facts.drivers[$0]?.state != .builtin && facts.drivers[$0]?.state != .absent
        }
        return own.isEmpty ? modules : own
    }

    func commands(_ tool: OSIdentity.InitramfsTool) -> [String] {
        switch tool {
        case .initramfsTools:
            modules.map { "echo \(quoted($0)) >> /etc/initramfs-tools/modules" } + [
                "update-initramfs -u -k \(quoted(kernel))"
            ]
        case .dracut: dracut
        case .mkinitrd:
            // Red Hat 5: what is not named is found out from the machine it runs on, so the list is whole.
            [
                "mkinitrd -f"
                    + modules.map { " --with=\(quoted($0))" }.joined()
                    + " \(quoted(image("/boot/initrd-\(kernel).img")))"
                    + " \(quoted(kernel))"
            ]
        case .suseMkinitrd:
            (modules.isEmpty ? [] : ["sed -i 's/^INITRD_MODULES=\"/&\(list) /' /etc/sysconfig/kernel"]) + [
                isAll
                    ? "mkinitrd"
                    : "mkinitrd -k \(quoted("vmlinuz-\(kernel)")) -i \(quoted("initrd-\(kernel)"))"
                        + (modules.isEmpty ? "" : " -m \(quoted(list))")
            ]
        case .mkinitcpio:
            (modules.isEmpty ? [] : ["sed -i 's/^MODULES=(/&\(list) /' /etc/mkinitcpio.conf"]) + [
                "mkinitcpio -P"
            ]
        case .mkinitfs: mkinitfs
        case .booster:
            (modules.isEmpty
                ? [] : ["echo 'modules: \(modules.joined(separator: ","))' >> /etc/booster.yaml"]) + [
                    "booster build --force"
                        + (isAll ? "" : " --kernel-version \(quoted(kernel))")
                        + " \(quoted(image("/boot/booster-linux.img")))"
                ]
        case .genkernel: ["genkernel --all-ramdisk-modules initramfs"]
        }
    }

    /// The archive of this kernel, as its entry names it.
    private func image(_ usual: String) -> String {
        for path in [linux.boot.bios, linux.boot.uefi] {
            guard let entry = path.entry, let file = entry.kernelPath,
                linux.boot.kernels[file]?.version == kernel,
                let archive = entry.initramfsPaths.last
            else { continue }
            return archive
        }
        return usual
    }

    private var dracut: [String] {
        let add =
            modules.isEmpty
            ? [] : ["echo 'add_drivers+=\" \(list) \"' > /etc/dracut.conf.d/90-cloud-drivers.conf"]
        if isAll { return add + ["dracut -f --regenerate-all"] }
        // Where the loader reads the archive from the EFI system partition, kernel-install puts it there.
        switch GuestTools(linux).loader {
        case .unifiedImage, .systemdBoot:
            return add + ["kernel-install add \(quoted(kernel)) \(quoted("/lib/modules/\(kernel)/vmlinuz"))"]
        case .grub, .grubWithEntries, .grubLegacy, .extlinux: break
        }
        let usual: String =
            switch linux.identity.family {
            case .suse: "/boot/initrd-\(kernel)"
            case .debian: "/boot/initrd.img-\(kernel)"
            case .other where linux.identity.distribution == "photon": "/boot/initrd.img-\(kernel)"
            case .arch: "/boot/initramfs-linux.img"
            default: "/boot/initramfs-\(kernel).img"
            }
        return add + ["dracut -f \(quoted(image(usual))) \(quoted(kernel))"]
    }

    /// Alpine puts modules in by feature; a driver that no feature has gets a file of its own.
    private var mkinitfs: [String] {
        let features: [String: String] = [
            "virtio_pci": "virtio", "virtio_blk": "virtio", "virtio_scsi": "virtio", "virtio_net": "virtio",
            "nvme": "nvme", "ahci": "ata", "ata_piix": "ata", "sd_mod": "scsi", "xen_blkfront": "xenpci",
            "dm_mod": "lvm", "ext4": "ext4", "xfs": "xfs", "btrfs": "btrfs",
        ]
        var named: [String] = []
        var own: [String] = []
        for module in modules {
            if let feature = features[module] {
                if !named.contains(feature) { named.append(feature) }
            } else {
                own.append(module)
            }
        }
        var commands: [String] = []
        if !own.isEmpty {
            let lines = own.map { "'kernel/drivers/*/\($0).ko*'" }.joined(separator: " ")
            commands.append("printf '%s\\n' \(lines) > /etc/mkinitfs/features.d/cloud.modules")
            named.append("cloud")
        }
        if !named.isEmpty {
            commands.append(
                "sed -i 's/^features=\"/&\(named.joined(separator: " ")) /' /etc/mkinitfs/mkinitfs.conf")
        }
        return commands + [
            isAll ? "for k in $(ls /lib/modules); do mkinitfs $k; done" : "mkinitfs \(quoted(kernel))"
        ]
    }
}
