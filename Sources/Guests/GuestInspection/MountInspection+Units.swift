import ByteReading
import GuestFacts
import GuestFormats

extension MountInspection {
    /// Where the administrator's units are. Those of packages (`tmp.mount`, `proc-sys-fs-binfmt_misc.mount`) mount
    /// nothing from a disk.
    private static let directory = "/etc/systemd/system"

    /// Mount and swap units of the administrator that the boot starts (systemd.mount(5)), as lines of fstab.
    ///
    /// A unit that `local-fs.target` requires takes it to emergency mode; one that is only wanted delays the boot.
    /// One that another unit requires takes that one with it, which is followed no further.
    func units(_ services: ServiceInspection) -> [MountEntry] {
        guard services.isSystemd else { return [] }
        let names = (reader.names(in: MountInspection.directory).value ?? []).filter {
            $0.hasSuffix(".mount") || $0.hasSuffix(".swap")
        }
        return names.prefix(256).compactMap { unit($0, services) }
    }

    private func unit(_ name: String, _ services: ServiceInspection) -> MountEntry? {
        let path = "\(MountInspection.directory)/\(name)"
        let isSwap = name.hasSuffix(".swap")
        let file = reader.parse(path) { (bytes) throws(ImageFault) in try UnitFile(bytes, name: path) }
        guard let file = file.value, services.unit(name).starts != .no else { return nil }
        let section = isSwap ? "Swap" : "Mount"
        guard let what = file.last(section, "What") else { return nil }
        let options = MountOptions(file.last(section, "Options")?.value ?? "")
        let type = isSwap ? "swap" : file.last(section, "Type")?.value ?? ""
        let specification = DeviceSpecification(
            what.value, fileSystemType: type.isEmpty ? nil : type, options: options.options.map(\.name))
        let point = isSwap ? "none" : file.last("Mount", "Where")?.value ?? "/"
        // A unit for the root is never started: it is mounted.
        guard point != "/" else { return nil }
        let isAutomatic = services.unit(name.dropLast("mount".utf8.count) + "automount").starts == .yes
        let isRequired =
            !isSwap && !isAutomatic
            && reader.exists("\(MountInspection.directory)/local-fs.target.requires/\(name)") == .yes
        var entry = MountEntry(
            specification: what.value, mountPoint: point, type: type, options: options.options.map(\.name),
            resolution: resolver.resolve(specification), isRequired: isRequired,
            evidence: Evidence(what.source))
        entry.ifMissing = isRequired ? .emergency : .goesOn
        entry.ifRefused = entry.ifMissing
        return entry
    }
}
