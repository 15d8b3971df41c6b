import ByteReading
import Foundation
import Testing

@testable import GuestFormats

@Suite struct SystemdTests {
    @Test func unitSyntax() throws {
        let unit = try UnitFile(
            configBytes(
                """
                \u{FEFF}# comment
                stray=1
                [Unit]
                Description=a \\
                # in between
                  b
                After=x.service
                After=y.service "z w.service"
                [Service]
                ExecStart=/bin/true
                ExecStart=
                ExecStart=/bin/false
                noequals
                [Install]
                WantedBy=multi-user.target\r
                Alias=%p-alias.service
                """), name: "/x/a.service")
        #expect(
            unit.last("Unit", "Description")?.value == "a    b"
                || unit.last("Unit", "Description")?.value == "a   b")
        #expect(unit.words("Unit", "After").map(\.word) == ["x.service", "y.service", "z w.service"])
        #expect(unit.values("Service", "ExecStart").map(\.value) == ["/bin/false"])
        #expect(unit.values("Service", "ExecStart")[0].source.line == 12)
        #expect(unit.last("Install", "WantedBy")?.value == "multi-user.target")
        #expect(unit.ignored.map(\.line) == [2, 13])
        #expect(try UnitFile(configBytes("[Unit\nA=b\n"), name: "x").invalidHeading?.line == 1)
    }

    @Test func dropInsResetAndAdd() throws {
        let unit = try UnitFile(configBytes("[Unit]\nWants=a.service\n[Service]\nType=simple\n"), name: "u")
        let dropIn = try UnitFile(
            configBytes("[Unit]\nWants=\nWants=b.service\n[Service]\nType=oneshot\n"), name: "d")
        let merged = unit.merging([dropIn])
        #expect(merged.words("Unit", "Wants").map(\.word) == ["b.service"])
        #expect(merged.last("Service", "Type")?.value == "oneshot")
        #expect(merged.last("Service", "Type")?.source.file == "d")
    }

    @Test func unitNames() {
        let name = UnitName("serial-getty@ttyS0.service")
        #expect(name?.template == "serial-getty@.service")
        #expect(name?.expanded("%i-%p-%%") == "ttyS0-serial-getty-%")
        #expect(UnitName("a@.service")?.isTemplate == true)
        #expect(UnitName("plain") == nil)
        #expect(UnitName.escaped(path: "/") == "-")
        #expect(UnitName.escaped(path: "/boot/efi/") == "boot-efi")
        #expect(UnitName.escaped(path: "/mnt/a-b c") == "mnt-a\\x2db\\x20c")
    }

    @Test func presets() throws {
        let policy = try PresetPolicy(files: [
            configFile(
                "/etc/systemd/system-preset/10-a.preset",
                "enable ssh*\ndisable foo.service\n# c\nenable getty@.service tty1 tty2\nodd line\n"),
            configFile("/usr/lib/systemd/system-preset/90-d.preset", "disable *\n"),
        ])
        #expect(policy.enables("sshd.service"))
        #expect(!policy.enables("foo.service"))
        #expect(policy.enables("getty@tty1.service"))
        #expect(!policy.enables("getty@tty3.service"))
        #expect(policy.rule(for: "bar.service")?.source.file == "/usr/lib/systemd/system-preset/90-d.preset")
        #expect(policy.ignored.count == 1)
        #expect(try PresetPolicy(files: []).enables("anything.service"))
    }

    @Test func trap62EmptyMachineIDIsNoFirstBoot() {
        #expect(FirstBoot(machineID: nil).appliesPresets)
        #expect(FirstBoot(machineID: configBytes("uninitialized\n")).appliesPresets)
        #expect(FirstBoot(machineID: configBytes("")) == .emptyMachineID)
        #expect(!FirstBoot(machineID: configBytes("")).appliesPresets)
        let id = "0123456789abcdef0123456789abcdef"
        #expect(FirstBoot(machineID: configBytes(id + "\n")) == .identified(id))
        #expect(FirstBoot(machineID: configBytes("zz")) == .invalid("zz"))
    }

    /// A small system: sshd by alias, a masked unit, a socket, a template instance, a cycle.
    private func units(
        _ configuration: [String: UnitDirectory.Entry], files extra: [String: String] = [:]
    ) -> SystemdUnits {
        var contents = [
            "default.target": "",
            "multi-user.target": "[Unit]\nRequires=basic.target\n",
            "graphical.target": "[Unit]\nRequires=multi-user.target\nWants=display-manager.service\n",
            "basic.target": "[Unit]\nRequires=sysinit.target\nWants=sockets.target timers.target\n",
            "sysinit.target": "[Unit]\nWants=local-fs.target basic.target\n",
            "local-fs.target": "[Unit]\nDescription=x\n", "sockets.target": "[Unit]\nDescription=x\n",
            "timers.target": "[Unit]\nDescription=x\n", "getty.target": "[Unit]\nDescription=x\n",
            "ssh.service":
                "[Unit]\nDescription=s\n[Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n",
            "ssh.socket": "[Socket]\nListenStream=22\nAccept=no\n[Install]\nWantedBy=sockets.target\n",
            "getty@.service":
                "[Unit]\nDescription=g\n[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n",
            "plain.service": "[Service]\nExecStart=/bin/true\n",
            "also.service": "[Service]\nExecStart=/bin/true\n[Install]\nAlso=ssh.service\n",
        ]
        contents.merge(extra) { $1 }
        contents["default.target"] = nil
        var vendor: [String: UnitDirectory.Entry] = ["default.target": .link(target: "graphical.target")]
        for (name, text) in contents { vendor[name] = .file(size: UInt64(text.utf8.count)) }
        vendor["multi-user.target.wants/getty.target"] = .link(target: "../getty.target")
        let texts = contents
        return SystemdUnits(
            directories: [
                UnitDirectory(path: "/etc/systemd/system", kind: .configuration, entries: configuration),
                UnitDirectory(path: "/usr/lib/systemd/system", kind: .vendor, entries: vendor),
            ]
        ) { (path) throws(ImageFault) in
            let name = String(path.split(separator: "/").last ?? "")
            guard let text = texts[name] else { throw ImageFault(.notFound, path) }
            return configBytes(text)
        }
    }

    @Test func trap63AliasesMasksAndSockets() throws {
        var system = units([
            "multi-user.target.wants/ssh.service": .link(target: "/lib/systemd/system/ssh.service"),
            "sshd.service": .link(target: "/lib/systemd/system/ssh.service"),
            "plain.service": .link(target: "/dev/null"), "empty.service": .file(size: 0),
            "getty.target.wants/getty@tty1.service": .link(target: "/lib/systemd/system/getty@.service"),
        ])
        #expect(
            try system.enablement(of: "ssh.service")
                == .enabled(by: [
                    "/etc/systemd/system/multi-user.target.wants/ssh.service",
                    "/etc/systemd/system/sshd.service",
                ]))
        #expect(try system.enablement(of: "sshd.service") == .alias(of: "ssh.service"))
        #expect(
            try system.enablement(of: "plain.service") == .masked(by: "/etc/systemd/system/plain.service"))
        #expect(
            try system.enablement(of: "empty.service") == .masked(by: "/etc/systemd/system/empty.service"))
        #expect(try system.enablement(of: "ssh.socket") == .disabled)
        #expect(try system.enablement(of: "also.service") == .indirect)
        #expect(try system.enablement(of: "basic.target") == .isStatic)
        #expect(try system.enablement(of: "nowhere.service") == .missing)
        let set = try system.startSet()
        #expect(set.starts("ssh.service"))
        #expect(set.starts("sshd.service"))
        #expect(set.chain(to: "ssh.service") == ["graphical.target", "multi-user.target", "ssh.service"])
        #expect(set.starts("getty@tty1.service"))
        #expect(set.missing["display-manager.service"] == false)
        #expect(!set.contains("plain.service"))
    }

    @Test func socketStartsOnDemand() throws {
        var system = units([
            "sockets.target.wants/ssh.socket": .link(target: "/lib/systemd/system/ssh.socket")
        ])
        let set = try system.startSet()
        #expect(set.starts("ssh.socket"))
        #expect(set.contains("ssh.service"))
        #expect(!set.starts("ssh.service"))
        #expect(set.reason("ssh.service")?.how == "socket")
    }

    @Test func maskedInTheChainStops() throws {
        var system = units([
            "multi-user.target.wants/ssh.service": .link(target: "/lib/systemd/system/ssh.service"),
            "ssh.service": .link(target: "/dev/null"),
        ])
        let set = try system.startSet()
        #expect(!set.contains("ssh.service"))
        #expect(set.masked["ssh.service"] == "/etc/systemd/system/ssh.service")
    }

    @Test func whatIsRequiredAndMaskedRefusesTheTarget() throws {
        var system = units(["sysinit.target": .link(target: "/dev/null")])
        let refusal = try #require(try system.refusal(of: "default.target"))
        #expect(refusal.unit == "sysinit.target")
        #expect(refusal.requiredBy == "basic.target")
        #expect(refusal.kind == .masked(by: "/etc/systemd/system/sysinit.target"))
        // Every service requires it, too.
        #expect(try system.refusal(of: "plain.service")?.unit == "sysinit.target")
        // What is only wanted may be masked.
        var wanted = units(["local-fs.target": .link(target: "/dev/null")])
        #expect(try wanted.refusal(of: "default.target") == nil)
    }

    @Test func whatIsRequiredAndAbsentRefusesTheTarget() throws {
        var linked = units(["multi-user.target.requires/sync.service": .link(target: "../sync.service")])
        let refusal = try #require(try linked.refusal(of: "default.target"))
        #expect(refusal.kind == .missing)
        #expect(refusal.place?.file == "/etc/systemd/system/multi-user.target.requires/sync.service")
        #expect(try linked.refusal(of: "default.target", generated: ["sync.service"]) == nil)
        var wanted = units(["multi-user.target.wants/sync.service": .link(target: "../sync.service")])
        #expect(try wanted.refusal(of: "default.target") == nil)
        // What generators and udev make has no file.
        var made = units(
            [:],
            files: ["plain.service": "[Unit]\nRequires=dev-sdb.device srv.mount\n[Service]\nExecStart=/x\n"])
        #expect(try made.refusal(of: "plain.service") == nil)
    }

    @Test func aServiceHasOneProgram() throws {
        func kind(_ text: String) throws -> SystemdUnits.Refusal.Kind? {
            var system = units([:], files: ["plain.service": text])
            return try system.refusal(of: "plain.service")?.kind
        }
        #expect(try kind("[Service]\nExecStart=/a\n") == nil)
        #expect(try kind("[Service]\nExecStart=/a\nExecStart=\nExecStart=/b\n") == nil)
        #expect(try kind("[Service]\nType=oneshot\nExecStart=/a\nExecStart=/b\n") == nil)
        // One that only ends something.
        #expect(try kind("[Service]\nExecStop=/a\nRemainAfterExit=yes\n") == nil)
        #expect(try kind("[Unit]\nSuccessAction=poweroff\n[Service]\nType=oneshot\n") == nil)
        for text in [
            "[Service]\nExecStart=/a\nExecStart=/b\n", "[Service]\nExecStart=/a\nExecStart=\n",
            "[Service]\nType=oneshot\n", "[Service]\nType=simple\nExecStop=/a\n",
        ] {
            guard case .invalid = try kind(text) else {
                Issue.record("\(text) is taken")
                continue
            }
        }
    }

    @Test func defaultTargetLinkAndExtras() throws {
        var system = units(["default.target": .link(target: "/lib/systemd/system/multi-user.target")])
        let extra = GettyGenerator.units(consoles: ["tty0", "ttyS0,115200n8"])
        #expect(extra.map(\.unit) == ["serial-getty@ttyS0.service"])
        let set = try system.startSet(extra: extra)
        #expect(set.contains("multi-user.target"))
        #expect(!set.contains("graphical.target"))
    }

    @Test func presetsEnableAtFirstBoot() throws {
        var system = units([:])
        let policy = try PresetPolicy(files: [configFile("/p", "enable ssh.service\ndisable *\n")])
        let links = try system.presetLinks(policy)
        #expect(links.map(\.unit) == ["ssh.service"])
        let set = try system.startSet(extra: links.map { ($0.target, $0.unit) })
        #expect(set.starts("ssh.service"))
    }

    /// Every unit of a real root file system, against `systemctl --root`.
    @Test(
        .enabled(if: Surroundings.systemctl != nil && !Surroundings.roots.isEmpty),
        arguments: Surroundings.roots)
    func agreesWithSystemctl(root: String) throws {
        var system = try RootFixture.units(root)
        var names: Set<String> = []
        for directory in system.directories {
            for name in directory.entries.keys where !name.contains("/") && UnitName(name) != nil {
                names.insert(name)
            }
        }
        let sorted = names.sorted()
        var compared = 0
        var differences: [String] = []
        for name in sorted {
            let run = try ToolRun(
                try #require(Surroundings.systemctl), ["--root=\(root)", "is-enabled", name])
            let theirs = run.output.trimmingCharacters(in: .whitespacesAndNewlines)
            let ours: String =
                switch try system.enablement(of: name) {
                case .enabled: "enabled"
                case .disabled: "disabled"
                case .indirect: "indirect"
                case .isStatic: "static"
                case .generated: "generated"
                case .masked: "masked"
                case .alias: "alias"
                case .missing: ""
                }
            compared += 1
            if ours != theirs { differences.append("\(name): \(ours), systemctl: \(theirs)") }
        }
        #expect(compared > 100)
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
        let set = try system.startSet()
        #expect(set.starts("multi-user.target"))
        #expect(set.starts("ssh.service"))
        #expect(system.faults.isEmpty)
    }
}

/// Unit directories of an unpacked root file system.
enum RootFixture {
    static func units(_ root: String) throws -> SystemdUnits {
        let manager = FileManager.default
        var directories: [UnitDirectory] = []
        var seen: Set<String> = []
        for (path, kind) in UnitDirectory.searchPath {
            let full = root + path
            let real = URL(fileURLWithPath: full).resolvingSymlinksInPath().path
            guard manager.fileExists(atPath: full), seen.insert(real).inserted else { continue }
            var entries: [String: UnitDirectory.Entry] = [:]
            for name in try manager.contentsOfDirectory(atPath: full) {
                if let target = try? manager.destinationOfSymbolicLink(atPath: full + "/" + name) {
                    entries[name] = .link(target: target)
                    continue
                }
                let attributes = try manager.attributesOfItem(atPath: full + "/" + name)
                if attributes[.type] as? FileAttributeType == .typeDirectory {
                    for inner in try manager.contentsOfDirectory(atPath: full + "/" + name) {
                        let below = "\(full)/\(name)/\(inner)"
                        if let target = try? manager.destinationOfSymbolicLink(atPath: below) {
                            entries["\(name)/\(inner)"] = .link(target: target)
                        } else {
                            entries["\(name)/\(inner)"] = .file(size: 1)
                        }
                    }
                } else {
                    entries[name] = .file(size: UInt64(attributes[.size] as? Int ?? 0))
                }
            }
            directories.append(UnitDirectory(path: path, kind: kind, entries: entries))
        }
        return SystemdUnits(directories: directories) { (path) throws(ImageFault) in
            guard let bytes = Surroundings.read(root + path) else { throw ImageFault(.notFound, path) }
            return bytes
        }
    }
}
