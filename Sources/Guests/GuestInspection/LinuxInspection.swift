import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Reads one Linux system: stitches its tree, follows its start, and fills the facts area by area.
struct LinuxInspection {
    let layout: DiskLayout
    let root: VolumeID
    let fileSystem: any FileSystemReader
    /// The subvolume that is the root, of a file system that has some.
    let subvolume: SubvolumeRoots.Root?
    /// The directory that is the root, on a disk of ostree.
    var deployment: OstreeDeployment?
    /// `/usr` of a system that keeps it on a volume of its own which its fstab does not name.
    var systemVolume: (volume: VolumeID, fileSystem: any FileSystemReader)?
    /// Seconds since 1970.
    let now: Int64

    func inspect() -> LinuxFacts {
        let top = subvolume?.subvolume.top
        let reader = GuestReader(tree: FileTree(root: fileSystem, top: deployment?.top ?? top))
        deployment?.mount(fileSystem, top: top, in: &reader.tree)
        let mounting = MountInspection(
            reader: reader, layout: layout, rootVolume: root, rootSubvolume: subvolume?.subvolume)
        var mountTable = mounting.stitch()
        deployment?.add(to: &mountTable, volume: root, above: subvolume?.subvolume.path ?? "")
        if let systemVolume, reader.exists("/usr/bin") == .no {
            reader.tree.mount(systemVolume.fileSystem, at: "/usr")
            mountTable.add(systemVolume.volume, subvolume: "", at: "/usr")
        }
        let identity = IdentityInspection(reader: reader).inspect()
        var mounts = mounting.inspect(identity)
        let (boot, early) = BootInspection(
            reader: reader, layout: layout,
            files: BootFiles(
                disk: GrubDisk(layout: layout, mendsPartitionTable: true), mounts: mountTable),
            resolver: mounting.resolver, architecture: identity.architecture
        ).inspect()
        let commandLine = (boot.bios.entry ?? boot.uefi.entry)?.commandLine
        let services = ServiceInspection(reader: reader, commandLine: commandLine)
        mounts.units = mounting.units(services)
        let access = AccessInspection(reader: reader, services: services, identity: identity, now: now)
            .inspect()
        let homes = (access.accounts.value ?? []).filter { $0.shellAllowsLogin }.map(\.home)
        func networking(_ driver: String) -> NetworkInspection {
            NetworkInspection(
                reader: reader, services: services, identity: identity, commandLine: commandLine,
                early: namesEarly(driver, boot) ? early : nil, driver: driver)
        }
        let virtio = networking("virtio_net")
        let network = virtio.inspect()
        var facts = LinuxFacts(
            rootVolume: root, identity: identity, boot: boot, mounts: mounts,
            initSystem: InitInspection(
                reader: reader, services: services,
                makesDirectories: identity.notFollowed(.directories) != nil
            ).inspect(),
            services: services.facts(for: LinuxInspection.units),
            network: network,
            access: access,
            cloudInit: CloudInitInspection(
                reader: reader, services: services, identity: identity, commandLine: commandLine,
                network: virtio
            ).inspect(),
            operation: OperationInspection(
                reader: reader, services: services, identity: identity, commandLine: commandLine
            ).inspect(),
            hygiene: HygieneInspection(reader: reader, homes: Set(homes).sorted()).inspect())
        facts.rootSubvolume = subvolume.map {
            RootSubvolume(id: $0.subvolume.id, path: $0.subvolume.path ?? "", decision: $0.decision)
        }
        var known = [virtio]
        for driver in LinuxInspection.otherNetworkDrivers where hasDriver(driver, boot) {
            let other = networking(driver)
            let found = other.inspect(besides: known)
            known.append(other)
            if found != network { facts.otherNetworks[driver] = found }
        }
        facts.storage = mounting.storage
        facts.gaps = reader.gaps
        return facts
    }

    /// NICs that machines of other platforms have in the place of virtio's.
    private static let otherNetworkDrivers = [
        "ena", "gve", "hv_netvsc", "mana", "xen_netfront", "ixgbevf", "e1000", "e1000e", "vmxnet3",
    ]

    private func driver(_ name: String, _ boot: BootFacts) -> DriverFacts? {
        (boot.bios.entry ?? boot.uefi.entry)?.kernelPath.flatMap { boot.kernels[$0]?.drivers[name] }
    }

    /// Whether the kernel that starts has the driver somewhere.
    private func hasDriver(_ name: String, _ boot: BootFacts) -> Bool {
        guard let state = driver(name, boot)?.state else { return false }
        return state != .absent && state != .unknown
    }

    /// Whether a NIC of this driver appears while the initramfs runs: the driver is in it or in the kernel.
    private func namesEarly(_ name: String, _ boot: BootFacts) -> Bool {
        guard let driver = driver(name, boot) else { return false }
        return driver.state == .builtin || (driver.state == .initramfs && driver.blockedEarly == nil)
    }

    /// Units that items ask about.
    private static let units = [
        "ssh.service", "sshd.service", "ssh.socket", "sshd.socket", "networking.service",
        "systemd-networkd.service",
        "systemd-resolved.service", "NetworkManager.service", "network.service", "wicked.service",
        "cloud-init.service",
        "cloud-init-local.service", "cloud-config.service", "cloud-final.service", "qemu-guest-agent.service",
        "firewalld.service", "nftables.service", "ufw.service", "iptables.service",
        "serial-getty@ttyS0.service",
        "initial-setup.service", "jeos-firstboot.service", "systemd-firstboot.service",
        "systemd-udevd.service",
    ]
}
