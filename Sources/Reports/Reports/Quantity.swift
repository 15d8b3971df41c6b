/// Numbers as people read them.
package enum Quantity {
    /// `3.0 GiB`, `512 bytes`.
    package static func bytes(_ count: UInt64) -> String {
        guard count >= 1024 else { return "\(count) bytes" }
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var value = Double(count) / 1024
        var index = 0
        // 1023.95 would be shown as 1024.0.
        while value >= 1023.95, index < units.count - 1 {
            value /= 1024
            index += 1
        }
        return "\(tenths(value)) \(units[index])"
    }

    /// `0.31 s`, `12.4 s`, `4 ms`.
    package static func seconds(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
        if seconds < 0.1 { return "\(Int((seconds * 1000).rounded(.up))) ms" }
        if seconds < 10 {
            let hundredths = Int((seconds * 100).rounded())
            let rest = hundredths % 100
            return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) s"
        }
        return "\(tenths(seconds)) s"
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// `1 check`, `2 checks`.
    package static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
