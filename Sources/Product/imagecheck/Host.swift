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

    /// Writes `bytes` to the file at `path`, or to standard output when there is none.
    static func write(_ bytes: [UInt8], to path: String?) throws(CommandFailure) {
        guard let path, path != "-" else {
            try write(bytes)
            return
        }
        do {
            let file = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            try file.closeAfter { _ = try file.writeAll(bytes) }
        } catch {
            throw CommandFailure("\(path) cannot be written: \(error)")
        }
    }

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

    /// What standard output can show; a file gets no colour.
    static func style(for output: String?) -> TextStyle {
        guard output == nil || output == "-", chost_is_terminal(1) != 0 else {
            return TextStyle(colour: false, width: 80, unicode: hasUnicode)
        }
        let columns = Int(chost_terminal_columns(1))
        return TextStyle(
            colour: isColourWanted, width: columns > 0 ? columns : 80, unicode: hasUnicode)
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

    private static var isColourWanted: Bool { variable("NO_COLOR") == nil && variable("TERM") != "dumb" }

    /// Whether the locale is UTF-8: the first of these that is set decides (locale(7)).
    private static var hasUnicode: Bool {
        let locale = (variable("LC_ALL") ?? variable("LC_CTYPE") ?? variable("LANG") ?? "").lowercased()
        return locale.hasSuffix("utf-8") || locale.hasSuffix("utf8")
            || locale.contains("utf-8@") || locale.contains("utf8@")
    }
}
