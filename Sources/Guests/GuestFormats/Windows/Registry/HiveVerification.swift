package import ByteReading

/// What a look over the structure of a hive found, without reading what is in it.
package struct HiveVerification: Sendable {
    /// The size the file should have by its header, in bytes.
    package var declaredSize: UInt64
    /// The bytes there are.
    package var availableSize: UInt64
    /// Bins whose headers were good.
    package var binCount = 0
    /// Whether the bins were followed to the end of the hive, not only up to the limit.
    package var isComplete = false
    /// What is wrong, in the order of the file: bins, then the root and the keys directly under it. At most 64.
    package var faults: [ImageFault] = []

    /// Whether the file ends before the hive does.
    package var isTruncated: Bool { availableSize < declaredSize }
}

extension Hive {
    /// Follows the headers of the bins through the hive, looking at no more than `limit` places, and reads the
    /// root and the keys directly under it.
    package func verify(limit: Int = 1 << 15) -> HiveVerification {
        var result = HiveVerification(
            declaredSize: HiveHeader.size + UInt64(header.binsSize), availableSize: pages.size)
        if result.isTruncated {
            result.add(
                ImageFault(
                    .truncated, "\(result.availableSize) bytes of a hive of \(result.declaredSize)",
                    at: result.availableSize))
        }
        verifyBins(&result, limit: limit)
        do throws(ImageFault) {
            _ = try root.subkeys { result.add($0) }
        } catch {
            result.add(error)
        }
        return result
    }

    private func verifyBins(_ result: inout HiveVerification, limit: Int) {
        var offset: UInt32 = 0
        var lost = false
        for _ in 0..<max(0, limit) {
            guard offset < header.binsSize, position(offset) < pages.size else {
                result.isComplete = true
                return
            }
            do throws(ImageFault) {
                offset += try binSize(at: offset)
                result.binCount += 1
                lost = false
            } catch {
                // The next bin begins at one of the next pages: which, is not known.
                if !lost { result.add(error) }
                lost = true
                offset += HiveHeader.binUnit
            }
        }
        result.isComplete = offset >= header.binsSize
    }

    /// The size of the bin at `offset`, which ends within the hive.
    private func binSize(at offset: UInt32) throws(ImageFault) -> UInt32 {
        let head = try pages.readOnce(at: position(offset), count: 12)
        guard head.starts(with: "hbin") else {
            throw ImageFault(.corrupt, "no bin at \(offset)", at: position(offset))
        }
        let own: UInt32 = try head.little(at: 4)
        let size: UInt32 = try head.little(at: 8)
        guard own == offset, size >= HiveHeader.binUnit, size.isMultiple(of: HiveHeader.binUnit),
            size <= header.binsSize - offset
        else {
            throw ImageFault(
                .corrupt, "a bin of \(size) bytes that says it is at \(own) at \(offset)",
                at: position(offset))
        }
        return size
    }
}

extension HiveVerification {
    fileprivate mutating func add(_ fault: ImageFault) {
        if faults.count < 64 { faults.append(fault) }
    }
}
