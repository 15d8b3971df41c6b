import CHost
import FoundationEssentials
import Reports
import SystemPackage

/// The two ends of the program: where text goes, and what the place can show.
enum Host {
    /// Writes `bytes` to standard output. False when nobody reads it any more; that is no failure.
    @discardableResult
    static func write(_ bytes: [UInt8]) throws(CommandFailure) -> Bool {
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
            return true
        } catch Errno.brokenPipe {
            return false
        } catch {
            throw CommandFailure("the output cannot be written: \(error)")
        }
    }

    /// Writes text to standard output.
    @discardableResult
    static func write(_ text: String) throws(CommandFailure) -> Bool { try write(Array(text.utf8)) }

    /// A sentence on standard error, escaped like everything that may hold a stranger's words.
    static func complain(_ message: String, hint: String? = nil) {
        let unicode = hasUnicode
        var text = "imagecheck: " + TerminalText.escaped(message, unicode: unicode) + "\n"
        if let hint { text += "  " + TerminalText.escaped(hint, unicode: unicode) + "\n" }
        _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8))
    }

    /// Progress on standard error, as it is.
    static func show(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll(Array(text.utf8))
    }

    /// What standard output can show. A file gets no colour; a pipe gets it when FORCE_COLOR asks for it (the log of
    /// a CI run shows colours, but is no terminal). Where there is no terminal to ask, COLUMNS is the width.
    static func style(for output: String?) -> TextStyle {
        let isPrinted = output == nil || output == "-"
        let isTerminal = isPrinted && chost_is_terminal(1) != 0
        let columns =
            isTerminal ? Int(chost_terminal_columns(1)) : variable("COLUMNS").flatMap { Int($0) } ?? 0
        return TextStyle(
            colour: isPrinted && isColourWanted(isTerminal: isTerminal), width: columns > 0 ? columns : 80,
            unicode: hasUnicode)
    }

    /// Columns of the terminal behind standard error.
    static var errorColumns: Int {
        let columns = Int(chost_terminal_columns(2))
        return columns > 0 ? columns : 80
    }

    static var isOutputTerminal: Bool { chost_is_terminal(1) != 0 }
    static var isErrorTerminal: Bool { chost_is_terminal(2) != 0 }

    private static func variable(_ name: String) -> String? {
        let value = ProcessInfo.processInfo.environment[name]
        return value?.isEmpty == false ? value : nil
    }

    /// NO_COLOR (no-color.org) goes before FORCE_COLOR (force-color.org).
    private static func isColourWanted(isTerminal: Bool) -> Bool {
        if variable("NO_COLOR") != nil { return false }
        if let force = variable("FORCE_COLOR") { return force != "0" && force != "false" }
        return isTerminal && variable("TERM") != "dumb"
    }

    /// Whether the locale is UTF-8: the first of these that is set decides (locale(7)).
    private static var hasUnicode: Bool {
        let locale = (variable("LC_ALL") ?? variable("LC_CTYPE") ?? variable("LANG") ?? "").lowercased()
        return locale.hasSuffix("utf-8") || locale.hasSuffix("utf8")
            || locale.contains("utf-8@") || locale.contains("utf8@")
    }
}
