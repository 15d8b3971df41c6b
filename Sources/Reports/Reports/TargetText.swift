public import Targets

/// Targets for people.
public enum TargetText {
    /// A paragraph per target: what it is and the hardware that a launch there means.
    public static func table(_ targets: [Target], style: TextStyle) -> String {
        var canvas = TextCanvas(style)
        let width = (targets.map { TerminalText.width($0.id) }.max() ?? 0) + 2
        for (index, target) in targets.enumerated() {
            let hardware = target.hardware
            canvas.cutLine([
                Piece(TerminalText.padded(target.id, to: width), .strong), Piece(target.title),
                Piece(index == 0 ? "  (default)" : "", .quiet),
            ])
            var parts = ["disks " + hardware.disks.map(\.rawValue).joined(separator: ", ")]
            if !hardware.optionalDisks.isEmpty {
                parts.append("with --disk " + hardware.optionalDisks.map(\.rawValue).joined(separator: ", "))
            }
            let firmware = hardware.firmware.sorted { $0.key < $1.key }.map { architecture, kinds in
                "\(architecture) \(kinds.map { $0.rawValue.uppercased() }.joined(separator: ", "))"
            }
            parts.append(firmware.joined(separator: "; "))
            canvas.paragraph(parts.joined(separator: "; "), .quiet, indent: width)
        }
        return canvas.text
    }
}
