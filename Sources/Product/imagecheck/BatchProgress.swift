import Batch
import Reports
import Synchronization

/// How far a batch is: one line that changes on a terminal, a line per image elsewhere.
final class BatchProgress: Sendable {
    private struct Count {
        var total = 0
        var done = 0
        var failing = 0
        var began = ContinuousClock.now
        var atBegin = 0
    }

    private let count = Mutex(Count())
    private let isLive = Host.isErrorTerminal
    private let isQuiet: Bool

    /// - Parameter isQuiet: whether standard output gets nothing of it.
    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    func begin(images: Int, kept: Int) {
        count.withLock {
            $0.total = images
            $0.done = kept
            $0.atBegin = kept
            $0.began = .now
        }
        if kept > 0, !isQuiet { say("\(kept) of \(images) images are done already") }
    }

    /// Images that have no result yet.
    var remaining: Int { count.withLock { $0.total - $0.done } }

    /// Images that have no result yet, of how many.
    var remainder: String {
        count.withLock { "\($0.total - $0.done) of \($0.total) images" }
    }

    func finish(_ row: BatchRow) {
        let line = count.withLock { count -> String? in
            guard row.status != .skipped else { return isQuiet ? nil : "-  \(row.image)  \(row.reason)" }
            count.done += 1
            let isFailing = row.status == .checked ? !row.isGood : row.status != .notAnImage
            if isFailing { count.failing += 1 }
            if isLive { return live(count, row) }
            guard !isQuiet else { return nil }
            let answer =
                row.status != .checked
                ? row.status.words : row.answers[0] == "-" ? "no system" : row.answers[0]
            return "\(count.done)/\(count.total)  \(answer)  \(row.image)"
                + (row.reason.isEmpty || row.status != .checked ? "" : "  " + row.reason)
        }
        guard let line else { return }
        if isLive { Host.show("\r\u{1b}[K" + line) } else { say(line) }
    }

    func end() {
        if isLive { Host.show("\r\u{1b}[K") }
    }

    private func say(_ line: String) {
        _ = try? Host.write(TerminalText.escaped(line) + "\n")
    }

    private func live(_ count: Count, _ row: BatchRow) -> String {
        let elapsed = (ContinuousClock.now - count.began) / .seconds(1)
        let rate = elapsed > 0 ? Double(count.done - count.atBegin) / elapsed : 0
        let left = rate > 0 ? Int((Double(count.total - count.done) / rate).rounded(.up)) : 0
        let time =
            left >= 5400
            ? "\((left + 1800) / 3600) h" : left >= 90 ? "\((left + 30) / 60) min" : "\(left) s"
        let tenths = Int((rate * 10).rounded())
        let name = row.image.split(separator: "/").last.map(String.init) ?? row.image
        let text =
            "\(count.done) of \(count.total), \(count.failing) failing, \(tenths / 10).\(tenths % 10)/s, "
            + "\(time) left  \(TerminalText.escaped(name))"
        return TerminalText.cut(text, to: max(20, Host.errorColumns - 1))
    }
}
