import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Scripts of SysV's kind: `/etc/init.d` and the links of the run levels, in the layouts of Red Hat, Debian and SUSE.
struct RunlevelScripts {
    let reader: GuestReader

    /// A link in a run level that starts a script.
    struct Start {
        var link: RunlevelLink
        var path: String
    }

    /// What stands before the name of a script: Debian and SUSE, Red Hat, Slackware.
    private static let scriptPrefixes = ["/etc/init.d/", "/etc/rc.d/init.d/", "/etc/rc.d/rc."]
    /// The directory of a level, `%` in place of the level.
    private static let levelDirectories = ["/etc/rc.d/rc%.d", "/etc/rc%.d", "/etc/init.d/rc%.d"]
    /// What runs before any level: Debian, then SUSE.
    private static let startupDirectories = [
        "/etc/rcS.d", "/etc/rc.d/rcS.d", "/etc/init.d/boot.d", "/etc/rc.d/boot.d",
    ]

    /// Whether the system has scripts and levels of this kind.
    var isPresent: Bool {
        RunlevelScripts.levelDirectories.contains {
            reader.exists($0.replacing("%", with: "3")) == .yes
        }
    }

    /// The directories of a level that are there, each once whatever links lead to it.
    func directories(of level: String, withStartup: Bool) -> Reading<[String]> {
        let places = RunlevelScripts.levelDirectories.map { $0.replacing("%", with: level) }
        var seen: Set<String> = []
        var found: [String] = []
        for path in (withStartup ? RunlevelScripts.startupDirectories : []) + places {
            switch reader.resolved(path) {
            case .unreadable(let gap): return .unreadable(gap)
            case .absent: continue
            case .found(let real): if seen.insert(real).inserted { found.append(path) }
            }
        }
        return .found(found)
    }

    /// The links that start something in `level`, in their order.
    func starts(in level: String, withStartup: Bool = true) -> Reading<[Start]> {
        switch directories(of: level, withStartup: withStartup) {
        case .unreadable(let gap): return .unreadable(gap)
        case .absent: return .found([])
        case .found(let directories):
            var starts: [Start] = []
            for directory in directories {
                switch reader.names(in: directory) {
                case .unreadable(let gap): return .unreadable(gap)
                case .absent: continue
                case .found(let names):
                    for name in names {
                        guard let link = RunlevelLink(name), link.starts else { continue }
                        starts.append(Start(link: link, path: "\(directory)/\(name)"))
                    }
                }
            }
            return .found(starts)
        }
    }

    /// The script of this name, wherever the layout keeps it.
    func script(_ name: String) -> Reading<String> {
        for prefix in RunlevelScripts.scriptPrefixes {
            let path = prefix + name
            switch reader.info(path) {
            case .found(let info) where info.type == .regular: return .found(path)
            case .unreadable(let gap): return .unreadable(gap)
            default: continue
            }
        }
        return .absent
    }

    /// Whether `rc` can run what is at `path`: it looks at the mode, and a link may lead nowhere.
    func runs(_ path: String) -> (answer: Answer, why: String?) {
        switch reader.info(path) {
        case .absent: (.no, "leads to nothing")
        case .unreadable: (.unknown, "could not be read")
        case .found(let info) where info.permissions & 0o111 == 0:
            (.no, "mode \(String(info.permissions, radix: 8)): not executable")
        case .found: (.yes, nil)
        }
    }

    /// The line of a script that says when it wants to run.
    func header(of path: String) -> Evidence? {
        let script = reader.parse(path) { (bytes) throws(ImageFault) in try InitScript(bytes, name: path) }
        return script.value?.levels.map { Evidence($0.source) }
    }

    /// A line of a local script that names the service: whether it starts it cannot be told.
    func localMention(of names: [String]) -> Evidence? {
        for path in [
            "/etc/rc.d/rc.local", "/etc/rc.local", "/etc/init.d/boot.local", "/etc/init.d/after.local",
            "/etc/local.d/local.start",
        ] {
            guard let text = reader.file(path).value?.text else { continue }
            for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
                .enumerated()
            {
                let code = line.prefix { $0 != "#" }
                let words = code.split {
                    !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == ".")
                }
                if words.contains(where: { names.contains(String($0)) }) {
                    return Evidence(path: path, line: index + 1, excerpt: String(line.prefix(200)))
                }
            }
        }
        return nil
    }
}
