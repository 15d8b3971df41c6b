import ByteReading

/// Completes a hive whose last write had not ended from its logs, as Windows does when it loads one.
///
/// After Suhanov, "Dirty state of a hive" and "Multiple transaction log files", and his "Missing log entries
/// for a dirty primary file" (a log may begin later than the hive says it needs). Differs from Windows in that
/// nothing is written and damaged bins are not mended.
struct HiveRecovery {
    /// The header that holds.
    private(set) var header: HiveHeader
    private(set) var overlay: HiveOverlay
    private(set) var state: HiveState

    /// Reads the header of the hive and, where it is dirty, its logs. Throws when there is no header to go by.
    init(_ source: ContentSource, logs: [ContentSource]) throws(ImageFault) {
        let own: HiveHeader?
        do throws(ImageFault) {
            let header = try HiveHeader(parsing: source.read(at: 0, count: HiveHeader.checkedSize))
            if header.isChecksumValid {
                try header.check()
                guard !header.isLog else {
                    throw ImageFault(.unsupported, "it is a log of a hive, not a hive", at: 28)
                }
            }
            own = header
        } catch {
            // Another error than a damaged header is not mended by a log.
            guard error.kind == .corrupt else { throw error }
            own = nil
        }
        overlay = HiveOverlay(logs: logs)
        if let own, own.isChecksumValid, !own.isInterrupted {
            header = own
            state = .clean
            return
        }
        let valid = own.flatMap { $0.isChecksumValid ? $0 : nil }
        let written = valid?.lastWritten ?? Self.firstBinTime(source)
        var obstacle = HiveObstacle.noLogs
        var found: [HiveLog] = []
        // Windows has two logs, or one; more than a few come from a stranger.
        for (index, log) in logs.prefix(8).enumerated() where log.size > 0 {
            do throws(ImageFault) { found.append(try HiveLog(log, index: index)) } catch {
                obstacle = .damaged("log \(index + 1): \(error)")
            }
        }
        let replayed: (header: HiveHeader, replay: HiveReplay)?
        do throws(ImageFault) {
            let withEntries = found.filter(\.hasEntries)
            if !withEntries.isEmpty {
                replayed = try Self.replayEntries(withEntries, onto: valid, &overlay)
            } else if !found.isEmpty {
                replayed = try Self.replaySectors(found, since: written, &overlay)
            } else {
                replayed = nil
            }
            if replayed == nil, !found.isEmpty, case .noLogs = obstacle {
                obstacle = .notApplicable(Self.mismatch(found, valid))
            }
        } catch {
            replayed = nil
            obstacle = .damaged("\(error)")
        }
        if var replayed {
            replayed.replay.restoredHeader = valid == nil
            replayed.replay.byteCount = overlay.byteCount
            if case .damaged(let place) = obstacle, replayed.replay.stopped == nil {
                replayed.replay.stopped = place
            }
            header = replayed.header
            state = .replayed(replayed.replay)
        } else {
            // What a log began to add is not taken by halves.
            overlay = HiveOverlay()
            if let own {
                header = try own.repaired(for: source)
            } else {
                header = try .guessed(for: source)
            }
            state = .dirty(obstacle)
        }
    }

    /// The time in the first bin, a copy of that in the header.
    private static func firstBinTime(_ source: ContentSource) -> UInt64? {
        guard let head = try? source.read(at: HiveHeader.size, count: 32), head.starts(with: "hbin") else {
            return nil
        }
        return try? head.little(at: 20)
    }

    private static func mismatch(_ logs: [HiveLog], _ header: HiveHeader?) -> String {
        let sequences = logs.map { "\($0.header.primarySequence)" }.joined(separator: ", ")
        guard let header else { return "logs of write \(sequences)" }
        return "logs of write \(sequences), a hive of write \(header.secondarySequence)"
    }
}

extension HiveRecovery {
    /// Whether `a` comes before `b`; sequence numbers start again at 0 when they are used up.
    private static func isBefore(_ a: UInt32, _ b: UInt32) -> Bool { Int32(bitPattern: a &- b) < 0 }

    /// Applies logs of entries: the older one, then the one that goes on where it ends. When the header of the
    /// hive is bad, the newer one alone, which also gives the header. Nil when no entry belongs to the hive.
    ///
    /// Windows writes a hive without marking it when it uses a log again, so entries that the hive says it needs
    /// may be gone; then two logs that follow each other hold all that is newer than the hive. One log with a gap
    /// before it could as well lack what a lost log had: that is not guessed.
    private static func replayEntries(
        _ logs: [HiveLog], onto header: HiveHeader?, _ overlay: inout HiveOverlay
    ) throws(ImageFault) -> (HiveHeader, HiveReplay)? {
        var ordered = logs.sorted { isBefore($0.header.primarySequence, $1.header.primarySequence) }
        if header == nil { ordered = Array(ordered.suffix(1)) }
        var replay = HiveReplay()
        var result: HiveHeader?
        var first: UInt32?
        for log in ordered {
            // A log that does not go on where the last ended is of another time.
            if let last = result, log.header.primarySequence != last.secondarySequence &+ 1 { continue }
            var sequence = log.header.primarySequence
            var offset = UInt64(HiveOverlay.sectorSize)
            while replay.stopped == nil {
                let entry: HiveLogEntry?
                do throws(ImageFault) { entry = try log.entry(at: offset, sequence: sequence) } catch {
                    // Writing it had not ended: Windows takes those before it.
                    replay.stopped = "log \(log.index + 1): \(error)"
                    break
                }
                guard let entry else { break }
                offset += UInt64(entry.size)
                sequence &+= 1
                if let header, isBefore(entry.sequence, header.secondarySequence) { continue }
                try log.forEachPage(of: entry) { (place, count, data) throws(ImageFault) in
                    try overlay.replace(at: place, count: count, by: log.index, at: data)
                }
                var next = result ?? log.header
                next.binsSize = entry.binsSize
                next.primarySequence = entry.sequence
                next.secondarySequence = entry.sequence
                result = next
                first = first ?? entry.sequence
                replay.entries += 1
                if replay.logs.last != log.index { replay.logs.append(log.index) }
            }
            if replay.stopped != nil { break }
        }
        guard let result else {
            if let stopped = replay.stopped { throw ImageFault(.corrupt, stopped) }
            return nil
        }
        if let header, first != header.secondarySequence, replay.logs.count < 2 { return nil }
        return (result, replay)
    }

    /// Applies the newest log of dirty sectors that is not older than the hive.
    private static func replaySectors(
        _ logs: [HiveLog], since written: UInt64?, _ overlay: inout HiveOverlay
    ) throws(ImageFault) -> (HiveHeader, HiveReplay)? {
        let usable = logs.filter { log in written.map { log.header.lastWritten >= $0 } ?? true }
        guard let log = usable.max(by: { $0.header.lastWritten < $1.header.lastWritten }) else { return nil }
        try log.forEachDirtyRun { (place, count, data) throws(ImageFault) in
            try overlay.replace(at: place, count: count, by: log.index, at: data)
        }
        return (log.header, HiveReplay(logs: [log.index], entries: 1))
    }
}
