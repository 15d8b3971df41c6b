import GuestFacts
import Targets

/// Literal facts for the examples of the checks: a healthy Debian 12 on one ext4 partition, started by BIOS
/// from an MBR disk, to be launched on a cloud with virtio-blk and NVMe disks.
struct ExampleFacts {
    static let uuid = "c8bd713e-8c60-424b-ae08-0643f88aad52"
    static let noSuchUUID = "deadbeef-0000-4000-8000-000000000000"
    static let version = "6.1.0-50-amd64"
    static let kernelPath = "/boot/vmlinuz-6.1.0-50-amd64"
    static let initramfsPath = "/boot/initrd.img-6.1.0-50-amd64"
    static let virtioBIOS = Launch(disk: .virtioBlk, firmware: .bios)
    static let nvmeBIOS = Launch(disk: .nvme, firmware: .bios)
    static let virtioUEFI = Launch(disk: .virtioBlk, firmware: .uefi)
    static let scsiBIOS = Launch(disk: .virtioSCSI, firmware: .bios)

    var image: ImageFacts
    var linux: LinuxFacts
    var target = Target.alibabaECS
    var launches = [ExampleFacts.virtioBIOS, ExampleFacts.nvmeBIOS]
    var systemCount = 1

    init() {
        image = ExampleFacts.healthyImage()
        linux = ExampleFacts.healthyLinux()
    }

    var context: CheckContext {
        CheckContext(
            image: image, system: .linux(linux), systemCount: systemCount, target: target, launches: launches,
            now: 1_795_400_000)
    }

    /// The default entry of the BIOS path.
    var entry: BootEntry {
        get { linux.boot.bios.entry ?? ExampleFacts.healthyEntry() }
        set { linux.boot.bios.entry = newValue }
    }

    /// The kernel of the default entry.
    var kernel: KernelFacts {
        get {
            linux.boot.kernels[ExampleFacts.kernelPath]
                ?? KernelFacts(path: ExampleFacts.kernelPath, image: .missing, modulesPresent: .no)
        }
        set { linux.boot.kernels[ExampleFacts.kernelPath] = newValue }
    }

    /// The initramfs of the default entry.
    var initramfs: InitramfsFacts {
        get {
            linux.boot.initramfs[ExampleFacts.initramfsPath]
                ?? InitramfsFacts(path: ExampleFacts.initramfsPath, state: .missing)
        }
        set { linux.boot.initramfs[ExampleFacts.initramfsPath] = newValue }
    }

    /// The volume of the root.
    var root: VolumeFacts {
        get { image.volumes.first ?? VolumeFacts(id: "mbr:1", size: 0) }
        set { image.volumes = [newValue] + image.volumes.dropFirst() }
    }

    static let physicalVolume = "aB3dEf-Gh1j-KlM2-nOpQ-rStU-vWxY-z01234"

    /// A filter of LVM that lets nothing but the first SCSI disk through.
    static var sdaOnly: LvmFilterFacts {
        LvmFilterFacts(
            text: "filter = [ \"a|^/dev/sda|\", \"r|.*|\" ]", accepts: ["sd": .yes, "vd": .no, "nvme": .no],
            evidence: Evidence(path: "/etc/lvm/lvm.conf", line: 172))
    }

    /// Puts the root on a logical volume, as the Debian installer does.
    mutating func rootOnLVM() {
        var partition = root
        partition.kind = "LVM2_member"
        partition.uuid = ExampleFacts.physicalVolume
        partition.usage = nil
        partition.features = []
        var volume = root
        volume.id = "lvm:vg0/root"
        volume.partitionNumber = nil
        volume.madeOf = [partition.id]
        volume.logicalVolume = LogicalVolumeFacts(
            group: "vg0", name: "root", groupUUID: "gR0uPx-0000-0000-0000-0000-0000-000001",
            uuid: "vOlUmE-0000-0000-0000-0000-0000-000001", kinds: ["linear"])
        image.volumes = [volume, partition]
        linux.rootVolume = volume.id
        commandLine(
            "root=/dev/mapper/vg0-root ro",
            root: RootReference(
                specification: "/dev/mapper/vg0-root", resolution: .volume(volume.id), needsInitramfs: true))
        linux.mounts.fstab = .known([ExampleFacts.mount("/dev/mapper/vg0-root", "/", volume: volume.id)])
        initramfs.tools = ["lvm"]
        initramfs.storage.lvm = [.event]
        kernel.drivers["dm_mod"] = DriverFacts(.initramfs)
    }

    /// Puts the root into the subvolume @ of a btrfs, of which the command line mounts `selected`.
    mutating func rootOnSubvolume(_ selected: SubvolumeReference) {
        root.kind = "btrfs"
        linux.rootSubvolume = RootSubvolume(id: 256, path: "@", decision: .content)
        var reference = RootReference(
            specification: "UUID=\(ExampleFacts.uuid)", resolution: .volume(root.id), needsInitramfs: true)
        reference.subvolume = selected
        let flags = selected.stated.map { " rootflags=\($0)" } ?? ""
        commandLine("root=UUID=\(ExampleFacts.uuid) ro\(flags)", root: reference)
    }

    /// Puts the root on a mirror of two partitions.
    mutating func rootOnArray() {
        var partition = root
        partition.kind = "linux_raid_member"
        partition.usage = nil
        partition.features = []
        var volume = root
        volume.id = "md:root"
        volume.partitionNumber = nil
        volume.madeOf = [partition.id]
        volume.array = ArrayFacts(
            name: "web01:root", uuid: "01234567:89abcdef:01234567:89abcdef", level: "raid1", metadata: "1.2",
            deviceCount: 2, presentCount: 2)
        image.volumes = [volume, partition]
        linux.rootVolume = volume.id
        let reference = RootReference(
            specification: "UUID=\(ExampleFacts.uuid)", resolution: .volume(volume.id), needsInitramfs: true)
        commandLine("root=UUID=\(ExampleFacts.uuid) ro", root: reference)
        linux.mounts.fstab = .known([ExampleFacts.mount("UUID=\(ExampleFacts.uuid)", "/", volume: volume.id)])
        initramfs.tools = ["mdadm"]
        initramfs.storage.assemblesArrays = .yes
        kernel.drivers["raid1"] = DriverFacts(.initramfs)
    }

    /// Gives the default entry another command line.
    mutating func commandLine(_ text: String, root: RootReference? = nil) {
        var line = ExampleFacts.commandLine(text)
        line.root = root ?? entry.commandLine.root
        entry.commandLine = line
    }

    /// Replaces the entries of fstab.
    mutating func fstab(_ entries: MountEntry...) { linux.mounts.fstab = .known(entries) }

    /// Makes the image one that UEFI starts, from GPT.
    mutating func startByUEFI() {
        let entry = linux.boot.bios.entry
        linux.boot.bios = BootPath(firmware: .bios, isPresent: .no)
        linux.boot.uefi.isPresent = .yes
        linux.boot.uefi.loader = "shim"
        linux.boot.uefi.entry = entry
        linux.boot.uefi.steps = [
            BootStep(isFirmware: true, state: .holds, message: "EFI/BOOT/BOOTX64.EFI is an EFI program")
        ]
        launches = launches.map { Launch(disk: $0.disk, firmware: .uefi) }
        image.partitions?.kind = .gpt
        image.partitions?.partitions = [
            PartitionFacts(
                number: 1, offset: 1 << 20, size: 64 << 20, type: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
                isEFISystem: true, volume: "gpt:1"),
            PartitionFacts(
                number: 2, offset: 65 << 20, size: 3_152_019_456,
                type: "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
                volume: "gpt:2"),
        ]
        var volume = root
        volume.id = "gpt:2"
        image.volumes = [volume, VolumeFacts(id: "gpt:1", size: 64 << 20)]
        linux.rootVolume = "gpt:2"
        let reference = RootReference(
            specification: "UUID=\(ExampleFacts.uuid)", resolution: .volume("gpt:2"), needsInitramfs: true)
        linux.boot.uefi.entry?.commandLine.root = reference
        linux.mounts.fstab = .known([ExampleFacts.mount("UUID=\(ExampleFacts.uuid)", "/", volume: "gpt:2")])
    }

    /// An entry of fstab on line 3.
    static func mount(
        _ specification: String, _ mountPoint: String, type: String = "ext4",
        options: [String] = ["defaults"],
        resolution: DeviceResolution? = nil, volume: VolumeID = "mbr:1", required: Bool = true
    ) -> MountEntry {
        MountEntry(
            specification: specification, mountPoint: mountPoint, type: type, options: options,
            resolution: resolution ?? .volume(volume), isRequired: required,
            evidence: Evidence(
                path: "/etc/fstab", line: 3,
                excerpt: "\(specification) \(mountPoint) \(type) \(options.joined(separator: ",")) 0 0"))
    }

    /// A line for a file system without a device whose last field ends in a carriage return.
    static func virtualMount(_ type: String, _ mountPoint: String, _ options: String?) -> MountEntry {
        var entry = mount(
            type, mountPoint, type: type, options: options.map { [$0] } ?? [], resolution: .virtual)
        entry.badOptions = ["\(options ?? type)\\r"]
        entry.ifRefused = .emergency
        return entry
    }

    static func commandLine(_ text: String) -> CommandLineFacts {
        let parameters = text.split(separator: " ").map { word in
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            return CommandLineFacts.Parameter(name: parts[0], value: parts.count > 1 ? parts[1] : nil)
        }
        return CommandLineFacts(
            text: text, parameters: parameters,
            evidence: Evidence(
                path: "/boot/grub/grub.cfg", line: 117, excerpt: "linux \(kernelPath) \(text)"))
    }

    private static func healthyImage() -> ImageFacts {
        var image = ImageFacts(
            container: ContainerFacts(format: "raw", virtualSize: 3 << 30, fileSize: 3 << 30))
        var table = PartitionTableFacts(kind: .mbr, sectorSize: 512)
        table.identity = "5f0c1b2a"
        table.partitions = [
            PartitionFacts(
                number: 1, offset: 1 << 20, size: 3_220_176_896, type: "0x83", partUUID: "5f0c1b2a-01",
                active: true, volume: "mbr:1")
        ]
        image.partitions = table
        var root = VolumeFacts(id: "mbr:1", size: 3_220_176_896)
        root.kind = "ext4"
        root.uuid = uuid
        root.partitionNumber = 1
        root.features = ["64bit", "metadata_csum", "has_journal", "extent"]
        root.usage = VolumeUsage(
            totalBytes: 3_220_176_896, freeBytes: 2_148_532_224, availableBytes: 1_984_954_368,
            totalInodes: 196_608, freeInodes: 170_000)
        image.volumes = [root]
        return image
    }

    private static func healthyEntry() -> BootEntry {
        var line = commandLine("root=UUID=\(uuid) ro console=tty0 console=ttyS0,115200n8 \(nvmeTimeouts)")
        line.root = RootReference(
            specification: "UUID=\(uuid)", resolution: .volume("mbr:1"), needsInitramfs: true)
        var entry = BootEntry(
            title: "Debian GNU/Linux", source: Evidence(path: "/boot/grub/grub.cfg", line: 105),
            commandLine: line)
        entry.kernelPath = kernelPath
        entry.kernelEvidence = line.evidence
        entry.initramfsPaths = [initramfsPath]
        entry.initramfsEvidence = Evidence(
            path: "/boot/grub/grub.cfg", line: 118, excerpt: "initrd \(initramfsPath)")
        return entry
    }

    static let nvmeTimeouts = "nvme_core.io_timeout=4294967295 nvme_core.admin_timeout=4294967295"

    private static func healthyBoot() -> BootFacts {
        var bios = BootPath(firmware: .bios, isPresent: .yes)
        bios.loader = "GRUB 2"
        bios.steps = [
            BootStep(isFirmware: true, state: .holds, message: "the MBR holds GRUB's boot code"),
            BootStep(isFirmware: false, state: .holds, message: "/boot/grub/grub.cfg was read"),
        ]
        bios.entry = healthyEntry()
        var boot = BootFacts(bios: bios, uefi: BootPath(firmware: .uefi, isPresent: .no))
        var kernel = KernelFacts(path: kernelPath, image: .good, modulesPresent: .yes)
        kernel.version = version
        kernel.architecture = "x86_64"
        for name in [
            "virtio_pci", "virtio_blk", "virtio_scsi", "sd_mod", "nvme", "ahci", "ata_piix", "hv_vmbus",
            "hv_storvsc", "xen_blkfront", "ext4",
            "virtio_net",
        ] {
            kernel.drivers[name] = DriverFacts(
                .initramfs, evidence: [Evidence(path: initramfsPath, excerpt: "\(name).ko")])
        }
        boot.kernels[kernelPath] = kernel
        var initramfs = InitramfsFacts(path: initramfsPath, state: .good)
        initramfs.generator = "initramfs-tools"
        initramfs.memberCount = 1412
        initramfs.hasInit = .yes
        initramfs.kernelVersions = [version]
        boot.initramfs[initramfsPath] = initramfs
        boot.moduleVersions = [version]
        return boot
    }

    private static func healthyLinux() -> LinuxFacts {
        var identity = OSIdentity()
        identity.distribution = "debian"
        identity.family = .debian
        identity.name = "Debian GNU/Linux 12 (bookworm)"
        identity.version = "12.15"
        identity.versionID = "12"
        identity.codename = "bookworm"
        identity.architecture = "x86_64"
        identity.hostname = "web01"
        identity.evidence = [Evidence(path: "/etc/os-release"), Evidence(path: "/etc/debian_version")]
        identity.packages = ["cloud-init": "22.4.2-1", "openssh-server": "1:9.2p1-2+deb12u7"]
        let initProgram = Located(
            InitFacts.Program.systemd, Evidence(path: "/sbin/init", excerpt: "-> /lib/systemd/systemd"))
        var initSystem = InitFacts(program: .known(initProgram))
        initSystem.architecture = "x86_64"
        initSystem.defaultTarget = .known(
            Located("graphical.target", Evidence(path: "/lib/systemd/system/default.target")))
        initSystem.topLevelLinks = [
            TopLevelLink(path: "/lib", state: .relativeLink, target: "usr/lib"),
            TopLevelLink(path: "/lib64", state: .relativeLink, target: "usr/lib64"),
        ]
        var linux = LinuxFacts(
            rootVolume: "mbr:1", identity: identity, boot: healthyBoot(),
            mounts: MountFacts(fstab: .known([mount("UUID=\(uuid)", "/")])), initSystem: initSystem,
            services: ServiceFacts(), network: healthyNetwork(), access: healthyAccess(),
            cloudInit: CloudInitFacts(),
            operation: OperationFacts(), hygiene: HygieneFacts())
        linux.cloudInit = healthyCloudInit()
        linux.operation.timeZone = Located(
            "Etc/UTC", Evidence(path: "/etc/localtime", excerpt: "-> /usr/share/zoneinfo/Etc/UTC"))
        linux.operation.timeZoneExists = .yes
        linux.hygiene.machineID = .known(.empty)
        linux.operation.agents = [
            AgentFacts(
                name: "cloud-assistant", evidence: Evidence(path: "/usr/sbin/aliyun-service"), enabled: .yes),
            AgentFacts(
                name: "security-center", evidence: Evidence(path: "/usr/local/aegis/aegis_client"),
                enabled: .yes),
        ]
        return linux
    }

    private static func healthyNetwork() -> NetworkFacts {
        var network = NetworkFacts(
            naming: Located(.predictable, Evidence(path: "/lib/systemd/network/99-default.link")))
        network.activeManagers[.networkd] = [Evidence(path: "/etc/systemd/system/multi-user.target.wants")]
        network.interfaces = [
            InterfaceFacts(
                manager: .networkd, match: InterfaceFacts.Match(names: ["en*", "eth*"]), method: .dhcp,
                startsAtBoot: true, appliesToPrimary: .yes,
                evidence: Evidence(
                    path: "/etc/systemd/network/80-dhcp.network", line: 2, excerpt: "Name=en* eth*"))
        ]
        return network
    }

    /// The account an administrator logs in with.
    static func rootAccount() -> AccountFacts {
        var account = AccountFacts(
            name: "root", uid: 0, shell: "/bin/bash", shellExists: .yes, shellAllowsLogin: true,
            home: "/root",
            homeExists: .yes, password: .set, isExpired: false, authorizedKeys: 0,
            evidence: Evidence(path: "/etc/passwd", line: 1, excerpt: "root:x:0:0:root:/root:/bin/bash"))
        account.sshWithPassword = .yes
        account.sshWithKey = .yes
        return account
    }

    private static func healthyAccess() -> AccessFacts {
        var ssh = SSHFacts(starts: .yes)
        ssh.server = "/usr/sbin/sshd"
        ssh.version = "9.2p1"
        ssh.permitRootLogin = Located("yes", Evidence(path: "/etc/ssh/sshd_config", line: 12))
        ssh.passwordAuthentication = Located(true, Evidence(path: "/etc/ssh/sshd_config", line: 14))
        ssh.hostKeyGenerator = Evidence(path: "/usr/bin/cloud-init")
        var shadow = ShadowFacts(present: .yes)
        shadow.permissions = 0o640
        var access = AccessFacts(
            ssh: ssh, accounts: .known([rootAccount()]), shadow: shadow, firewall: FirewallFacts())
        access.accountTools = ["passwd", "chpasswd", "useradd", "groupadd"].map { name in
            AccountToolFacts(name: name, path: name == "passwd" ? "/usr/bin/passwd" : "/usr/sbin/\(name)")
        }
        access.accountTools[0].isSetUID = true
        return access
    }

    private static func healthyCloudInit() -> CloudInitFacts {
        var cloudInit = CloudInitFacts()
        cloudInit.program = Evidence(path: "/usr/bin/cloud-init")
        cloudInit.version = "22.4.2"
        cloudInit.enabled = .yes
        cloudInit.runsGrowpart = .yes
        cloudInit.runsResizefs = .yes
        cloudInit.growTools = ["growpart": true, "sfdisk": true, "resize2fs": true]
        cloudInit.disableRoot = false
        return cloudInit
    }
}

extension CheckContext {
    /// The healthy guest of the examples after `change`.
    static func example(_ change: (inout ExampleFacts) -> Void = { _ in }) -> CheckContext {
        var facts = ExampleFacts()
        change(&facts)
        return facts.context
    }

    /// An image without any system.
    static func withoutSystem(_ change: (inout ImageFacts) -> Void = { _ in }) -> CheckContext {
        var context = ExampleFacts().context
        context.system = nil
        context.systemCount = 0
        change(&context.image)
        return context
    }
}

extension Gap {
    /// A file of the examples that could not be read.
    static func example(_ path: String) -> Gap {
        Gap(where: path, kind: .corrupt, message: "block 812345 is outside the file system")
    }
}
