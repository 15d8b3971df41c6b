/// How Windows starts, once for each firmware it could be started by.
package struct WindowsBootFacts: Sendable, Hashable, Codable {
    package var bios = WindowsBootPath(firmware: .bios)
    package var uefi = WindowsBootPath(firmware: .uefi)
    /// Volumes that hold what BIOS would start, `\bootmgr` or `\ntldr`, whether or not they are active.
    package var managerVolumes: [VolumeID] = []
    /// Those of them that hold a store, too: what an active flag would be of use on.
    package var startableVolumes: [VolumeID] = []

    package init() {}

    package func path(for firmware: Firmware) -> WindowsBootPath { firmware == .bios ? bios : uefi }

    /// The firmware the image is made for: those that find something to start.
    package var firmwares: [Firmware] {
        [bios, uefi].filter { $0.isPresent != .no }.map(\.firmware)
    }
}

/// The way from one firmware to winload and the kernel.
package struct WindowsBootPath: Sendable, Hashable, Codable {
    package var firmware: Firmware
    /// Whether the image carries something for this firmware to start.
    package var isPresent: Answer = .unknown
    /// The steps followed, in order. The first broken one is where the firmware or the boot manager stops. Steps that
    /// are broken or unknown have a code, whose first part is the name of the item they belong to.
    package var steps: [BootStep] = []
    /// What does not stop anything: hidden settings, a loader that is not where tools look for it.
    package var notes: [StructureFinding] = []
    /// The program the firmware comes to: `Windows boot manager`, `GRUB 2`.
    package var loader: String?
    /// The partition the boot manager is started from.
    package var volume: VolumeID?
    /// The boot configuration store the boot manager reads; nil when the way ends before it.
    package var store: WindowsBootStoreFacts?

    package init(firmware: Firmware) { self.firmware = firmware }

    /// The entry that starts by itself.
    package var entry: WindowsBootEntryFacts? { store?.entry }
}

/// A boot configuration store and what it says of the next start.
package struct WindowsBootStoreFacts: Sendable, Hashable, Codable {
    package var volume: VolumeID
    /// On that volume, as Windows writes it: `\EFI\Microsoft\Boot\BCD`.
    package var path: String
    /// `missing`, `corrupt` …; the damage of a store that is read all the same is in `damage`.
    package var state: HiveFacts.State = .clean
    package var message: String?
    package var damage: [String] = []
    /// Where the boot manager believes it is; it only matters to tools that repair.
    package var managerDevice: WindowsBootDeviceFacts?
    /// Seconds the menu waits, if there is one.
    package var timeout: UInt64?
    /// How many entries the menu has.
    package var entryCount = 0
    /// Objects that are started once, before anything else.
    package var oneShot: [WindowsBootObject] = []
    /// The program that is started instead when the boot manager was told to resume a hibernated Windows.
    package var resume: WindowsBootObject?
    /// The entry that starts by itself.
    package var entry: WindowsBootEntryFacts?

    package init(volume: VolumeID, path: String) {
        self.volume = volume
        self.path = path
    }
}

/// An object of the store that can be started.
package struct WindowsBootObject: Sendable, Hashable, Codable {
    /// As `bcdedit` calls it: `{memdiag}`, or its GUID in braces.
    package var name: String
    package var title: String?
    /// `Windows boot loader`, `memory test` …
    package var kind: String
    /// A Windows PE, or a RAM disk: a recovery environment or a setup.
    package var isTemporary: Bool
    package var evidence: Evidence

    package init(name: String, title: String?, kind: String, isTemporary: Bool, evidence: Evidence) {
        self.name = name
        self.title = title
        self.kind = kind
        self.isTemporary = isTemporary
        self.evidence = evidence
    }
}

/// The entry that starts by itself, and what it leads to.
package struct WindowsBootEntryFacts: Sendable, Hashable, Codable {
    package var object: WindowsBootObject
    /// Whether it is a loader of Windows.
    package var isLoader: Bool
    /// Where the loader is (`device`).
    package var device: WindowsBootDeviceFacts?
    /// Where Windows is (`osdevice`).
    package var osDevice: WindowsBootDeviceFacts?
    /// The loader's file; what the boot manager takes where the entry names none.
    package var path: String?
    package var pathEvidence: Evidence?
    package var systemRoot: String?
    /// The loader's file, looked at.
    package var loader: ProgramFacts?
    /// The kernel and the HAL it loads, looked at.
    package var kernel: [ProgramFacts] = []
    /// `safeboot`: `minimal`, `network`, `directoryServicesRepair`.
    package var safeBoot: Located<String>?
    /// Settings that are on, by the name `bcdedit` gives them: `testsigning`, `nointegritychecks`, `ems`, `bootems`,
    /// `debug`, `lastknowngood`; `bootstatuspolicy`, `hypervisorlaunchtype`, `recoveryenabled`,
    /// `graphicsmodedisabled` with their values.
    package var settings: [String: Located<String>] = [:]

    package init(object: WindowsBootObject, isLoader: Bool) {
        self.object = object
        self.isLoader = isLoader
    }
}

/// A device element, and the volume of this image it leads to.
package struct WindowsBootDeviceFacts: Sendable, Hashable, Codable {
    /// What it means for this image.
    package enum Resolution: Sendable, Hashable, Codable {
        case volume(VolumeID)
        /// It names another disk than this one.
        case otherDisk
        /// It names this disk, and a partition that is not there.
        case noPartition
        /// No partition has the file that is looked for.
        case notFound
        /// It cannot be decoded, so Windows cannot use it either.
        case invalid(String)
        /// A file that is used as a disk: `ramdisk`, `virtual disk`.
        case insideFile(String)
        /// Such a file that is not there, by its path.
        case missingFile(String)
        /// Could not be decided.
        case unknown(String)
    }

    /// As `bcdedit` would print it, with identities in place of letters.
    package var text: String
    package var resolution: Resolution
    package var evidence: Evidence
    /// The element that names the partition Windows is on, as bytes; nil where the device is right, or does not name a
    /// partition.
    package var replacement: [UInt8]?

    package init(text: String, resolution: Resolution, evidence: Evidence) {
        self.text = text
        self.resolution = resolution
        self.evidence = evidence
    }

    /// The volume it leads to.
    package var volume: VolumeID? { if case .volume(let id) = resolution { id } else { nil } }
}
