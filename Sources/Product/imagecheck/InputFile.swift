import ArgumentParser
import FoundationEssentials
import Reports
import SystemPackage

/// A file of words that the user names: a policy, a baseline.
enum InputFile {
    /// Its bytes. Throws when it cannot be read, and when it has more than `limit`: it is then not what it is taken for.
    static func read(_ path: String, as what: String, limit: Int) throws -> [UInt8] {
        func failure(_ reason: String) -> CommandFailure {
            CommandFailure("the \(what) \(path) cannot be read: \(reason)", code: .validationFailure)
        }
        let stat: Stat
        do { stat = try Stat(FilePath(path)) } catch { throw failure("\(error)") }
        switch stat.type {
        case .regular, .fifo: break
        case .directory: throw failure("it is a directory")
        default: throw failure("it is no file")
        }
        guard stat.size <= limit else { throw failure("it is larger than \(Quantity.bytes(UInt64(limit)))") }
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw failure("permission denied, or it is going away")
        }
    }
}
