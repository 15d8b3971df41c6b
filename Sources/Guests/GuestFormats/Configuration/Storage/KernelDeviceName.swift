/// A block device name the kernel gives: `sda1`, `nvme0n1p2`, `md127`.
package struct KernelDeviceName: Hashable, Sendable, CustomStringConvertible {
    /// The driver family, which decides on which launches the name exists.
    package enum Family: String, Sendable, Hashable, CaseIterable {
        /// `sd`: SCSI, SATA, USB, virtio-scsi, Hyper-V.
        case scsi
        /// `vd`: virtio-blk.
        case virtio
        /// `xvd`: Xen.
        case xen
        /// `hd`: the old IDE driver, gone since Linux 2.6.3x in distributions.
        case ide
        /// `nvme`.
        case nvme
        /// `mmcblk`.
        case mmc
        /// `md`: software RAID.
        case md
        /// `dm-`: device mapper by number.
        case deviceMapper
        /// `sr`, `scd`: optical.
        case optical
        /// `loop`, `ram`, `zram`, `nbd`, `fd`: not a disk of the machine.
        case pseudo
        /// `pmem`: persistent memory.
        case pmem
        /// `ubd` (user-mode Linux), `dasd` (s390), `cciss`, `ida` (old RAID controllers).
        case foreign
    }

    /// The driver family.
    package let family: Family
    /// The disk without its partition: `sda`, `nvme0n1`.
    package let disk: String
    /// Which disk of its family this is, from 0 (`sda` 0, `sdb` 1, `sdaa` 26, `nvme1n1` 1).
    package let diskIndex: Int
    /// The partition number; nil for the whole disk.
    package let partition: Int?

    /// The name: `sda1`.
    package var description: String {
        guard let partition else { return disk }
        return disk.last?.isNumber == true ? "\(disk)p\(partition)" : "\(disk)\(partition)"
    }

    /// Parses a name without `/dev/`; nil when it is none of the kernel's patterns.
    package init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard bytes.count >= 3, bytes.count <= 32 else { return nil }
        for (prefix, family) in Self.lettered where name.hasPrefix(prefix) {
            let rest = bytes.dropFirst(prefix.utf8.count)
            let letters = rest.prefix { $0 >= 0x61 && $0 <= 0x7A }
            guard !letters.isEmpty, letters.count <= 4 else { continue }
            let digits = rest.dropFirst(letters.count)
            guard let partition = Self.optionalNumber(digits) else { continue }
            var index = 0
            for letter in letters { index = index * 26 + Int(letter - 0x61) + 1 }
            self.family = family
            disk = prefix + AsciiText.string(letters)
            diskIndex = index - 1
            self.partition = partition.value
            return
        }
        for (prefix, family) in Self.numbered where name.hasPrefix(prefix) {
            var rest = bytes.dropFirst(prefix.utf8.count)
            let digits = rest.prefix(while: AsciiText.isDigit)
            guard let index = AsciiText.number(AsciiText.string(digits)) else { continue }
            rest = rest.dropFirst(digits.count)
            var disk = prefix + AsciiText.string(digits)
            if family == .nvme {
                guard rest.first == 0x6E else { continue }
                let namespace = rest.dropFirst().prefix(while: AsciiText.isDigit)
                guard !namespace.isEmpty else { continue }
                disk += "n" + AsciiText.string(namespace)
                rest = rest.dropFirst(1 + namespace.count)
            }
            if rest.isEmpty {
                partition = nil
            } else if rest.first == 0x70, let number = AsciiText.number(AsciiText.string(rest.dropFirst())) {
                partition = number
            } else {
                continue
            }
            self.family = family
            self.disk = disk
            diskIndex = index
            return
        }
        return nil
    }

    private static let lettered: [(String, Family)] = [
        ("sd", .scsi), ("xvd", .xen), ("vd", .virtio), ("hd", .ide), ("ubd", .foreign), ("dasd", .foreign),
    ]
    private static let numbered: [(String, Family)] = [
        ("nvme", .nvme), ("mmcblk", .mmc), ("md", .md), ("dm-", .deviceMapper), ("sr", .optical),
        ("scd", .optical),
        ("loop", .pseudo), ("zram", .pseudo), ("ram", .pseudo), ("nbd", .pseudo), ("fd", .pseudo),
        ("pmem", .pmem),
    ]

    /// The number in `digits`, nil inside when there are none, nil outside when it is not a number.
    private static func optionalNumber(_ digits: ArraySlice<UInt8>) -> (value: Int?, Void)? {
        if digits.isEmpty { return (nil, ()) }
        guard let number = AsciiText.number(AsciiText.string(digits)) else { return nil }
        return (number, ())
    }
}
