package import ByteReading

/// Which module drives which device (`modules.alias`, `modules.alias.bin`): `alias PATTERN MODULE`, where the
/// pattern is matched as by fnmatch(3). Kept as bytes and searched when asked: it is the largest list there is.
package struct ModuleAliases: Sendable {
    private let list: Bytes
    private let patterns: [(pattern: [UInt8], module: String)]

    /// Takes `modules.alias`.
    package init(parsing bytes: Bytes) {
        list = bytes
        patterns = []
    }

    /// Reads `modules.alias.bin`.
    package init(parsingIndex bytes: Bytes) throws(ImageFault) {
        var found: [(pattern: [UInt8], module: String)] = []
        try ModuleIndex(parsing: bytes).forEach { found.append(($0, $1.text)) }
        list = Bytes([])
        patterns = found
    }

    /// Takes lines of a pattern and a module (booster.alias).
    init(parsingPairs bytes: Bytes) {
        list = Bytes([])
        patterns = TextLines(bytes).compactMap { line in
            let words = line.words
            guard words.count == 2 else { return nil }
            return (Array(words[0].utf8.map { $0 == 0x2D ? 0x5F : $0 }), words[1])
        }
    }

    /// The normalised names of the modules whose patterns match `modalias`, without duplicates.
    package func modules(matching modalias: String) -> [String] {
        let text = Array(modalias.utf8)
        var names: [String] = []
        func add(_ module: String) {
            let name = ModuleName.normalized(module)
            if !names.contains(name) { names.append(name) }
        }
        // depmod and kmod write and look up `-` as `_` in the binary list.
        let normalized = text.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
        for (pattern, module) in patterns where Glob.matches(pattern, normalized) { add(module) }
        for line in candidates(for: text) {
            let words = line.words
            guard words.count >= 3, Glob.matches(Array(words[1].utf8), text) else { continue }
            add(words[2])
        }
        return names
    }

    private static let keyword = Array("alias ".utf8)

    /// The lines whose pattern may match: its first bytes are those of `text`, or a wildcard comes before. One
    /// pass over the bytes, because nearly all of the thousands of lines are for other buses.
    private func candidates(for text: [UInt8]) -> [Bytes] {
        let head = Array(text.prefix(5))
        var lines: [Range<Int>] = []
        list.withSpan { span in
            var start = 0
            while start < span.count {
                var isCandidate = true
                var index = start
                for byte in Self.keyword {
                    guard index < span.count, span[index] == byte else {
                        isCandidate = false
                        break
                    }
                    index += 1
                }
                if isCandidate {
                    for byte in head {
                        guard index < span.count else { break }
                        let found = span[index]
                        if found == UInt8(ascii: "*") || found == UInt8(ascii: "?")
                            || found == UInt8(ascii: "[") || found == UInt8(ascii: "\\")
                        {
                            break
                        }
                        guard found == byte else {
                            isCandidate = false
                            break
                        }
                        index += 1
                    }
                }
                while index < span.count, span[index] != UInt8(ascii: "\n") { index += 1 }
                if isCandidate { lines.append(start..<index) }
                start = index + 1
            }
        }
        return lines.map { list.dropFirst($0.lowerBound).prefix($0.count) }
    }
}

extension ModuleAliases {
    /// What the kernel says of the devices that a cloud gives a guest (`/sys/…/modalias`), as QEMU, Hyper-V, Xen and
    /// VMware present them.
    package enum Device: String, Sendable, CaseIterable {
        /// virtio-blk on the virtio bus.
        case virtioBlock = "virtio:d00000002v00001AF4"
        /// virtio-net on the virtio bus.
        case virtioNetwork = "virtio:d00000001v00001AF4"
        /// virtio-scsi on the virtio bus.
        case virtioSCSI = "virtio:d00000008v00001AF4"
        /// A transitional virtio-blk as a PCI device.
        case virtioPCI = "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00"
        /// A modern virtio-blk as a PCI device.
        case virtioPCIModern = "pci:v00001AF4d00001042sv00001AF4sd00001100bc01sc00i00"
        /// An NVMe controller, by class.
        case nvme = "pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02"
        /// A SCSI disk.
        case scsiDisk = "scsi:t-0x00"
        /// The AHCI controller of QEMU's q35 (ICH9).
        case ahci = "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01"
        /// The IDE controller of QEMU's pc (PIIX3).
        case piixIDE = "pci:v00008086d00007010sv00001AF4sd00001100bc01sc01i80"
        /// The IDE controller of Hyper-V's first generation and of VMware (PIIX4).
        case piix4IDE = "pci:v00008086d00007111sv00000000sd00000000bc01sc01i80"
        /// Hyper-V's bus as ACPI names it.
        case hyperVBus = "acpi:VMBUS:"
        /// The same, spelt as older hosts do.
        case hyperVBusMixed = "acpi:VMBus:"
        /// The PCI device that drivers before Linux 3.0 took for Hyper-V's bus.
        case hyperVVideo = "pci:v00001414d00005353sv00000000sd00000000bc03sc00i00"
        /// Hyper-V's SCSI controller.
        case hyperVSCSI = "vmbus:d96361baa104294db60572e2ffb1dc7f"
        /// Hyper-V's IDE disk on the bus.
        case hyperVIDE = "vmbus:32264132cb86a2449b5c50d1417354f5"
        /// Hyper-V's network adapter.
        case hyperVNetwork = "vmbus:635161f83edfc546913ff2d2f965ed0e"
        /// A disk of Xen.
        case xenDisk = "xen:vbd"
        /// A network adapter of Xen.
        case xenNetwork = "xen:vif"
        /// VMware's LSI Logic Parallel (53c1030).
        case lsiParallel = "pci:v00001000d00000030sv000015ADsd00001976bc01sc00i00"
        /// VMware's LSI Logic SAS (53c1068).
        case lsiSAS = "pci:v00001000d00000054sv000015ADsd00001976bc01sc07i00"
        /// VMware's paravirtual SCSI.
        case vmwareSCSI = "pci:v000015ADd000007C0sv000015ADsd000007C0bc01sc07i00"
        /// VMware's vmxnet3.
        case vmwareNetwork = "pci:v000015ADd000007B0sv000015ADsd000007B0bc02sc00i00"
        /// QEMU's e1000 (82540EM).
        case e1000 = "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00"
        /// QEMU's e1000e (82574L).
        case e1000e = "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00"
        /// Amazon's ENA.
        case ena = "pci:v00001D0Fd0000EC20sv00001D0Fsd0000EC20bc02sc00i00"
        /// Google's gVNIC.
        case gve = "pci:v00001AE0d00000042sv00001AE0sd00000058bc02sc00i00"
    }

    /// The devices of which each module must know one, for modules that only a device loads.
    package static let devices: [String: [Device]] = [
        "virtio_blk": [.virtioBlock], "virtio_net": [.virtioNetwork], "virtio_scsi": [.virtioSCSI],
        "virtio_pci": [.virtioPCI, .virtioPCIModern], "nvme": [.nvme], "sd_mod": [.scsiDisk],
        "ahci": [.ahci], "ata_piix": [.piixIDE, .piix4IDE],
        "hv_vmbus": [.hyperVBus, .hyperVBusMixed, .hyperVVideo], "hv_storvsc": [.hyperVSCSI, .hyperVIDE],
        "hv_netvsc": [.hyperVNetwork], "xen_blkfront": [.xenDisk], "xen_netfront": [.xenNetwork],
        "mptspi": [.lsiParallel], "mptsas": [.lsiSAS], "vmw_pvscsi": [.vmwareSCSI],
        "vmxnet3": [.vmwareNetwork], "e1000": [.e1000], "e1000e": [.e1000e], "ena": [.ena], "gve": [.gve],
    ]
}
