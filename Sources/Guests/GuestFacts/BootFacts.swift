/// How the image starts, once for each firmware it could be started by.
package struct BootFacts: Sendable, Hashable, Codable {
    package var bios: BootPath
    package var uefi: BootPath
    /// Kernels by the path the boot entries name.
    package var kernels: [String: KernelFacts] = [:]
    /// Initramfs archives by the path the boot entries name.
    package var initramfs: [String: InitramfsFacts] = [:]
    /// The newest kernel that is installed, with its initramfs, when another one is the default; the next change of
    /// the loader's configuration may start it. Nil when it is the default, or was not looked at.
    package var newestKernel: KernelFacts?
    /// Versions that have a directory in `/lib/modules`.
    package var moduleVersions: [String] = []
    /// What `/etc/default/grub` and its kin intend: key → value.
    package var grubDefaults: [String: Located<String>] = [:]
    /// A `menu.lst` of PV-GRUB, which Xen reads from outside, in an image that nothing else starts.
    package var xenMenu: Evidence?

    package init(bios: BootPath, uefi: BootPath) {
        self.bios = bios
        self.uefi = uefi
    }

    package func path(for firmware: Firmware) -> BootPath { firmware == .bios ? bios : uefi }

    /// The firmware the image is made for: those by which a loader was found.
    package var firmwares: [Firmware] {
        [(Firmware.bios, bios), (.uefi, uefi)].filter { $0.1.isPresent != .no }.map(\.0)
    }
}

/// What starts the guest.
public enum Firmware: String, Sendable, Hashable, Codable, CaseIterable {
    case bios, uefi
}

/// The way from one firmware to a kernel.
package struct BootPath: Sendable, Hashable, Codable {
    package var firmware: Firmware
    /// Whether the image carries something for this firmware to start.
    package var isPresent: Answer
    /// The loader that was recognised: `GRUB 2`, `shim`, `Windows`.
    package var loader: String?
    /// The steps followed, in order. The first broken one is where the firmware or the loader stops.
    package var steps: [BootStep] = []
    /// The entry that starts by itself; nil when the way stops before.
    package var entry: BootEntry?
    /// Entries besides the default one.
    package var otherEntries: [BootEntry] = []
    /// Findings that do not stop anything: unknown commands, failed searches, a wait without end.
    package var notes: [StructureFinding] = []
    /// The EFI programs on the way and the kernel, as far as firmware or shim verify them.
    package var programs: [BootProgram] = []

    package init(firmware: Firmware, isPresent: Answer) {
        self.firmware = firmware
        self.isPresent = isPresent
    }
}

/// A program that is verified where Secure Boot is on.
package struct BootProgram: Sendable, Hashable, Codable {
    package var path: String
    /// `shim`, `grub`, `systemdBoot`, `kernel` …
    package var role: String
    /// Whether it carries certificates. Whose they are is not known.
    package var isSigned: Bool

    package init(path: String, role: String, isSigned: Bool) {
        self.path = path
        self.role = role
        self.isSigned = isSigned
    }
}

/// One step on the way to a kernel.
package struct BootStep: Sendable, Hashable, Codable {
    /// Whether the step works out.
    package enum State: String, Sendable, Hashable, Codable {
        case holds, broken, unknown
    }

    /// `true` for what the firmware does, `false` for what the loader does.
    package var isFirmware: Bool
    package var state: State
    /// Stable code of a break: `BootLoader.CoreMissing`. Empty while the step holds.
    package var code: String
    package var message: String
    package var evidence: [Evidence]

    package init(
        isFirmware: Bool, state: State, code: String = "", message: String, evidence: [Evidence] = []
    ) {
        self.isFirmware = isFirmware
        self.state = state
        self.code = code
        self.message = message
        self.evidence = evidence
    }
}

/// An entry of a boot menu, as far as it leads to a kernel.
package struct BootEntry: Sendable, Hashable, Codable {
    package var title: String
    package var id: String?
    package var source: Evidence
    /// As the guest sees them: with `/boot` in front where it is a volume of its own.
    package var kernelPath: String?
    package var kernelEvidence: Evidence?
    package var initramfsPaths: [String] = []
    package var initramfsEvidence: Evidence?
    package var commandLine: CommandLineFacts
    /// What goes wrong when the entry is started: `Grub.KernelMissing`, `Grub.InitrdMissing` …
    package var problems: [StructureFinding] = []
    /// Chain loaders, Xen and other things that are not followed.
    package var notFollowed: String?
    /// The hypervisor that is started in front of the kernel.
    package var hypervisor: String?

    package init(title: String, source: Evidence, commandLine: CommandLineFacts) {
        self.title = title
        self.source = source
        self.commandLine = commandLine
    }
}

/// The kernel command line of an entry.
package struct CommandLineFacts: Sendable, Hashable, Codable {
    /// `name` or `name=value`.
    package struct Parameter: Sendable, Hashable, Codable {
        package var name: String
        package var value: String?

        package init(name: String, value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    package var text: String
    package var parameters: [Parameter]
    package var evidence: Evidence
    /// What `root=` means for this image.
    package var root: RootReference?

    package init(text: String, parameters: [Parameter], evidence: Evidence) {
        self.text = text
        self.parameters = parameters
        self.evidence = evidence
    }

    /// The parameters as they stand in the line.
    package var words: [String] {
        parameters.map { parameter in parameter.value.map { "\(parameter.name)=\($0)" } ?? parameter.name }
    }

    /// Whether the root is mounted writable from the start: `rw` after any `ro`.
    package var rootIsWritable: Bool {
        parameters.last { $0.name == "rw" || $0.name == "ro" }?.name == "rw"
    }

    /// The value of the last parameter called `name`, "" when it stands alone.
    package func last(_ name: String) -> String? {
        parameters.last { $0.name == name }.map { $0.value ?? "" }
    }

    /// All values of parameters called `name`.
    package func all(_ name: String) -> [String] {
        parameters.filter { $0.name == name }.map { $0.value ?? "" }
    }
}

/// What `root=` names, and who has to find it.
package struct RootReference: Sendable, Hashable, Codable {
    package var specification: String
    package var resolution: DeviceResolution
    /// UUID= and LABEL= exist only in user space: without an initramfs the kernel cannot resolve them.
    package var needsInitramfs: Bool
    /// What `rootflags=` selects of a btrfs; nil for other file systems, or when its subvolumes are not known.
    package var subvolume: SubvolumeReference?

    package init(specification: String, resolution: DeviceResolution, needsInitramfs: Bool) {
        self.specification = specification
        self.resolution = resolution
        self.needsInitramfs = needsInitramfs
    }
}

/// What a device name of fstab or the command line means in this image.
package enum DeviceResolution: Sendable, Hashable, Codable {
    /// A volume of this image, by a name that stays the same on every bus.
    case volume(VolumeID)
    /// Several volumes carry the name; which one is taken is chance.
    case ambiguous([VolumeID])
    /// No volume of this image has the name.
    case notFound
    /// The name would match but for its case, so the link in `/dev/disk` has another name.
    case caseMismatch(VolumeID)
    /// A kernel name such as `/dev/sda1`: which bus has it, which disk, which partition, and the volume of this
    /// image that has it when the disk is the first one.
    case kernelName(KernelDeviceName, VolumeID?)
    /// `/dev/disk/by-path`, `by-id`: bound to the hardware of the source.
    case hardwarePath
    /// A network file system or a remote device.
    case network
    /// proc, tmpfs and the like: no device.
    case virtual
    /// A file or directory of the guest (swap file, bind mount, loop): whether it is there.
    case file(exists: Answer)
    /// Could not be decided.
    case unknown(Gap)
}

/// A disk's name as the kernel gives it by bus and order.
package struct KernelDeviceName: Sendable, Hashable, Codable {
    /// `sd`, `vd`, `xvd`, `hd`, `nvme`, `mmcblk`.
    package var prefix: String
    /// 0 for the first disk.
    package var disk: Int
    package var partition: Int?

    package init(prefix: String, disk: Int, partition: Int?) {
        self.prefix = prefix
        self.disk = disk
        self.partition = partition
    }
}

/// A kernel and its modules.
package struct KernelFacts: Sendable, Hashable, Codable {
    /// What the file at the kernel's path is.
    package enum Image: String, Sendable, Hashable, Codable {
        case good, missing, notAKernel, truncated, unreadable
    }

    package var path: String
    package var image: Image
    /// The reason in words when the image is not good.
    package var imageDetail: String?
    /// From the image's header, else from the file name.
    package var version: String?
    package var architecture: String?
    /// Whether `/lib/modules/VERSION` with its `modules.dep` is there.
    package var modulesPresent: Answer
    /// By module name with underscores.
    package var drivers: [String: DriverFacts] = [:]
    /// `CONFIG_` options that checks ask about; nil when no configuration could be read.
    package var configuration: [String: String]?
    package var gap: Gap?

    package init(path: String, image: Image, modulesPresent: Answer) {
        self.path = path
        self.image = image
        self.modulesPresent = modulesPresent
    }
}

/// Where a driver is, for one kernel and the initramfs of its entry.
package struct DriverFacts: Sendable, Hashable, Codable {
    /// From the strongest to the weakest.
    package enum State: String, Sendable, Hashable, Codable {
        /// In the kernel itself.
        case builtin
        /// In the initramfs of the entry, with everything it depends on.
        case initramfs
        /// Only in `/lib/modules`, so it comes after the root file system.
        case module
        case absent
        /// The module tree, the built-in list or the archive could not be read.
        case unknown
    }

    package var state: State
    /// Why udev would not load it from the initramfs although it is there.
    package var blockedEarly: Evidence?
    /// Why udev would not load it in the running system.
    package var blockedLate: Evidence?
    /// Modules it needs that are in the wrong place.
    package var missingDependencies: [String] = []
    /// `options` lines of modprobe.d that hold where it is loaded: those of the initramfs for a driver that comes from
    /// there.
    package var options: [Located<String>] = []
    package var evidence: [Evidence] = []
    package var gap: Gap?

    package init(_ state: State, evidence: [Evidence] = []) {
        self.state = state
        self.evidence = evidence
    }
}

/// The initial file system of an entry.
package struct InitramfsFacts: Sendable, Hashable, Codable {
    /// What the kernel will be able to do with it.
    package enum State: String, Sendable, Hashable, Codable {
        case good, missing, empty, corrupt, unreadable
    }

    package var path: String
    package var state: State
    package var detail: String?
    /// `initramfs-tools`, `dracut`, `mkinitcpio` …
    package var generator: String?
    package var memberCount: Int = 0
    /// Whether `/init` is there and can be started.
    package var hasInit: Answer = .unknown
    package var initProblem: String?
    /// Kernel versions whose modules it holds.
    package var kernelVersions: [String] = []
    /// The version of that program, where the archive says it and it matters: 59 for dracut 059.
    package var generatorVersion: Int?
    /// The image inside that `/init` mounts over everything; all that is said here is of what it holds.
    package var payload: PayloadFacts?
    /// A payload inside that is not read (erofs of dracut): what is not found may be in there.
    package var unreadPayload: String?
    /// Devices for which it waits besides the root.
    package var awaited: [AwaitedDevice] = []
    /// Programs that root stacks need: `lvm`, `mdadm`, `cryptsetup`.
    package var tools: [String] = []
    /// The device to resume from, as the archive has it; nil where the command line says another.
    package var resume: Located<String>?
    /// What that device is here, or the one of the command line.
    package var resumeResolution: DeviceResolution?
    /// How it brings up LVM, arrays and btrfs.
    package var storage = EarlyStorage()
    /// Pins of a host-only archive that name hardware, or a root that does not exist.
    package var pins: [Located<String>] = []
    /// The script in it that grows the partition of the root.
    package var growsRoot: Evidence?
    package var uncompressedSize: UInt64 = 0
    package var gap: Gap?

    package init(path: String, state: State) {
        self.path = path
        self.state = state
    }
}

/// The image of a file system inside an initramfs (dracut's `squashfs-root.img`).
package struct PayloadFacts: Sendable, Hashable, Codable {
    /// Its path in the archive.
    package var path: String
    /// The modules that have to be loaded before it can be mounted.
    package var drivers: [String]

    package init(path: String, drivers: [String]) {
        self.path = path
        self.drivers = drivers
    }
}

/// A device that an initramfs waits for, and without which it gives up.
package struct AwaitedDevice: Sendable, Hashable, Codable {
    /// As the archive names it: `/dev/disk/by-uuid/…`.
    package var device: String
    package var resolution: DeviceResolution
    package var evidence: Evidence

    package init(device: String, resolution: DeviceResolution, evidence: Evidence) {
        self.device = device
        self.resolution = resolution
        self.evidence = evidence
    }
}
