import BlockIO
import ByteReading

/// The header of a VHDX file that is current ([MS-VHDX] 2.2.2, "Headers"). All numbers are little-endian.
struct VHDXHeader: Sendable, Hashable {
    /// `SequenceNumber`, byte 8: the valid header with the greater one is current.
    let sequenceNumber: UInt64
    /// `DataWriteGuid`, byte 32: what a differencing disk knows its parent by.
    let dataWriteIdentity: GUID
    /// `LogGuid`, byte 48: zero when the log is empty.
    let logIdentity: GUID
    /// `LogVersion`, byte 64.
    let logVersion: UInt16
    /// `LogLength`, byte 68, and `LogOffset`, byte 72: a range of whole MiB.
    let log: Range<UInt64>

    /// `vhdxfile`
    static let fileSignature: [UInt8] = Array("vhdxfile".utf8)
    private static let places: [UInt64] = [64 << 10, 128 << 10]
    private static let length = 4 << 10

    /// Parses a header whose checksum holds. Throws `corrupt` when it is none, `unsupported` for versions other
    /// than 1.
    init(parsing block: Bytes) throws(ImageFault) {
        try VHDXHeader.checkStructure(block, signature: "head", name: "header")
        let version = try block.little(UInt16.self, at: 66)
        guard version == 1 else {
            throw ImageFault(
                .unsupported, "VHDX version \(version); 1 is read", at: try block.origin.adding(66))
        }
        sequenceNumber = try block.little(at: 8)
        dataWriteIdentity = try GUID(mixedEndian: block, at: 32)
        logIdentity = try GUID(mixedEndian: block, at: 48)
        logVersion = try block.little(at: 64)
        let logOffset = try block.little(UInt64.self, at: 72)
        log = logOffset..<(try logOffset.adding(UInt64(try block.little(UInt32.self, at: 68))))
    }

    /// Reads both headers and takes the current one; a damaged one is a finding.
    ///
    /// Throws `corrupt` when there is no current header.
    static func current(
        in file: any BlockSource
    ) throws(ImageFault) -> (header: VHDXHeader, findings: [ContainerFinding]) {
        var valid: [VHDXHeader] = []
        var faults: [ImageFault] = []
        for place in places {
            do throws(ImageFault) {
                valid.append(try VHDXHeader(parsing: file.read(at: place, count: length)))
            } catch {
                faults.append(error)
            }
        }
        let findings = faults.map {
            ContainerFinding(
                .copyOfMetadataUsed, "one of the two headers is damaged (\($0.message)); the other was used",
                at: $0.offset)
        }
        guard let first = valid.first else {
            throw faults.first { $0.kind == .unsupported } ?? faults.first
                ?? ImageFault(.corrupt, "no valid VHDX header", at: places.first)
        }
        guard let second = valid.dropFirst().first else { return (first, findings) }
        if first.sequenceNumber == second.sequenceNumber {
            // Disk2vhd writes two headers that are the same; the specification does not provide for it.
            guard first == second else {
                throw ImageFault(
                    .corrupt, "two different headers have the sequence number \(first.sequenceNumber)",
                    at: places.first)
            }
            return (first, findings)
        }
        return (first.sequenceNumber > second.sequenceNumber ? first : second, findings)
    }

    /// Checks the four bytes of signature and the CRC-32C after it, which is taken over the whole block with its
    /// own bytes as zeros.
    static func checkStructure(_ block: Bytes, signature: String, name: String) throws(ImageFault) {
        guard block.starts(with: signature) else {
            throw ImageFault(.corrupt, "no VHDX \(name) (\(signature))", at: block.origin)
        }
        let stored = try block.little(UInt32.self, at: 4)
        let computed = checksum(block)
        guard stored == computed else {
            throw ImageFault(
                .corrupt,
                "checksum of the VHDX \(name) is 0x\(Hexadecimal.lower(stored, width: 8)), its bytes give 0x\(Hexadecimal.lower(computed, width: 8))",
                at: try block.origin.adding(4))
        }
    }

    /// The CRC-32C of `block` with bytes 4–7 as zeros.
    static func checksum(_ block: Bytes) -> UInt32 {
        let crc = CRC32.castagnoli
        var register = crc.update(~0, block.prefix(4))
        register = crc.update(register, Bytes([0, 0, 0, 0]))
        return ~crc.update(register, block.dropFirst(8))
    }
}
