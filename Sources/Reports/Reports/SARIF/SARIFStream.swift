/// A SARIF log that is made image by image, for more of them than memory holds. Each image has a share in each of four
/// lists; who makes the log keeps the lists apart and puts them together at the end. The outcome is the log that
/// `SARIFReport` makes of the same images.
public struct SARIFStream {
    /// The lists, in the order in which they stand in the log.
    public enum List: Int, Sendable, Hashable, CaseIterable {
        case artifacts, notifications, verdicts, results

        /// How far its elements stand in.
        fileprivate var indentation: Int {
            switch self {
            case .artifacts, .results: 8
            case .notifications: 12
            case .verdicts: 10
            }
        }
    }

    private let tool: ScanReport.Tool
    private var collection: SARIFCollection
    private var isBegun: Set<List> = []
    private var isComplete = true

    /// A log of `tool`.
    public init(scope: SARIFReport.Scope, tool: ScanReport.Tool) {
        self.tool = tool
        collection = SARIFCollection(scope)
    }

    /// What an image adds to the end of each list. Throws what the encoder throws.
    public mutating func add(_ report: ScanReport) throws -> [List: [UInt8]] {
        try texts(of: collection.add(report))
    }

    /// What a file without a report adds to the end of each list. Throws what the encoder throws.
    public mutating func add(_ image: ScanResults.Unreadable) throws -> [List: [UInt8]] {
        if image.kind.isFailure { isComplete = false }
        return try texts(of: collection.add(image))
    }

    private mutating func texts(of share: SARIFCollection.Share) throws -> [List: [UInt8]] {
        [
            .artifacts: try text(.artifacts, share.artifacts),
            .notifications: try text(.notifications, share.notifications),
            .verdicts: try text(.verdicts, share.verdicts), .results: try text(.results, share.results),
        ]
    }

    private mutating func text(_ list: List, _ elements: [some Encodable]) throws -> [UInt8] {
        guard !elements.isEmpty else { return [] }
        // Without the brackets of the list and the line ends beside them.
        let inner = try JSONReport.bytes(elements).dropFirst(2).dropLast(2)
        let isFirst = isBegun.insert(list).inserted
        return (isFirst ? [] : Array(",\n".utf8)) + SARIFStream.indented(inner, by: list.indentation - 2)
    }

    /// The whole log, piece by piece.
    ///
    /// - Parameters:
    ///   - list: hands on what was added to a list.
    ///   - append: takes a piece.
    /// - Throws: what the encoder and the closures throw.
    public func write(
        list: (List) throws -> Void, append: ([UInt8]) throws -> Void
    ) throws {
        func line(_ indentation: Int, _ text: String) throws {
            try append(Array((String(repeating: " ", count: indentation) + text + "\n").utf8))
        }
        func array(_ which: List, _ name: String, end: String) throws {
            let indentation = which.indentation - 2
            try line(indentation, "\"\(name)\" : [")
            try list(which)
            try append([0x0A])
            try line(indentation, "]" + end)
        }
        try line(0, "{")
        try line(2, "\"$schema\" : \"\(SARIF.Log.schema)\",")
        try line(2, "\"runs\" : [")
        try line(4, "{")
        try array(.artifacts, "artifacts", end: ",")
        try line(6, "\"columnKind\" : \"\(SARIF.Run.columnKind)\",")
        try line(6, "\"invocations\" : [")
        try line(8, "{")
        let hasNotifications = isBegun.contains(.notifications)
        try line(10, "\"executionSuccessful\" : \(isComplete)" + (hasNotifications ? "," : ""))
        if hasNotifications { try array(.notifications, "toolExecutionNotifications", end: "") }
        try line(8, "}")
        try line(6, "],")
        try line(6, "\"properties\" : {")
        try array(.verdicts, "verdicts", end: "")
        try line(6, "},")
        try array(.results, "results", end: ",")
        let tool = try JSONReport.bytes(
            SARIFReport.tool(tool, notifications: SARIFRules.batchNotifications))
        try append(Array("      \"tool\" : ".utf8))
        try append(Array(SARIFStream.indented(tool[...], by: 6).dropFirst(6)) + [0x0A])
        try line(4, "}")
        try line(2, "],")
        try line(2, "\"version\" : \"\(SARIF.Log.version)\"")
        try line(0, "}")
    }

    /// Puts each line further in. Line ends stand between values only: in a string of JSON they are escaped.
    private static func indented(_ text: ArraySlice<UInt8>, by count: Int) -> [UInt8] {
        let spaces = [UInt8](repeating: 0x20, count: count)
        var result: [UInt8] = []
        var isLineStart = true
        for byte in text {
            // An empty list has an empty line in it, which stays empty.
            if isLineStart, byte != 0x0A { result += spaces }
            result.append(byte)
            isLineStart = byte == 0x0A
        }
        return result
    }
}
