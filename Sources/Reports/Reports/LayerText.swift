import GuestFacts

/// The layers of an image, as `inspect` shows them.
public struct LayerText: Sendable {
    private let report: ScanReport
    private let style: TextStyle

    /// A text of the layers of `report`.
    public init(_ report: ScanReport, style: TextStyle = TextStyle()) {
        self.report = report
        self.style = style
    }

    /// The tree of layers, the systems in them and what could not be read.
    public var text: String {
        var canvas = TextCanvas(style)
        let image = report.image
        canvas.cutLine([
            Piece(image.path, .strong),
            Piece(
                "  \(image.format), \(Quantity.bytes(image.virtualSize)), file of \(Quantity.bytes(image.fileSize))",
                .quiet),
        ])
        for backing in image.backing ?? [] {
            let state = backing.opened ? "opened" : "not opened" + (backing.reason.map { ": " + $0 } ?? "")
            canvas.cutLine(
                [Piece("refers to "), Piece(backing.name), Piece("  \(state)", .quiet)], indent: 2)
        }
        writeLayers(on: &canvas)
        if !report.guests.isEmpty { canvas.gap() }
        for guest in report.guests {
            let os = guest.os
            let parts = [
                os.name ?? os.distribution ?? os.family, os.architecture,
                os.bootMode.map(TextReport.firmwareName),
                os.kernelVersion.map { "kernel " + $0 }, os.hostname.map { "host " + $0 },
            ]
            canvas.cutLine([
                Piece(guest.root + "  ", .quiet), Piece(parts.compactMap { $0 }.joined(separator: " · ")),
            ])
        }
        if report.guests.isEmpty { canvas.line("No operating system was found.", .warning) }
        if !report.gaps.isEmpty { canvas.gap() }
        for gap in report.gaps {
            canvas.paragraph(head: [Piece("not read  ", .warning)], "\(gap.where): \(gap.message)", hang: 10)
        }
        return canvas.text
    }

    /// The tree of layers alone.
    func writeLayers(on canvas: inout TextCanvas) {
        write(report.image.layers, prefix: "", depth: 0, on: &canvas)
    }

    /// No image has as many layers inside each other; a report from elsewhere might.
    private static let depthLimit = 32

    private func write(_ layers: [ScanReport.Layer], prefix: String, depth: Int, on canvas: inout TextCanvas)
    {
        guard depth < LayerText.depthLimit else { return }
        for (index, layer) in layers.enumerated() {
            let isLast = index == layers.count - 1
            let below = prefix + (isLast ? "   " : "│  ")
            let children = layer.children ?? []
            let margin = Piece(below + (children.isEmpty ? "    " : "│   "), .quiet)
            canvas.flow(
                [Piece(prefix + (isLast ? "└─ " : "├─ "), .quiet), Piece(LayerText.name(layer) + "  ")],
                details(layer), between: ", ", indent: 0, hang: 0, continuing: [margin])
            for sentence in LayerText.problems(layer) {
                canvas.flow(
                    [margin], sentence.split(separator: " ").map { Piece(String($0), .warning) },
                    between: " ", indent: 0, hang: 0, continuing: [margin])
            }
            write(children, prefix: below, depth: depth + 1, on: &canvas)
        }
    }

    /// What people call a layer: `partition 1`, `volume group vg-data`.
    static func name(_ layer: ScanReport.Layer) -> String {
        [title(layer.kind), layer.number.map(String.init), layer.name].compactMap { $0 }.joined(
            separator: " ")
    }

    /// The kinds that have names of several words, in words.
    private static func title(_ kind: String) -> String {
        switch kind {
        case "volumeGroup": "volume group"
        case "logicalVolume": "logical volume"
        default: kind
        }
    }

    private func details(_ layer: ScanReport.Layer) -> [Piece] {
        var parts: [String] = []
        if let size = layer.size { parts.append(Quantity.bytes(size)) }
        if let offset = layer.offset, offset > 0 { parts.append("at \(Quantity.bytes(offset))") }
        if let used = layer.used { parts.append("\(Quantity.bytes(used)) used") }
        for (key, value) in (layer.identity ?? [:]).sorted(by: { $0.key < $1.key }) {
            parts.append("\(key) \(value)")
        }
        return parts.map { Piece($0, .quiet) }
    }

    /// What is wrong with a layer, a sentence each.
    static func problems(_ layer: ScanReport.Layer) -> [String] {
        var sentences: [String] = []
        if let health = layer.health, health != "ok" { sentences.append(health) }
        if let unreadable = layer.unreadable { sentences.append("not readable: " + unreadable) }
        return sentences
    }

    /// One line per file system below `layer`: `partition 1, ext4 on /, 998 MiB of 3.0 GiB used`.
    static func fileSystems(of layer: ScanReport.Layer, inside place: String = "", depth: Int = 0) -> [String]
    {
        guard depth < depthLimit else { return [] }
        var lines: [String] = []
        if let used = layer.used {
            let size = layer.size.map { ", \(Quantity.bytes(used)) of \(Quantity.bytes($0)) used" } ?? ""
            let health = layer.health.map { $0 == "ok" ? "" : ", " + $0 } ?? ""
            let mounted = layer.identity?["mounted"].map { " on \($0)" } ?? ""
            lines.append("\(place)\(layer.kind)\(mounted)\(size)\(health)")
        }
        let below =
            switch layer.kind {
            case "partition": layer.number.map { "partition \($0), " } ?? place
            case "volumeGroup": layer.name.map { $0 + "/" } ?? place
            case "logicalVolume": layer.name.map { (place.hasSuffix("/") ? place : "") + $0 + ", " } ?? place
            case "array": layer.name.map { "array \($0), " } ?? place
            default: place
            }
        for child in layer.children ?? [] { lines += fileSystems(of: child, inside: below, depth: depth + 1) }
        return lines
    }
}
