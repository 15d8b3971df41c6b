import ArgumentParser
import ByteReading
import ImageCheck

struct CatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat", abstract: "Write a file of the guest to standard output, byte by byte as it is.")

    @Argument(help: GuestLocation.help, completion: .file())
    var location: GuestLocation

    @OptionGroup var reading: ReadingOptions

    /// Nobody reads any more.
    private struct Finished: Error {}

    func run() throws {
        do {
            try ImageScanner(reading.scanOptions).read(location.image, guestPath: location.path) { part in
                if try !Host.write(part) { throw Finished() }
            }
        } catch is Finished {
            return
        } catch let fault as ImageFault {
            throw CommandFailure(fault, image: location.image, guestPath: location.path)
        }
    }
}
