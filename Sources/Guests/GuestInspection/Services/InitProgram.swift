import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// The first process: where the kernel finds it, and which init it is.
struct InitProgram {
    /// Which one, and the path that says so.
    var program: Located<InitFacts.Program>
    /// The path of the program without links; nil for a script and for what cannot be started.
    var path: String?
    var architecture: String?

    /// Where the kernel and the initramfs look, in their order (init/main.c, `kernel_init`).
    private static let standardPaths = ["/sbin/init", "/etc/init", "/bin/init"]

    /// The directory of the system that NixOS starts: of `init=`, else the current one of its profile.
    static func nixSystem(_ reader: GuestReader, _ commandLine: CommandLineFacts?) -> String? {
        if let start = commandLine?.last("init"), start.hasPrefix("/nix/store/") {
            return GuestPath(start).parent.description
        }
        return reader.resolved("/nix/var/nix/profiles/system").value
    }

    /// Looks for it as the kernel does: `init=`, then the standard places.
    static func find(_ reader: GuestReader, commandLine: CommandLineFacts?) -> Reading<InitProgram> {
        let asked =
            commandLine?.last("init").flatMap { $0.isEmpty ? nil : $0 }
            ?? nixSystem(reader, commandLine).map { "\($0)/init" }
        for path in (asked.map { [$0] } ?? []) + standardPaths {
            switch reader.resolved(path) {
            case .absent: continue
            case .unreadable(let gap): return .unreadable(gap)
            case .found(let real): return judge(reader, path, real: real)
            }
        }
        // A root that is filled when the system starts has neither /sbin nor /bin: systemd of the initramfs hands
        // over to the systemd of /usr.
        let systemd = "/usr/lib/systemd/systemd"
        if asked == nil, reader.exists("/sbin") == .no, reader.exists("/bin") == .no,
            case .found(let real) = reader.resolved(systemd)
        {
            return judge(reader, systemd, real: real)
        }
        let path = asked ?? standardPaths[0]
        let excerpt: String =
            switch reader.link(path) {
            case .found(let target): "link to \(target), which does not exist"
            default: "does not exist"
            }
        return .found(InitProgram(program: Located(.missing, Evidence(path: path, excerpt: excerpt))))
    }

    private static func judge(_ reader: GuestReader, _ path: String, real: String) -> Reading<InitProgram> {
        let evidence = Evidence(path: path, excerpt: path == real ? nil : "leads to \(real)")
        func cannotStart(_ why: String) -> Reading<InitProgram> {
            .found(InitProgram(program: Located(.notExecutable, Evidence(path: real, excerpt: why))))
        }
        switch (reader.info(real), reader.head(real, count: 256)) {
        case (.unreadable(let gap), _), (_, .unreadable(let gap)): return .unreadable(gap)
        case (.found(let info), .found(let head)):
            guard info.permissions & 0o111 != 0 else {
                return cannotStart("mode \(String(info.permissions, radix: 8))")
            }
            let isScript = head.starts(with: "#!")
            guard ElfFile.isElf(head) || isScript else { return cannotStart("neither ELF nor a script") }
            let architecture = isScript ? nil : (try? ElfFile(parsing: head))?.machine.architectureName
            return .found(
                InitProgram(
                    program: Located(kind(reader, of: real), evidence), path: isScript ? nil : real,
                    architecture: architecture))
        default:
            return .found(InitProgram(program: Located(.missing, evidence)))
        }
    }

    /// Which init a program is: by its name, else by the configuration that only one of them reads.
    private static func kind(_ reader: GuestReader, of real: String) -> InitFacts.Program {
        let name = GuestPath(real).lastName?.description ?? real
        if name == "systemd" { return .systemd }
        // NixOS starts a script of the system's own directory, which hands over to systemd.
        let directory = GuestPath(real).parent.description
        if directory.hasPrefix("/nix/store/"), reader.exists("\(directory)/systemd") == .yes {
            return .systemd
        }
        if name.hasPrefix("busybox") { return .busybox }
        if name == "openrc-init" { return .openrc }
        if name.hasPrefix("runit") { return .other }
        if name == "upstart" { return .upstart }
        // Debian's packages bring jobs for upstart along; what starts the boot comes with upstart only.
        let starters = ["/etc/init/rc-sysinit.conf", "/etc/init/rcS.conf"]
        if name == "init", starters.contains(where: { reader.exists($0) == .yes }) { return .upstart }
        guard let table = reader.file("/etc/inittab").value else {
            // SysV init without its table still is SysV init, and asks for a level at the console.
            let scripts = ["/etc/rc.d/rc.sysinit", "/etc/init.d/rcS", "/etc/init.d/boot"]
            return name == "init" && scripts.contains { reader.exists($0) == .yes } ? .sysv : .other
        }
        // Debian's OpenRC stands behind the script that inittab has always called.
        let runner = reader.file("/etc/init.d/rc").value?.text ?? ""
        return table.text.contains("openrc") || runner.contains("/sbin/openrc") ? .openrc : .sysv
    }

    /// The init whose configuration is there, for a system whose program is missing or cannot be read.
    static func likelyKind(_ reader: GuestReader) -> InitFacts.Program? {
        if ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"].contains(where: { reader.exists($0) == .yes })
        {
            return .systemd
        }
        let starters = ["/etc/init/rc-sysinit.conf", "/etc/init/rcS.conf"]
        if starters.contains(where: { reader.exists($0) == .yes }) { return .upstart }
        if reader.exists("/etc/runlevels/default") == .yes { return .openrc }
        return reader.exists("/etc/inittab") == .yes ? .sysv : nil
    }
}
