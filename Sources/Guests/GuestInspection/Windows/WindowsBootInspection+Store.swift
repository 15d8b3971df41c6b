import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// The boot configuration store: what the boot manager starts, where that is, and whether it can be.
extension WindowsBootInspection {
    /// Reads the store at a path of the volume the boot manager was started from, and follows it to the kernel.
    func followStore(at file: String, on volume: Volume, _ path: inout WindowsBootPath) {
        var facts = WindowsBootStoreFacts(
            volume: volume.id, path: "\\" + file.split(separator: "/").joined(separator: "\\"))
        defer { path.store = facts }
        let place = volume.evidence(file)
        guard let hive = hive(at: file, on: volume, &facts, &path) else { return }
        let store: BCDStore
        do { store = try BCDStore(hive) } catch {
            guard error.kind == .corrupt || error.kind == .truncated else {
                facts.state = .unreadable
                path.open("BCD.Unreadable", error.description, [place], isFirmware: false)
                return
            }
            facts.state = .corrupt
            facts.message = error.message
            path.breaks(
                "BCD.Corrupt", "\(place.path ?? file) is damaged: \(error.message).", [place],
                isFirmware: false)
            return
        }
        facts.damage = (store.damage + hive.damage).prefix(16).map(\.description)
        guard let manager = store.bootManager, let selection = store.selection else {
            path.breaks(
                "BCD.NoDefaultEntry",
                "\(place.path ?? file) has no boot manager object, so nothing is started.",
                [place], isFirmware: false)
            return
        }
        let devices = WindowsBootDevices(boot: self, bootVolume: volume.id)
        facts.managerDevice = devices.facts(.applicationDevice, of: manager, wanted: volume.id)
        facts.timeout = manager.timeout
        facts.entryCount = selection.order.count
        facts.oneShot = selection.oneShot.map { object($0, devices) }
        facts.resume = selection.resume.map { object($0, devices) }
        guard let settings = selection.entry else {
            let named = manager[.defaultObject] ?? manager[.displayOrder]
            path.breaks(
                "BCD.NoDefaultEntry",
                named == nil
                    ? "\(place.path ?? file) names no entry to start."
                    : "The entry that \(place.path ?? file) starts is not there or names no device.",
                [
                    devices.evidence(
                        manager[.defaultObject] == nil ? .displayOrder : .defaultObject, of: manager,
                        named.map { "default = \($0)" } ?? "no default")
                ], isFirmware: false)
            return
        }
        if let other = selection.defaultOutsideOrder {
            let place = devices.evidence(.defaultObject, of: manager, "default = \(other.object.name)")
            path.open(
                "BCD.DefaultOutsideOrder",
                "the default entry, “\(other.description ?? other.object.name)”, is not in the display order, and whether it is started or “\(settings.description ?? settings.object.name)” is not known",
                [place], isFirmware: false)
        }
        path.holds(
            "the boot manager reads \(facts.path) and starts \(settings.object.name)",
            object(settings, devices).evidence, isFirmware: false)
        facts.entry = follow(settings, devices, &path)
    }

    private func hive(
        at file: String, on volume: Volume, _ facts: inout WindowsBootStoreFacts,
        _ path: inout WindowsBootPath
    ) -> Hive? {
        let place = volume.evidence(file)
        let source: ContentSource
        switch volume.files.content(of: file) {
        case .found(let found): source = found
        case .absent:
            facts.state = .missing
            path.breaks(
                "BCD.Missing",
                "\(place.path ?? file) is missing on \(volume.id), so the boot manager has nothing to start.",
                [volume.evidence(file, "absent")], isFirmware: false)
            return nil
        case .unreadable(let gap):
            facts.state = .unreadable
            path.open("BCD.Unreadable", gap.message, [place], isFirmware: false)
            return nil
        }
        let logs = Hive.logSuffixes.compactMap { volume.files.content(of: file + $0).value }
            .filter { $0.size > 0 }
        do {
            let hive = try Hive(source, logs: logs)
            switch hive.state {
            case .clean: break
            case .replayed(let replay):
                facts.state = .replayed
                facts.message = "\(replay.entries) writes were taken from its logs"
            case .dirty(let why):
                facts.state = .dirty
                facts.message = why.description
                path.open(
                    "BCD.Dirty",
                    "the last write to \(place.path ?? file) had not ended and cannot be completed (\(why)), so what the boot manager sees is not known",
                    [place], isFirmware: false)
            }
            return hive
        } catch {
            let isDamage = error.kind == .corrupt || error.kind == .truncated
            facts.state = isDamage ? .corrupt : .unreadable
            facts.message = error.message
            if isDamage {
                path.breaks(
                    "BCD.Corrupt", "\(place.path ?? file) is no registry hive: \(error.message).", [place],
                    isFirmware: false)
            } else {
                path.open("BCD.Unreadable", error.description, [place], isFirmware: false)
            }
            return nil
        }
    }

    private func object(_ settings: BCDSettings, _ devices: WindowsBootDevices) -> WindowsBootObject {
        let isRAMDisk =
            switch settings.osDevice ?? settings.device {
            case .ramDisk?: true
            default: false
            }
        return WindowsBootObject(
            name: settings.object.name, title: settings.description, kind: settings.object.type.description,
            isTemporary: settings.isWindowsPE || isRAMDisk,
            evidence: devices.evidence(
                .description, of: settings, settings.description ?? settings.object.type.description))
    }

    // MARK: The entry

    private func follow(
        _ settings: BCDSettings, _ devices: WindowsBootDevices, _ path: inout WindowsBootPath
    ) -> WindowsBootEntryFacts {
        var entry = WindowsBootEntryFacts(
            object: object(settings, devices), isLoader: settings.object.type.application == .osLoader)
        entry.settings = self.settings(settings, devices)
        let root = reader.volume
        guard entry.isLoader else {
            path.breaks(
                "BCD.NotWindows",
                "The entry that starts by itself, “\(entry.object.title ?? entry.object.name)”, is no loader of Windows (\(entry.object.kind)).",
                [entry.object.evidence], isFirmware: false)
            return entry
        }
        let fallback =
            path.firmware == .uefi ? #"\Windows\System32\winload.efi"# : #"\Windows\System32\winload.exe"#
        entry.path = settings.path ?? fallback
        entry.pathEvidence = devices.evidence(.applicationPath, of: settings, "path = \(entry.path ?? "")")
        entry.systemRoot = settings.systemRoot
        entry.device = devices.facts(.applicationDevice, of: settings, wanted: root)
        entry.osDevice = devices.facts(.osDevice, of: settings, wanted: root)
        if let safeBoot = settings.safeBoot {
            entry.safeBoot = Located(
                "\(safeBoot)", devices.evidence(.safeBoot, of: settings, "safeboot = \(safeBoot)"))
        }
        guard !entry.object.isTemporary else {
            path.breaks(
                "BCD.RecoveryDefault",
                "The entry that starts by itself, “\(entry.object.title ?? entry.object.name)”, is a recovery environment or a setup, not the installed Windows.",
                [entry.object.evidence], isFirmware: false)
            return entry
        }
        guard let volume = lead(entry.device, "device", "the loader", &path) else { return entry }
        guard loader(&entry, on: volume, &path) else { return entry }
        guard let system = lead(entry.osDevice, "osdevice", "Windows", &path) else { return entry }
        followKernel(&entry, settings, on: system, &path)
        return entry
    }

    /// The volume a device leads to; nil when the way ends there.
    private func lead(
        _ device: WindowsBootDeviceFacts?, _ name: String, _ what: String, _ path: inout WindowsBootPath
    ) -> VolumeID? {
        guard let device else {
            path.breaks(
                "BCD.DeviceMismatch", "The entry that starts by itself names no \(name).", [],
                isFirmware: false)
            return nil
        }
        func stop(_ why: String) {
            path.breaks(
                "BCD.DeviceMismatch",
                "The \(name) of the entry that starts by itself (\(device.text)) \(why), so the boot manager does not find \(what).",
                [device.evidence], isFirmware: false)
        }
        switch device.resolution {
        case .volume(let id): return id
        case .otherDisk:
            stop("is on another disk: the identity of this disk has changed since it was written")
        case .noPartition: stop("names a partition that this disk does not have")
        case .notFound: stop("is looked for by a file that no partition has")
        case .invalid(let why): stop("cannot be decoded (\(why))")
        case .missingFile(let file): stop("is in \(file), which does not exist")
        case .insideFile(let kind):
            path.open(
                "BCD.InsideFile", "\(what) is in a \(kind) (\(device.text)), which is not looked into",
                [device.evidence], isFirmware: false)
        case .unknown(let why): path.open("BCD.Unreadable", why, [device.evidence], isFirmware: false)
        }
        return nil
    }

    private func loader(
        _ entry: inout WindowsBootEntryFacts, on id: VolumeID, _ path: inout WindowsBootPath
    ) -> Bool {
        let name = entry.path ?? ""
        let evidence = entry.pathEvidence.map { [$0] } ?? []
        let suffix = path.firmware == .uefi ? ".efi" : ".exe"
        let isOther = name.lowercased().hasSuffix(path.firmware == .uefi ? ".exe" : ".efi")
        if isOther {
            path.breaks(
                "BCD.FirmwareMismatch",
                "The entry that starts by itself names \(name), a loader for \(path.firmware == .uefi ? "BIOS" : "UEFI"); \(path.firmware == .uefi ? "UEFI" : "BIOS") needs the one that ends in \(suffix).",
                evidence, isFirmware: false)
            return false
        }
        guard let volume = volume(id) else {
            path.open(
                "OSLoader.Unreadable", "\(id), which holds \(name), cannot be read", evidence,
                isFirmware: false)
            return false
        }
        let file = "/" + name.split(separator: "\\").joined(separator: "/")
        let program = program(file, on: volume)
        entry.loader = program
        return judge(program, "OSLoader.", "the loader", evidence, on: volume, &path)
    }

    private func program(_ file: String, on volume: Volume) -> ProgramFacts {
        volume.id == reader.volume
            ? reader.program("\\" + file.split(separator: "/").joined(separator: "\\"))
            : WindowsProgram.facts(of: volume.files.content(of: file), at: volume.shown(file))
    }

    /// Whether a program can be loaded; if not, the way ends.
    private func judge(
        _ program: ProgramFacts, _ prefix: String, _ what: String, _ named: [Evidence], on volume: Volume,
        _ path: inout WindowsBootPath
    ) -> Bool {
        var place = program.evidence
        if volume.id != reader.volume { place.layer = volume.id }
        func stop(_ code: String, _ why: String) -> Bool {
            path.breaks(
                "\(prefix)\(code)", "\(program.path), \(what), \(why).", named + [place], isFirmware: false)
            return false
        }
        switch program.state {
        case .missing: return stop("Missing", "is missing on \(volume.id)")
        case .empty: return stop("Damaged", "is empty")
        case .notAProgram: return stop("Damaged", "is no program")
        case .truncated: return stop("Damaged", "is cut short")
        case .unreadable, .elsewhere:
            path.open(
                "\(prefix)Unreadable", program.gap?.message ?? "\(program.path) cannot be read", [place],
                isFirmware: false)
            return false
        case .good:
            if let expected = identity.architecture, let own = program.architecture, own != expected {
                return stop("WrongArchitecture", "is for \(own), and the kernel for \(expected)")
            }
            path.holds("\(program.path) is there", place, isFirmware: false)
            return true
        }
    }

    // MARK: The kernel

    private func followKernel(
        _ entry: inout WindowsBootEntryFacts, _ settings: BCDSettings, on id: VolumeID,
        _ path: inout WindowsBootPath
    ) {
        let directory = entry.systemRoot ?? #"\Windows"#
        guard let volume = volume(id) else {
            path.open(
                "BCD.Unreadable", "\(id), which holds \(directory), cannot be read",
                entry.osDevice.map { [$0.evidence] } ?? [], isFirmware: false)
            return
        }
        let top = "/" + directory.split(separator: "\\").joined(separator: "/")
        if id == reader.volume, top.lowercased() != reader.systemRoot.lowercased() {
            // Another system directory on the same volume, or one that is not there.
            path.open(
                "BCD.OtherSystem",
                "the entry that starts by itself starts \(directory), not \(volume.shown(reader.systemRoot))",
                [entry.object.evidence], isFirmware: false)
        }
        let configuration = top + "/System32/config"
        if case .absent = volume.files.info(configuration) {
            path.breaks(
                "BCD.LoaderMissing",
                "\(directory) on \(id), which the entry that starts by itself names, holds no Windows.",
                [entry.osDevice?.evidence, volume.evidence(configuration, "absent")].compactMap { $0 },
                isFirmware: false)
            return
        }
        if id != reader.volume {
            path.breaks(
                "BCD.OtherSystem",
                "The entry that starts by itself starts the Windows on \(id), not the one on \(reader.volume).",
                [entry.osDevice?.evidence ?? entry.object.evidence], isFirmware: false)
            return
        }
        let names = [
            settings.string(.kernelPath) ?? "ntoskrnl.exe", settings.string(.halPath) ?? "hal.dll",
        ]
        for (name, what) in zip(names, ["the kernel", "the hardware abstraction layer"]) {
            let program = program("\(top)/System32/\(name)", on: volume)
            entry.kernel.append(program)
            guard judge(program, "OSLoader.Kernel", what, [], on: volume, &path) else { return }
        }
    }

    // MARK: Settings

    private func settings(
        _ settings: BCDSettings, _ devices: WindowsBootDevices
    ) -> [String: Located<String>] {
        var result: [String: Located<String>] = [:]
        func keep(_ name: String, _ element: BCDElementType, _ value: String?) {
            guard let value else { return }
            result[name] = Located(value, devices.evidence(element, of: settings, "\(name) = \(value)"))
        }
        func switched(_ name: String, _ elements: BCDElementType...) {
            for element in elements where settings.boolean(element) == true { keep(name, element, "Yes") }
        }
        switched("testsigning", .testSigning, .loaderTestSigning)
        switched("nointegritychecks", .noIntegrityChecks, .loaderNoIntegrityChecks)
        switched("ems", .ems)
        switched("bootems", .bootEMS)
        switched("debug", .kernelDebugger)
        switched("bootdebug", .debuggerEnabled)
        switched("lastknowngood", .lastKnownGood)
        switched("halbreakpoint", .haltAtBoot)
        switched("graphicsmodedisabled", .graphicsModeDisabled)
        keep("bootstatuspolicy", .bootStatusPolicy, settings.bootStatusPolicy.map { "\($0)" })
        keep("hypervisorlaunchtype", .hypervisorLaunchType, settings.hypervisorLaunch.map { "\($0)" })
        keep("recoveryenabled", .recoveryEnabled, settings.recoveryEnabled.map { $0 ? "Yes" : "No" })
        keep("loadoptions", .loadOptions, settings.string(.loadOptions))
        return result
    }
}
