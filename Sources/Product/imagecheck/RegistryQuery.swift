import ArgumentParser
import ByteReading
import ImageCheck
import Reports

/// `inspect --hive`: keys of a registry hive.
struct RegistryQuery {
    /// The file as it was named.
    let hive: String
    let key: String
    let isRecursive: Bool
    let output: OutputOptions
    let reading: ReadingOptions

    /// Nobody reads any more.
    private struct Finished: Error {}

    /// The head of the JSON answer.
    private struct Head: Encodable {
        var hive: String
        var state: String
        var note: String?
    }

    func run() throws {
        let location = GuestLocation(argument: hive)
        try output.file?.check(against: [location?.image ?? hive])
        let file: RegistryFile
        do throws(ImageFault) {
            let place: RegistryFile.Place =
                location.map { .guest(image: $0.image, path: $0.path) } ?? .host(hive)
            file = try RegistryFile(place, options: reading.scanOptions)
        } catch {
            throw failure(error, location)
        }
        var head = Head(hive: hive, state: "clean")
        switch file.state {
        case .clean: break
        case .replayed(let note):
            (head.state, head.note) = ("replayed", note)
            Host.complain("\(hive): \(note)")
        case .dirty(let note):
            (head.state, head.note) = ("dirty", note)
            Host.complain("\(hive): its last write had not ended, and \(note); shown as the file has it")
        }
        var isFinished = false
        let faults: [ImageFault]
        do {
            faults = try write(file, head)
        } catch is Finished {
            isFinished = true
            faults = []
        } catch let absent as RegistryFile.AbsentKey {
            throw failure(absent)
        } catch let fault as ImageFault {
            throw failure(fault, location)
        }
        for fault in faults { Host.complain("\(hive): left out: \(fault)") }
        if !isFinished, !faults.isEmpty { throw ExitCode.unreadable }
    }

    /// Writes the keys as they are read; an answer into a file is written at once.
    private func write(_ file: RegistryFile, _ head: Head) throws -> [ImageFault] {
        let unicode = Host.style(for: output.output).unicode
        let answer = output.file
        var pending: [UInt8] = []
        func flush() throws {
            if try !Host.write(pending) { throw Finished() }
            pending = []
        }
        var isFirst = true
        let faults = try file.list(key, isRecursive: isRecursive) { key in
            switch output.format {
            case .text:
                pending += RegistryText.text(key, listsSubkeys: !isRecursive, unicode: unicode).utf8
            case .json:
                // The list goes into the object that the head is: before its closing brace.
                if isFirst {
                    pending += try JSONReport.bytes(head, layout: .line).dropLast()
                    pending += ",\"keys\":[\n".utf8
                } else {
                    pending += ",\n".utf8
                }
                pending += try JSONReport.bytes(key, layout: .line)
            }
            isFirst = false
            if answer == nil, pending.count >= 64 << 10 { try flush() }
        }
        if output.format == .json { pending += "\n]}\n".utf8 }
        if let answer { try answer.write(pending, sparing: []) } else { try flush() }
        return faults
    }

    private func failure(_ fault: ImageFault, _ location: GuestLocation?) -> CommandFailure {
        if let location, fault.kind != .corrupt {
            return CommandFailure(fault, image: location.image, guestPath: location.path)
        }
        let text = fault.description
        let hint: String? =
            switch fault.kind {
            case .notFound: "Check the name; a hive in an image is named image:/path."
            case .corrupt, .truncated:
                "It is no registry hive, or a badly damaged one; Windows keeps hives in Windows/System32/config."
            default: nil
            }
        return CommandFailure(text.hasPrefix(hive) ? text : "\(hive): \(text)", hint: hint)
    }

    private func failure(_ absent: RegistryFile.AbsentKey) -> CommandFailure {
        let place = absent.deepest.isEmpty ? "the root" : "“\(absent.deepest)”"
        let quoted = absent.deepest.isEmpty ? "" : " '\(absent.deepest)'"
        var hint = "See what is there with: imagecheck inspect --hive \(hive)\(quoted)"
        if absent.deepest.isEmpty {
            switch absent.missing.uppercased() {
            case "CURRENTCONTROLSET":
                hint =
                    "Windows makes it at boot from the control set that Select\\Current numbers: ControlSet001 …"
            case "HKLM", "HKEY_LOCAL_MACHINE", "HKU", "HKEY_USERS", "HKEY_CURRENT_USER", "HKCU":
                hint =
                    "Paths begin below the root of the hive: in the hive SYSTEM, 'Select', not 'HKLM\\SYSTEM\\Select'."
            default: break
            }
        }
        return CommandFailure("\(hive): no key “\(absent.missing)” under \(place)", hint: hint)
    }
}
