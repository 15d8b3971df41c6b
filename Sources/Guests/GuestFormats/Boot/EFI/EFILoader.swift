package import ByteReading

/// What an EFI program is, as far as it matters for how a start goes on.
package struct EFILoader: Sendable {
    /// The programs that are told apart.
    package enum Kind: Hashable, Sendable {
        /// shim: starts its second stage from its own directory.
        case shim
        /// shim's `fallback`: makes boot entries from `BOOT*.CSV` and starts the first.
        case shimFallback
        /// shim's MokManager.
        case mokManager
        /// GRUB 2.
        case grub
        /// systemd-boot.
        case systemdBoot
        /// Kernel, initramfs and command line in one file.
        case unifiedKernelImage
        /// A Linux kernel with its EFI stub.
        case linuxKernel
        /// The Windows boot manager.
        case windowsBootManager
        /// Syslinux.
        case syslinux
        /// rEFInd.
        case refind
        /// A memory test.
        case memoryTest
        /// A firmware updater.
        case firmwareUpdater
        /// Something else.
        case unknown
    }

    /// The program.
    package let image: PEImage
    /// What it is.
    package let kind: Kind
    /// Components of `.sbat`, in order, such as `shim`, `shim.debian`.
    package let sbatComponents: [String]
    /// What is packed into a GRUB.
    package let grubModules: GrubModules?
    /// The file a shim starts from its own directory.
    package let secondStage: String?
    /// `6.04`, if this is Syslinux.
    package let syslinuxVersion: String?
    /// Why parts of it could not be read.
    package let faults: [ImageFault]

    private static let largestProgram = 16 << 20

    /// Recognises a program.
    package init(recognizing image: PEImage) throws(ImageFault) {
        self.image = image
        var faults: [ImageFault] = []
        func attempt<Value>(_ body: () throws(ImageFault) -> Value?) -> Value? {
            do { return try body() } catch {
                faults.append(error)
                return nil
            }
        }
        let sbat = attempt { () throws(ImageFault) in try image.text(of: ".sbat") } ?? ""
        sbatComponents = sbat.split(separator: "\n").compactMap { line in
            line.split(separator: ",", maxSplits: 1).first.map(String.init)
        }
        let magic = attempt { () throws(ImageFault) in try image.text(of: ".sdmagic") } ?? ""
        let components = sbatComponents
        func names(_ component: String) -> Bool { components.contains(component) }
        var modules: GrubModules?
        var secondStage: String?
        var version: String?
        let kind: Kind
        if image.section(".linux") != nil {
            kind = .unifiedKernelImage
        } else if image.section("mods") != nil {
            kind = .grub
            modules = attempt { () throws(ImageFault) in try image.grubModules() }
        } else if magic.contains("systemd-boot") {
            kind = .systemdBoot
        } else {
            let whole = attempt { () throws(ImageFault) in try image.allBytes(limit: Self.largestProgram) }
            kind = Self.kind(image, whole, names)
            if kind == .shim { secondStage = Self.secondStage(image, whole) }
            if kind == .syslinux { version = Self.syslinuxVersion(whole) }
        }
        self.kind = kind
        self.secondStage = secondStage
        syslinuxVersion = version
        grubModules = modules
        self.faults = faults
    }

    private static func kind(_ image: PEImage, _ whole: Bytes?, _ names: (String) -> Bool) -> Kind {
        func contains(wide text: String) -> Bool { whole?.firstIndex(of: text.utf16LittleEndian) != nil }
        func contains(_ text: String) -> Bool { whole?.firstIndex(of: Array(text.utf8)) != nil }
        if image.section(".vendor_cert") != nil { return .shim }
        if names("shim") || contains(wide: "shim") || contains(wide: "SHIM") {
            if contains(wide: "boot.csv") { return .shimFallback }
            if contains(wide: "Perform MOK management") { return .mokManager }
            if contains(wide: "\\grub\(image.machine.suffix ?? "")") { return .shim }
        }
        if whole?.starts(with: "HdrS", at: 0x202) == true || contains("Linux kernel") { return .linuxKernel }
        if contains("bootmgfw.pdb") || contains("bootmgr.pdb") || contains(wide: "bootmgfw.efi") {
            return .windowsBootManager
        }
        if syslinuxVersion(whole) != nil { return .syslinux }
        if names("refind") || contains(wide: "rEFInd") { return .refind }
        if names("memtest86+") || contains("Memtest86") { return .memoryTest }
        if names("fwupd-efi") { return .firmwareUpdater }
        if contains("GRUB") && contains("grub_") { return .grub }
        return .unknown
    }

    /// The name in a shim's `DEFAULT_LOADER`: the one that its vendor compiled in, else GRUB's usual name.
    private static func secondStage(_ image: PEImage, _ whole: Bytes?) -> String {
        let suffix = image.machine.suffix ?? "x64"
        for name in ["grub\(suffix).efi", "systemd-boot\(suffix).efi", "grub.efi"]
        where whole?.firstIndex(of: "\\\(name)\0".utf16LittleEndian) != nil {
            return name
        }
        return "grub\(suffix).efi"
    }

    /// The number by which Syslinux names itself to servers: `User-Agent: Syslinux/6.04`.
    private static func syslinuxVersion(_ whole: Bytes?) -> String? {
        let name = Array("User-Agent: Syslinux/".utf8)
        guard let whole, let place = whole.firstIndex(of: name) else { return nil }
        let number = whole.dropFirst(place + name.count).prefix(16).textToNUL.prefix {
            $0.isNumber || $0 == "."
        }
        return number.isEmpty ? nil : String(number)
    }
}
