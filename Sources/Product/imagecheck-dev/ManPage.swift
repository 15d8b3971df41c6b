/// The manual page of a program (man(7)), made from what the program tells of itself.
struct ManPage {
    private let command: CommandHelp.Command
    private let version: String

    init(_ command: CommandHelp.Command, version: String) {
        self.command = command
        self.version = version
    }

    /// The page.
    var text: String {
        var lines = [
            ".\\\" Made by imagecheck-dev man-page from the program's own help; not to be edited.",
            ".TH \(command.commandName.uppercased()) 1 \"\" \"\(command.commandName) \(version)\" \"User Commands\"",
            ".SH NAME", "\(command.commandName) \\- \(shown(sentence(command.abstract)))", ".SH SYNOPSIS",
            ".B \(command.commandName)", ".I command", ".RI [ options ]", ".SH DESCRIPTION",
        ]
        lines += paragraphs(command.discussion).dropFirst()
        lines.append(".SH COMMANDS")
        for subcommand in command.subcommands ?? [] where subcommand.shouldDisplay ?? true {
            lines += self.lines(of: subcommand)
        }
        return (lines + ManPage.closing).joined(separator: "\n") + "\n"
    }

    private func lines(of subcommand: CommandHelp.Command) -> [String] {
        let arguments = (subcommand.arguments ?? []).filter(\.shouldDisplay)
        let positional = arguments.filter { $0.kind == "positional" }.map { argument in
            let name =
                "\\fI\(shown(argument.valueName ?? "value"))\\fR" + (argument.isRepeating ? " ..." : "")
            return argument.isOptional ? "[\(name)]" : name
        }
        let usage =
            ["\\fB\(command.commandName) \(shown(subcommand.commandName))\\fR", "[\\fIoptions\\fR]"]
            + positional
        var lines = [".SS \(shown(subcommand.commandName))", usage.joined(separator: " ")]
        lines += paragraphs(subcommand.abstract) + paragraphs(subcommand.discussion)
        for argument in arguments { lines += self.lines(of: argument) }
        return lines
    }

    private func lines(of argument: CommandHelp.Argument) -> [String] {
        let value = argument.valueName.map { "\\fI\(shown($0))\\fR" }
        let head: String
        if argument.kind == "positional" {
            head = value ?? ""
        } else {
            let names = (argument.names ?? []).sorted { $0.kind == "short" && $1.kind != "short" }.map {
                name in
                "\\fB" + shown((name.kind == "long" ? "--" : "-") + name.name) + "\\fR"
            }
            head =
                names.joined(separator: ", ")
                + (argument.kind == "option" ? value.map { " " + $0 } ?? "" : "")
        }
        var text = [argument.abstract, argument.discussion].compactMap { $0 }.joined(separator: " ")
        if let values = argument.allValues, !values.isEmpty {
            text += " One of: \(values.joined(separator: ", "))."
        }
        if let value = argument.defaultValue, !value.isEmpty { text += " Default: \(value)." }
        return [".TP", head] + (text.isEmpty ? ["\\&"] : [shown(text)])
    }

    private func paragraphs(_ text: String?) -> [String] {
        (text ?? "").split(separator: "\n\n").flatMap { paragraph in
            [".PP", shown(paragraph.split(whereSeparator: \.isNewline).joined(separator: " "))]
        }
    }

    /// An abstract as a phrase: without its full stop.
    private func sentence(_ text: String?) -> String {
        let text = text ?? ""
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    /// Text that troff takes as it is. The dash of an option stays one that can be copied.
    private func shown(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "“": result += "\\(lq"
            case "”": result += "\\(rq"
            case "’": result += "\\(cq"
            case "…": result += "..."
            default: result.append(character)
            }
        }
        return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&" + result : result
    }

    /// What the help does not say.
    private static let closing = [
        ".SH EXIT STATUS", ".TP", "0", "Nothing failed; scan and batch without \\-\\-fail\\-on: looked at.",
        ".TP", "1",
        "An item fails at or above \\-\\-fail\\-on; verify: the image does not boot or is not reachable.",
        ".TP", "2",
        "Something needed for the verdict is unknown, an image could not be read, or an answer could not be written.",
        ".TP", "64", "Wrong usage.", ".SH ENVIRONMENT", ".TP", "NO_COLOR", "Set to anything: no colours.",
        ".TP", "TERM",
        "dumb: no colours.", ".TP", "LC_ALL, LC_CTYPE, LANG",
        "The first that is set decides whether characters outside ASCII are printed.", ".SH EXAMPLES",
        "Gate an image in a pipeline and keep the answer in three forms:", ".PP", ".RS 4", ".nf",
        "imagecheck verify web01.qcow2 \\-\\-format text \\e",
        "    \\-\\-format junit=report.xml \\-\\-format sarif=report.sarif", ".fi", ".RE", ".PP",
        "What stands in the fstab of an image, and what is wrong with it:", ".PP", ".RS 4", ".nf",
        "imagecheck cat web01.qcow2:/etc/fstab", "imagecheck scan \\-\\-only Fstab web01.qcow2", ".fi", ".RE",
        ".PP",
        "Completions for the shell:", ".PP", ".RS 4", ".nf",
        "imagecheck \\-\\-generate\\-completion\\-script bash", ".fi",
        ".RE", ".SH SEE ALSO", ".BR qemu\\-img (1),", ".BR guestfish (1),", ".BR virt\\-customize (1)",
    ]
}
