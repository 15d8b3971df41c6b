import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Finds the loader and the libraries of programs as the dynamic loader would (ld.so(8)).
///
/// Remembers what it found, as programs share most of it.
final class SharedLibraries {
    private let reader: GuestReader
    private var known: [String: ElfFile?] = [:]
    private var places: [String: Reading<String>] = [:]

    init(reader: GuestReader) { self.reader = reader }

    /// Directories the dynamic loader searches, beside those of `ld.so.conf` (ld.so(8)).
    private static let directories = [
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/lib/i386-linux-gnu", "/usr/lib/i386-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
        "/usr/lib/systemd", "/lib/systemd", "/usr/lib64/systemd", "/usr/local/lib",
        "/usr/lib/arm-linux-gnueabihf", "/usr/lib/riscv64-linux-gnu", "/usr/lib/powerpc64le-linux-gnu",
        "/usr/lib/s390x-linux-gnu", "/usr/lib/loongarch64-linux-gnu",
    ]

    /// What a program cannot start without and does not find, or finds damaged: its loader, its libraries, and
    /// theirs.
    func missing(of program: String) -> [Evidence] {
        var missing: [Evidence] = []
        var seen: Set<String> = []
        var queue = [program]
        var budget = 64
        while let path = queue.popLast(), budget > 0 {
            budget -= 1
            guard let elf = elf(at: path) else { continue }
            if let interpreter = elf.interpreter, isNew(interpreter, in: &seen) {
                if reader.exists(interpreter) == .no {
                    missing.append(Evidence(path: interpreter, excerpt: "the dynamic loader of \(path)"))
                } else if let why = damage(of: interpreter) {
                    missing.append(
                        Evidence(path: interpreter, excerpt: "the dynamic loader of \(path), which \(why)"))
                }
            }
            for name in elf.needed ?? [] where seen.insert(name).inserted {
                switch library(name, runPath: elf.runPath, of: path) {
                case .found(let file):
                    if let why = damage(of: file) {
                        missing.append(
                            Evidence(path: file, excerpt: "a library that \(path) needs, which \(why)"))
                    } else {
                        queue.append(file)
                    }
                case .absent: missing.append(Evidence(path: name, excerpt: "a library that \(path) needs"))
                case .unreadable: break
                }
            }
        }
        return missing
    }

    /// What the loader says of a file that is no library: "file too short", "invalid ELF header". A file that could
    /// not be read is not known to be one.
    private func damage(of path: String) -> String? {
        guard let info = reader.info(path).value, info.type == .regular,
            let head = reader.head(path, count: 4).value
        else { return nil }
        if info.size == 0 { return "is empty" }
        return ElfFile.isElf(head) ? nil : "is no ELF file"
    }

    /// Whether the loader was not met before. libc lists it once more among its libraries, by name alone.
    private func isNew(_ interpreter: String, in seen: inout Set<String>) -> Bool {
        if let name = GuestPath(interpreter).lastName { seen.insert(name.description) }
        return seen.insert(interpreter).inserted
    }

    /// The ELF file at `path`; nil for a script, and for a file that could not be read, which is recorded.
    func elf(at path: String) -> ElfFile? {
        if let file = known[path] { return file }
        let file = read(path)
        known[path] = file
        return file
    }

    private func read(_ path: String) -> ElfFile? {
        do {
            guard let node = try reader.tree.node(at: GuestPath(path)),
                ElfFile.isElf(try node.fileSystem.read(node.id, at: 0, count: 4))
            else { return nil }
            return try ElfFile { (offset, count) throws(ImageFault) in
                try node.fileSystem.read(node.id, at: offset, count: count)
            }
        } catch {
            reader.record(Gap(error, at: path))
            return nil
        }
    }

    private func library(_ name: String, runPath: String?, of program: String) -> Reading<String> {
        if name.hasPrefix("/") { return reader.resolved(name) }
        let origin = GuestPath(program).parent.description
        let first = (runPath ?? "").split(separator: ":").map(String.init).map {
            $0.replacing("$ORIGIN", with: origin).replacing("${ORIGIN}", with: origin)
        }
        let own = search(name, first)
        if case .absent = own {} else { return own }
        if let place = places[name] { return place }
        let place = search(name, SharedLibraries.directories + configuredDirectories)
        places[name] = place
        return place
    }

    private func search(_ name: String, _ directories: [String]) -> Reading<String> {
        for directory in directories {
            switch reader.resolved("\(directory)/\(name)") {
            case .found(let real): return .found(real)
            case .unreadable(let gap): return .unreadable(gap)
            case .absent: continue
            }
        }
        return .absent
    }

    private var configuredDirectories: [String] {
        let files = ["/etc/ld.so.conf"] + reader.glob("/etc/ld.so.conf.d/*.conf")
        return files.flatMap { path in
            (reader.file(path).value?.text ?? "").split(whereSeparator: \.isNewline).map(String.init)
                .filter { $0.hasPrefix("/") }
        }
    }
}
