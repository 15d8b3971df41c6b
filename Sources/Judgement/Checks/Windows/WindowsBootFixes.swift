import GuestFacts
import Targets

/// What mends a broken start of Windows, with the partitions of this image.
///
/// Commands of Windows run in Windows PE, started from an installation medium with the image's disk attached; drive
/// letters there are given out anew, so the commands give the partitions the letters W and S first.
struct WindowsBootFixes {
    private let path: WindowsBootPath
    private let windows: WindowsFacts
    private let image: ImageFacts

    init(_ path: WindowsBootPath, _ windows: WindowsFacts, _ image: ImageFacts) {
        self.path = path
        self.windows = windows
        self.image = image
    }

    /// The fixes of a broken step.
    func fixes(for code: String) -> [Fix] {
        switch code {
        case "BootLoader.NoSignature":
            [
                Fix(
                    "Put the signature of the first sector back", kind: .autoEdit,
                    commands: raw(["printf '\\125\\252' | dd of=/dev/nbd0 bs=1 seek=510 conv=notrunc"]))
            ]
        case "BootLoader.NotInstalled", "BootMgr.BootSector": [bootSector]
        case "BootMgr.NoActivePartition", "BootMgr.SeveralActive": activate + [bootSector]
        case "BootMgr.HiddenSectors": hiddenSectors + [bootSector]
        case "BootMgr.Compressed", "BootMgr.Encrypted":
            [
                Fix(
                    "Store bootmgr uncompressed, in the running source system", where: .online, kind: .online,
                    commands: [
                        code == "BootMgr.Encrypted"
                            ? #"cipher /d S:\bootmgr"# : #"compact /u /a /i /f S:\bootmgr"#
                    ]), bootFiles,
            ]
        case "BootMgr.Missing": (path.firmware == .bios ? activate : []) + [bootFiles]
        case "EfiFallback.Missing", "EfiFallback.Invalid", "EfiFallback.Incomplete": fallback + [bootFiles]
        case "BCD.DeviceMismatch", "BCD.OtherSystem": (devices.map { [$0] } ?? []) + [bootFiles]
        case "BCD.FirmwareMismatch": [loaderPath, bootFiles].compactMap { $0 }
        case "BCD.NotWindows", "BCD.RecoveryDefault":
            [
                Fix(
                    "Make the installed Windows the default entry; `bcdedit /enum` lists the entries",
                    where: .online,
                    kind: .online, risk: .medium, commands: ["bcdedit /default {current}"])
            ]
        case "OSLoader.KernelMissing", "OSLoader.KernelDamaged", "OSLoader.KernelWrongArchitecture":
            [
                Fix(
                    "Restore the system files from the component store, in Windows PE", kind: .manual,
                    risk: .medium,
                    commands: letters + [
                        #"sfc /scannow /offbootdir=W:\ /offwindir=W:\Windows"#,
                        #"dism /image:W:\ /cleanup-image /restorehealth"#,
                    ])
            ]
        case "OSLoader.Missing", "OSLoader.Damaged", "OSLoader.WrongArchitecture":
            [
                Fix(
                    "Restore the loader from the component store, in Windows PE with this disk as disk 0",
                    kind: .manual, risk: .medium,
                    commands: letters + [
                        #"sfc /scanfile=W:\Windows\System32\\#(loaderName) /offbootdir=W:\ /offwindir=W:\Windows"#
                    ]), bootFiles,
            ]
        default: [bootFiles]
        }
    }

    private var isUEFI: Bool { path.firmware == .uefi }
    private var loaderName: String { isUEFI ? "winload.efi" : "winload.exe" }

    // MARK: Partitions

    private func number(_ volume: VolumeID?) -> Int? { image.volume(volume)?.partitionNumber }

    /// The partition the firmware reads: the one it was followed to, else the one that looks like it.
    private var systemPartition: Int? {
        let partitions = image.partitions?.partitions ?? []
        if isUEFI { return number(path.volume) ?? partitions.first(where: \.isEFISystem)?.number }
        return number(windows.boot.startableVolumes.first) ?? partitions.first(where: \.active)?.number
            ?? number(windows.rootVolume)
    }

    /// Gives the Windows partition the letter W and the one with the boot files S.
    private var letters: [String] {
        guard let root = number(windows.rootVolume), let system = systemPartition else { return [] }
        if root == system {
            return ["(echo select disk 0& echo select partition \(root)& echo assign letter=W) | diskpart"]
        }
        return [
            "(echo select disk 0& echo select partition \(system)& echo assign letter=S& echo select partition \(root)& echo assign letter=W) | diskpart"
        ]
    }

    /// The letter of the volume with the boot files.
    private var systemLetter: String {
        number(windows.rootVolume) == systemPartition ? "W:" : "S:"
    }

    /// Commands on the bytes of the disk, which an image that is not raw only has as a block device.
    private func raw(_ commands: [String]) -> [String] {
        ["qemu-nbd --connect=/dev/nbd0 IMAGE"] + commands + ["qemu-nbd --disconnect /dev/nbd0"]
    }

    // MARK: Fixes

    /// Writes boot files and a new store from what Windows carries in itself.
    var bootFiles: Fix {
        let directory = windows.systemRoot.split(separator: "/").joined(separator: "\\")
        return Fix(
            "Write the boot files and a new store, in Windows PE with this disk as disk 0", kind: .manual,
            risk: .medium,
            commands: letters
                + [#"bcdboot W:\\#(directory) /s \#(systemLetter) /f \#(isUEFI ? "UEFI" : "BIOS")"#])
    }

    private var bootSector: Fix {
        Fix(
            "Write the boot code of disk and partition, in Windows PE with this disk as disk 0",
            kind: .manual,
            risk: .medium,
            commands: letters
                + ["bootsect /nt60 \(systemLetter) /mbr /force", "bootrec /fixboot"])
    }

    /// The active flag on the one partition that has something to start.
    private var activate: [Fix] {
        let startable = windows.boot.startableVolumes
        guard startable.count == 1, let wanted = number(startable.first), let table = image.partitions else {
            return []
        }
        let others = table.partitions.filter { $0.active && $0.number != wanted }
        let commands =
            others.map { "part-set-bootable /dev/sda \($0.number) false" }
            + ["part-set-bootable /dev/sda \(wanted) true"]
        return [
            Fix(
                "Make partition \(wanted), which holds the boot manager, the only active one",
                kind: .autoEdit,
                commands: ["guestfish -a IMAGE run : " + commands.joined(separator: " : ")])
        ]
    }

    /// The four bytes at 0x1C of the boot record, and those of its copy in the last sector.
    private var hiddenSectors: [Fix] {
        guard let partition = image.partitions?.partitions.first(where: { $0.volume == path.volume }),
            let table = image.partitions, table.sectorSize > 0
        else { return [] }
        let start = partition.offset / UInt64(table.sectorSize)
        let octal = (0..<4).map { index -> String in
            let byte = String(UInt8(truncatingIfNeeded: start >> (8 * index)), radix: 8)
            return "\\" + String(repeating: "0", count: 3 - byte.count) + byte
        }.joined()
        return [
            Fix(
                "Write the start of the partition, sector \(start), into its boot record", kind: .autoEdit,
                commands: raw([
                    "printf '\(octal)' | dd of=/dev/nbd0 bs=1 seek=\(partition.offset + 0x1C) conv=notrunc"
                ]))
        ]
    }

    /// The copy of the boot manager that a new instance starts.
    private var fallback: [Fix] {
        let hasManager = path.breakStep?.evidence.contains { $0.excerpt == "is there" } ?? false
        guard hasManager, let partition = systemPartition else { return [] }
        let name = windows.identity.architecture == "arm64" ? "BOOTAA64.EFI" : "BOOTX64.EFI"
        return [
            Fix(
                "Copy the boot manager to the removable path", kind: .autoEdit,
                commands: [
                    "guestfish -a IMAGE -m /dev/sda\(partition) mkdir-p /EFI/BOOT : cp /EFI/Microsoft/Boot/bootmgfw.efi /EFI/BOOT/\(name)"
                ])
        ]
    }

    /// A change of the store, from fetching the file to putting it back.
    func store(_ title: String, risk: Fix.Risk = .low, _ changes: [RegistryEdit.Change]) -> Fix? {
        guard let store = path.store, !changes.isEmpty else { return nil }
        var fix = Fix.registry(title, hive: "BCD", risk: risk, changes)
        if let partition = number(store.volume) {
            let file = store.path.split(separator: "\\").joined(separator: "/")
            let shell = "guestfish -a IMAGE -m /dev/sda\(partition)"
            fix.commands =
                ["\(shell) download \(quoted("/" + file)) BCD"] + fix.commands
                + ["\(shell) upload BCD \(quoted("/" + file))"]
        }
        return fix
    }

    /// Element keys of the store as `.reg` files name them: `HKLM\BCD00000000\Objects\…`.
    static func key(_ evidence: Evidence) -> String? {
        guard let path = evidence.path, path.hasPrefix("BCD\\") else { return nil }
        return "HKLM\\BCD00000000\\" + path.dropFirst("BCD\\".count)
    }

    /// The devices of the default entry and of the boot manager that are wrong, with the identities of this disk.
    private var devices: Fix? {
        let all = [path.entry?.device, path.entry?.osDevice, path.store?.managerDevice]
        let changes = all.compactMap { device -> RegistryEdit.Change? in
            guard let device, let bytes = device.replacement, let key = Self.key(device.evidence) else {
                return nil
            }
            return .set(key: key, name: "Element", .binary(bytes))
        }
        return store("Name the partitions of this disk in the boot configuration", changes)
    }

    private var loaderPath: Fix? {
        guard let entry = path.entry, let evidence = entry.pathEvidence, let key = Self.key(evidence) else {
            return nil
        }
        let directory = windows.systemRoot.split(separator: "/").joined(separator: "\\")
        return store(
            "Name the loader for \(isUEFI ? "UEFI" : "BIOS"), which has to be there, too", risk: .medium,
            [.set(key: key, name: "Element", .string("\\\(directory)\\system32\\\(loaderName)"))])
    }
}
