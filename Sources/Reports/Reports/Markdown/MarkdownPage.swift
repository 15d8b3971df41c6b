/// A Markdown text that grows block by block and never beyond its limit. It counts what did not fit and says so at
/// its end.
package struct MarkdownPage {
    private let limit: Int
    private var blocks: [String] = []
    private var used = 0
    private var leftOut: [(count: Int, what: String)] = []

    /// Kept free for the sentence about what was left out.
    private static let reserve = 600

    package init(limit: Int) { self.limit = limit }

    /// Whether hardly anything more fits.
    package var isFull: Bool { used + MarkdownPage.reserve + 400 > limit }

    /// The whole text.
    package var text: String {
        var all = blocks
        if !leftOut.isEmpty {
            let list = leftOut.map { Quantity.count($0.count, $0.what) }.joined(separator: ", ")
            all.append(
                "**This comment is shortened** to what a comment can hold. Left out: \(list). "
                    + "The whole report: `imagecheck scan --format html=report.html`, or `--format json`.")
        }
        return all.joined(separator: "\n\n") + "\n"
    }

    /// Adds a block of lines if it fits.
    @discardableResult
    package mutating func add(_ lines: [String]) -> Bool {
        let block = lines.joined(separator: "\n")
        let size = block.utf16.count + 2
        guard used + size + MarkdownPage.reserve <= limit else { return false }
        blocks.append(block)
        used += size
        return true
    }

    /// Adds a table, as many rows of it as fit into a part of what is free.
    package mutating func addTable(_ head: [String], _ rows: [String], share: Int, of what: String) {
        var room = max(0, limit - used - MarkdownPage.reserve) / share - head.joined().utf16.count
        let fitting = rows.prefix { row in
            room -= row.utf16.count + 1
            return room > 0
        }
        if !fitting.isEmpty { add(head + fitting) }
        if fitting.count < rows.count { leaveOut(rows.count - fitting.count, "table row") }
    }

    /// Counts something that is not shown.
    package mutating func leaveOut(_ count: Int, _ what: String) {
        if let index = leftOut.firstIndex(where: { $0.what == what }) {
            leftOut[index].count += count
        } else {
            leftOut.append((count, what))
        }
    }
}
