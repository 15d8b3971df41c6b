/// A layer of the disk as a box, with what lies in it inside.
struct HTMLLayer {
    let name: String
    let tone: String
    /// How much of the row the box takes, against its neighbours.
    let weight: Int
    let size: String?
    let usage: Usage?
    let details: [String]
    let problems: [String]
    let hasChildren: Bool
    /// `beside` where the layers within divide it among themselves, else `inside`.
    let arrangement: String
    let children: [HTMLLayer]

    /// How full a file system is.
    struct Usage {
        let percent: Int
        let label: String
    }

    /// No image has as many layers inside each other; a report from elsewhere might.
    private static let depthLimit = 32
    /// Less than that between two partitions is alignment.
    private static let smallestFree: UInt64 = 8 << 20

    /// - Parameter whole: the size of what the layer is a part of, in bytes.
    init(_ layer: ScanReport.Layer, within whole: UInt64, depth: Int = 0) {
        name = LayerText.name(layer)
        size = layer.size.map(Quantity.bytes)
        weight = HTMLLayer.weight(layer.size ?? whole, of: whole)
        problems = LayerText.problems(layer)
        tone = problems.isEmpty ? "good" : "warn"
        if let used = layer.used, let size = layer.size, size > 0 {
            let percent = Int((Double(min(used, size)) / Double(size) * 100).rounded())
            usage = Usage(
                percent: percent,
                label: "\(Quantity.bytes(used)) of \(Quantity.bytes(size)) used, \(percent) %")
        } else {
            usage = nil
        }
        details = (layer.identity ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        let inner = layer.size ?? whole
        let own = depth < HTMLLayer.depthLimit ? layer.children ?? [] : []
        let isTable = layer.kind == "gpt" || layer.kind == "mbr"
        children =
            own.map { HTMLLayer($0, within: inner, depth: depth + 1) }
            .inserting(isTable ? HTMLLayer.free(between: own, within: inner) : [])
        hasChildren = !children.isEmpty
        arrangement = isTable || layer.kind == "volumeGroup" ? "beside" : "inside"
    }

    private init(free size: UInt64, of whole: UInt64) {
        name = "free"
        tone = "free"
        weight = HTMLLayer.weight(size, of: whole)
        self.size = Quantity.bytes(size)
        usage = nil
        details = []
        problems = []
        hasChildren = false
        arrangement = "inside"
        children = []
    }

    /// The square root keeps a small partition visible beside a large one.
    private static func weight(_ size: UInt64, of whole: UInt64) -> Int {
        guard whole > 0 else { return 10 }
        return max(10, Int((Double(min(size, whole)) / Double(whole)).squareRoot() * 100))
    }

    /// The stretches of a partitioned disk that no partition takes, and the place of each among the partitions.
    private static func free(
        between partitions: [ScanReport.Layer], within whole: UInt64
    ) -> [(index: Int, layer: HTMLLayer)] {
        var free: [(index: Int, layer: HTMLLayer)] = []
        var end: UInt64 = 0
        func add(upTo start: UInt64, at index: Int) {
            guard start > end, start - end >= smallestFree else { return }
            free.append((index, HTMLLayer(free: start - end, of: whole)))
        }
        let placed = partitions.enumerated().compactMap { index, layer in
            layer.offset.map { (index: index, offset: $0, size: layer.size ?? 0) }
        }
        for partition in placed.sorted(by: { $0.offset < $1.offset }) {
            add(upTo: partition.offset, at: partition.index)
            end = max(end, partition.offset.addingReportingOverflow(partition.size).partialValue)
        }
        add(upTo: whole, at: partitions.count)
        return free
    }
}

extension [HTMLLayer] {
    /// The layers with each of `others` before the one whose index it names.
    fileprivate func inserting(_ others: [(index: Int, layer: HTMLLayer)]) -> [HTMLLayer] {
        var result: [HTMLLayer] = []
        for index in 0...count {
            result += others.filter { $0.index == index }.map(\.layer)
            if index < count { result.append(self[index]) }
        }
        return result
    }
}
