/// Where GRUB is when it starts to read its configuration.
package struct GrubStart: Sendable {
    /// What firmware GRUB runs on.
    package enum Platform: String, Sendable {
        /// BIOS.
        case pc
        /// UEFI.
        case efi
    }

    /// The firmware: `grub_platform`.
    package var platform: Platform
    /// The processor GRUB is built for (`i386`, `x86_64`, `arm64`): `grub_cpu`.
    package var processor: String
    /// The first value of `root`, without parentheses.
    package var root: String
    /// The first value of `prefix`: `(hd0,msdos1)/boot/grub`.
    package var prefix: String
    /// `cmdpath`: device and directory of the image on UEFI, `(hd0)` on BIOS.
    package var commandPath: String
    /// A configuration embedded in the image, executed before `$prefix/grub.cfg`.
    package var embeddedConfiguration: String?
    /// Modules packed into the image. When `normal` is not among them, GRUB needs
    /// `$prefix/<processor>-<platform>/normal.mod`; nil: not known, taken to be there.
    package var embeddedModules: Set<String>?
    /// Bounds on the work.
    package var limits = GrubLimits()

    /// A start.
    package init(
        platform: Platform, processor: String, root: String, prefix: String, commandPath: String? = nil,
        embeddedConfiguration: String? = nil
    ) {
        self.platform = platform
        self.processor = processor
        self.root = root
        self.prefix = prefix
        self.commandPath = commandPath ?? "(\(root))"
        self.embeddedConfiguration = embeddedConfiguration
    }

    /// How an image with these modules starts from `directory` on `device` (`grub_set_prefix_and_root`,
    /// grub-core/kern/main.c): a packed prefix may name a device, a partition of the drive it came from, or
    /// only a path.
    init(modules: GrubModules, platform: Platform, processor: String, device: String, directory: String) {
        var root = device
        var path = modules.prefix ?? ""
        if path.hasPrefix("("), let close = path.utf8.lastIndex(of: UInt8(ascii: ")")) {
            let packed = String(path[path.utf8.index(after: path.startIndex)..<close])
            path = String(path[path.utf8.index(after: close)...])
            if packed.isEmpty || packed.hasPrefix(",") {
                let drive = device.utf8.prefix { $0 != UInt8(ascii: ",") }
                root = String(decoding: drive, as: UTF8.self) + packed
            } else {
                root = packed
            }
        }
        if path.isEmpty {
            path = directory
            let target = "\(processor)-\(platform.rawValue)"
            if path.hasSuffix(target) { path.removeLast(target.count) }
        }
        self.init(
            platform: platform, processor: processor, root: root, prefix: "(\(root))\(path)",
            commandPath: "(\(device))\(directory)", embeddedConfiguration: modules.configuration)
        embeddedModules = Set(modules.moduleNames)
    }
}
