import ByteReading

/// A range of the file system's address space and the stripes of devices that hold it (`struct btrfs_chunk`,
/// fs/btrfs/volumes.c).
struct BtrfsChunk: Sendable {
    /// One stripe: bytes on one device.
    struct Stripe: Sendable, Hashable {
        let device: UInt64
        let offset: UInt64
        let deviceID: GUID
    }

    /// A place on a device and for how many bytes it goes on there.
    struct Place: Sendable, Hashable {
        let stripe: Stripe
        /// Bytes into the device.
        let offset: UInt64
        let length: UInt64
    }

    private enum Layout { case single, mirrored, striped, stripedMirrors(Int), parity(Int) }

    /// `BTRFS_STRIPE_LEN`: the only length the kernel takes.
    private static let stripeLength: UInt64 = 64 << 10
    private static let stripesPlace = 48
    private static let stripeSize = 32

    let start: UInt64
    let length: UInt64
    /// `BTRFS_BLOCK_GROUP_*`.
    let profile: UInt64
    let stripes: [Stripe]
    private let layout: Layout

    var end: UInt64 { start &+ length }
    var holdsData: Bool { profile & 1 != 0 }

    /// How often the bytes are stored.
    var copyCount: Int {
        switch layout {
        case .single, .striped: 1
        case .mirrored: stripes.count
        case .stripedMirrors(let copies): copies
        // The second copy is what the other stripes of the row say.
        case .parity: 2
        }
    }

    /// How many bytes of devices one byte takes.
    var storageFactor: (numerator: UInt64, denominator: UInt64) {
        switch layout {
        case .single, .striped: (1, 1)
        case .mirrored, .stripedMirrors: (UInt64(copyCount), 1)
        case .parity(let count): (UInt64(stripes.count), UInt64(stripes.count - count))
        }
    }

    /// Parses the item of a chunk that starts at `start`.
    init(parsing raw: Bytes, start: UInt64) throws(ImageFault) {
        self.start = start
        length = try raw.little(at: 0)
        profile = try raw.little(at: 24)
        let stripeLength: UInt64 = try raw.little(at: 16)
        let count = Int(try raw.little(UInt16.self, at: 44))
        let copies = Int(try raw.little(UInt16.self, at: 46))
        guard length > 0, !start.addingReportingOverflow(length).overflow, count > 0,
            stripeLength == BtrfsChunk.stripeLength
        else {
            throw ImageFault(
                .corrupt,
                "chunk at \(start) of \(length) bytes with \(count) stripes, \(stripeLength) bytes each",
                at: raw.origin)
        }
        var stripes: [Stripe] = []
        for index in 0..<count {
            let at = BtrfsChunk.stripesPlace + index * BtrfsChunk.stripeSize
            stripes.append(
                Stripe(
                    device: try raw.little(at: at), offset: try raw.little(at: at + 8),
                    deviceID: try GUID(bigEndian: raw, at: at + 16)))
        }
        self.stripes = stripes
        guard let layout = BtrfsChunk.layout(profile, stripes: count, copies: copies) else {
            throw ImageFault(
                .corrupt, "chunk at \(start) of profile \(profile) with \(count) stripes, \(copies) copies",
                at: raw.origin + 24)
        }
        self.layout = layout
    }

    private static func layout(_ profile: UInt64, stripes: Int, copies: Int) -> Layout? {
        switch profile >> 3 & 0xFF {
        case 0: stripes == 1 ? .single : nil
        // RAID0
        case 1: .striped
        // RAID1, DUP, RAID1C3, RAID1C4
        case 2, 4, 64, 128: .mirrored
        // RAID10
        case 8: copies > 0 && stripes % copies == 0 ? .stripedMirrors(copies) : nil
        // RAID5, RAID6
        case 16: stripes >= 2 ? .parity(1) : nil
        case 32: stripes >= 3 ? .parity(2) : nil
        default: nil
        }
    }

    /// Where the byte at `offset` into the chunk is stored, by copy (`map_blocks_*`).
    func place(of offset: UInt64, copy: Int) throws(ImageFault) -> Place {
        let width = BtrfsChunk.stripeLength
        let number = offset / width
        let rest = offset % width
        let stripeCount = UInt64(stripes.count)
        let index: UInt64
        let inside: UInt64
        var contiguous = width - rest
        switch layout {
        case .single, .mirrored:
            (index, inside, contiguous) = (UInt64(copy), offset, length - offset)
        case .striped:
            (index, inside) = (number % stripeCount, number / stripeCount * width + rest)
        case .stripedMirrors(let copies):
            let groups = stripeCount / UInt64(copies)
            index = number % groups * UInt64(copies) + UInt64(copy)
            inside = number / groups * width + rest
        case .parity(let parity):
            let dataCount = stripeCount - UInt64(parity)
            let row = number / dataCount
            (index, inside) = ((number % dataCount + row) % stripeCount, row * width + rest)
        }
        let stripe = stripes[Int(index)]
        return Place(
            stripe: stripe, offset: try stripe.offset.adding(inside),
            length: Swift.min(contiguous, length - offset))
    }

    /// The places whose exclusive-or gives the bytes at `offset`: the other data of the row and its first parity
    /// (the parities follow the data, all turned by the number of the row). Nil without parity.
    func parityPlaces(of offset: UInt64) throws(ImageFault) -> [Place]? {
        guard case .parity(let parity) = layout else { return nil }
        let width = BtrfsChunk.stripeLength
        let dataCount = stripes.count - parity
        let number = offset / width
        let row = number / UInt64(dataCount)
        let own = Int(number % UInt64(dataCount))
        var places: [Place] = []
        for position in 0...dataCount where position != own {
            let stripe = stripes[Int((UInt64(position) + row) % UInt64(stripes.count))]
            let inside = row * width + offset % width
            places.append(
                Place(
                    stripe: stripe, offset: try stripe.offset.adding(inside), length: width - offset % width))
        }
        return places
    }
}
