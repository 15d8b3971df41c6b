import ArgumentParser
import ByteReading
import ImageCheck
import Reports

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List a directory of the guest, as the guest would see it.",
        discussion: "Names are escaped on a terminal and raw in a pipe. Times are UTC.")

    @Argument(help: GuestLocation.help, completion: .file())
    var location: GuestLocation

    @OptionGroup var reading: ReadingOptions

    func run() throws {
        let entries: [GuestEntry]
        do throws(ImageFault) {
            entries = try ImageScanner(reading.scanOptions).list(location.image, guestPath: location.path)
        } catch {
            throw CommandFailure(error, image: location.image, guestPath: location.path)
        }
        let isEscaped = Host.isOutputTerminal
        try Host.write(ListText.bytes(entries, isEscaped: isEscaped, unicode: Host.style(for: nil).unicode))
        for entry in entries {
            if let fault = entry.fault {
                Host.complain("\(TerminalText.escapedName(entry.name)): \(fault)")
            }
        }
        if entries.contains(where: { $0.fault != nil }) { throw ExitCode.unreadable }
    }
}
