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
    /// What the kernel says of the devices that a cloud gives a guest (`/sys/…/modalias`).
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
    }
}
