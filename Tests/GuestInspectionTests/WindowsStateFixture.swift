import ByteReading
import FileSystemCore
import GuestFacts
import TestSupport

@testable import GuestInspection

/// A Windows in memory whose hives a recipe writes, value by value.
struct WindowsStateFixture {
    static let canBeMade = FixtureTool.exists("python3")

    /// Files beside the hives, by their paths.
    var files: [String: [UInt8]] = [:]
    /// Partitions beside that of the system.
    var otherVolumes: [VolumeFacts] = []
    private var hives: [String: [UInt8]] = [:]

    /// Runs lines of Python that fill `system`, `software` and `components`; `ccs` is the control set.
    init(_ script: String) throws {
        let program = """
            import base64, sys
            sys.dont_write_bytecode = True
            sys.path.insert(0, "\(Snapshot.repository)testimages/recipes/windows")
            from hive import *
            ccs = "ControlSet002"
            system, software, components = Key(), Key(), Key()
            system.set("Select", Current=2, Default=2, Failed=0, LastKnownGood=1)
            system.make(ccs + "\\\\Services")
            software.set("Microsoft\\\\Windows NT\\\\CurrentVersion", CurrentBuildNumber="7601", SystemRoot="C:\\\\Windows")
            NT = "Microsoft\\\\Windows NT\\\\CurrentVersion"
            CV = "Microsoft\\\\Windows\\\\CurrentVersion"
            CBS = CV + "\\\\Component Based Servicing"
            \(script.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n"))
            for name, key in ("SYSTEM", system), ("SOFTWARE", software), ("COMPONENTS", components):
                print(name, base64.b64encode(hive(key, name)).decode())
            """
        guard let output = try FixtureTool.run("python3", ["-"], input: Array(program.utf8)) else {
            throw HostTool.Failure(description: "the recipe failed")
        }
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2 else { continue }
            hives[String(parts[0])] = WindowsStateFixture.base64(parts[1])
        }
    }

    /// Hives that are there already.
    init(hives: [String: [UInt8]]) { self.hives = hives }

    /// Changes the bytes of a hive; nil takes it away.
    mutating func replace(_ name: String, with bytes: [UInt8]?) { hives[name] = bytes }

    var reader: WindowsReader {
        var memory = MemoryFileSystem(kind: "ntfs")
        for (name, bytes) in hives { memory.add(GuestPath("/Windows/System32/config/\(name)"), .file(bytes)) }
        for (path, bytes) in files { memory.add(GuestPath(path), .file(bytes)) }
        let system = Compose.partition(2, "ntfs")
        let layout = Compose.layout([system] + otherVolumes, [system.id: memory])
        return WindowsReader(
            layout: layout, volume: system.id, fileSystem: memory, systemRoot: "/Windows")
    }

    var setup: WindowsSetupFacts {
        let reader = reader
        return WindowsSetupInspection(reader: reader).inspect(
            WindowsIdentityInspection(reader: reader).inspect())
    }

    var system: WindowsSystemFacts { WindowsSystemInspection(reader: reader).inspect() }

    private static func base64(_ text: Substring) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var numbers = [UInt32](repeating: 0, count: 256)
        for (number, letter) in alphabet.enumerated() { numbers[Int(letter)] = UInt32(number) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 4 * 3)
        var bits: UInt32 = 0
        var count = 0
        for letter in text.utf8 where letter != UInt8(ascii: "=") {
            bits = bits << 6 | numbers[Int(letter)]
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }
}
