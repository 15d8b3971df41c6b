import FileSystemCore
import GuestFacts
import Testing

@testable import GuestInspection

/// Which services start, in trees laid out as the distributions of each init lay theirs out.
@Suite struct ServiceInspectionTests {
    private func services(_ disk: MemoryFileSystem, _ commandLine: String? = nil) -> ServiceInspection {
        ServiceInspection(
            reader: GuestReader(tree: FileTree(root: disk)), commandLine: commandLine.map(Self.commandLine))
    }

    static func commandLine(_ text: String) -> CommandLineFacts {
        let parameters = text.split(separator: " ").map { word in
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            return CommandLineFacts.Parameter(name: parts[0], value: parts.count > 1 ? parts[1] : nil)
        }
        return CommandLineFacts(
            text: text, parameters: parameters, evidence: Evidence(path: "/boot/grub/grub.conf", line: 9))
    }

    static let elf = "\u{7f}ELF"

    // MARK: SysV

    /// CentOS 5: `/etc/rcN.d` are links to the directories of `/etc/rc.d`.
    private func redHat5(_ level: String = "3") -> MemoryFileSystem {
        var disk = MemoryFileSystem()
        disk.file("/sbin/init", Self.elf)
        disk.file(
            "/etc/inittab",
            """
            # comment
            id:\(level):initdefault:
            si::sysinit:/etc/rc.d/rc.sysinit
            l3:3:wait:/etc/rc.d/rc 3
            l5:5:wait:/etc/rc.d/rc 5
            co:2345:respawn:/sbin/agetty ttyS0 115200 vt100-nav
            1:2345:respawn:/sbin/mingetty tty1
            x:5:once:/etc/X11/prefdm -nodaemon

            """)
        for script in ["sshd", "network", "iptables", "nfs", "broken"] {
            disk.file("/etc/rc.d/init.d/\(script)", "#!/bin/sh\n# chkconfig: 2345 55 25\n")
        }
        disk.plainFile("/etc/rc.d/init.d/modeless")
        disk.link("/etc/init.d", "rc.d/init.d")
        for number in 0...6 { disk.link("/etc/rc\(number).d", "rc.d/rc\(number).d") }
        for (name, level) in [
            ("S55sshd", 3), ("S10network", 3), ("S55sshd", 5), ("S80nfs", 5), ("K80nfs", 3),
        ] {
            disk.link("/etc/rc.d/rc\(level).d/\(name)", "../init.d/\(name.dropFirst(3))")
        }
        disk.link("/etc/rc.d/rc3.d/S90gone", "../init.d/gone")
        disk.link("/etc/rc.d/rc3.d/S91modeless", "../init.d/modeless")
        disk.directory("/etc/rc.d/rc1.d")
        disk.file("/etc/rc.d/rc.sysinit")
        disk.file("/etc/rc.d/rc")
        return disk
    }

    @Test func linksOfTheDefaultRunlevelStart() {
        let services = services(redHat5())
        #expect(services.program.value?.program.value == .sysv)
        #expect(services.defaultTarget?.value == "3")
        #expect(services.defaultTarget?.evidence.line == 2)
        let sshd = services.unit("sshd.service")
        #expect((sshd.state, sshd.starts) == (.enabled, .yes))
        #expect(sshd.evidence.first?.path == "/etc/rc.d/rc3.d/S55sshd")
        #expect(services.unit("network.service").starts == .yes)
        let nfs = services.unit("nfs.service")
        #expect((nfs.state, nfs.starts) == (.disabled, .no))
        #expect(nfs.evidence.first?.excerpt == "# chkconfig: 2345 55 25")
        #expect(services.unit("postfix.service").state == .missing)
        #expect(services.unit("sshd.socket").starts == .no)
        #expect(services.problems.isEmpty)
    }

    @Test func rcRunsNoLinkThatLeadsNowhereAndNoScriptWithoutItsMode() {
        let services = services(redHat5())
        #expect(services.unit("gone.service").starts == .no)
        #expect(services.unit("modeless.service").starts == .no)
        #expect(services.unit("modeless.service").evidence.first?.excerpt == "mode 644: not executable")
    }

    @Test func theCommandLineNamesTheRunlevel() {
        let five = services(redHat5(), "ro root=LABEL=/ 5 quiet")
        #expect(five.defaultTarget?.value == "5")
        #expect(five.unit("nfs.service").starts == .yes)
        #expect(five.unit("network.service").starts == .no)
        let single = services(redHat5(), "ro single")
        #expect(single.defaultTarget?.value == "S")
        #expect(single.unit("sshd.service").starts == .no)
    }

    @Test("Trap 101: links of run levels resolve inside the guest, and loops end") func linksStayInside() {
        var disk = redHat5()
        disk.file("/etc/rc.d/init.d/far")
        disk.link("/etc/rc.d/rc3.d/S20far", "../../../../../../../etc/init.d/far")
        disk.link("/etc/rc.d/rc3.d/S21loop", "S21loop")
        let services = services(disk)
        #expect(services.unit("far.service").starts == .yes)
        #expect(services.unit("loop.service").starts != .yes)
    }

    @Test func whatALocalScriptNamesStaysOpen() {
        var disk = redHat5()
        disk.file(
            "/etc/rc.d/rc.local", "#!/bin/sh\n# service nfs start\ntouch /var/lock\nservice iptables start\n")
        let services = services(disk)
        #expect(services.unit("iptables.service").starts == .unknown)
        #expect(services.unit("iptables.service").evidence.first?.line == 4)
        #expect(services.unit("nfs.service").starts == .no)
    }

    @Test func terminalsOfInittab() {
        let services = services(redHat5())
        #expect(services.unit("serial-getty@ttyS0.service").starts == .yes)
        #expect(services.unit("serial-getty@ttyS0.service").evidence.first?.line == 6)
        #expect(services.unit("serial-getty@ttyS1.service").starts == .no)
        #expect(services.terminals.map(\.value) == ["ttyS0", "tty1"])
    }

    @Test func withoutARunlevelNothingIsCertain() {
        var disk = MemoryFileSystem()
        disk.file("/sbin/init", Self.elf)
        disk.file("/etc/inittab", "si::sysinit:/etc/init.d/rcS\n")
        disk.link("/etc/rc2.d/S02ssh", "../init.d/ssh")
        disk.file("/etc/init.d/ssh")
        let services = services(disk)
        #expect(services.unit("ssh.service").starts == .unknown)
        #expect(Set(services.problems.map(\.code)) == ["Init.DefaultTargetMissing", "Init.ScriptMissing"])
    }

    @Test func aTableThatIsGoneIsSaid() {
        var disk = redHat5()
        disk.replace("/etc/inittab", with: nil)
        let services = services(disk)
        #expect(services.program.value?.program.value == .sysv)
        #expect(services.problems.map(\.code) == ["Init.DefaultTargetMissing"])
        #expect(services.unit("sshd.service").starts == .unknown)
    }

    @Test func debianRunsRcSBeforeTheRunlevel() {
        var disk = MemoryFileSystem()
        disk.file("/sbin/init", Self.elf)
        disk.file(
            "/etc/inittab",
            "id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\n#T0:23:respawn:/sbin/getty -L ttyS0\n")
        disk.file("/etc/init.d/rcS")
        for name in ["networking", "udev", "ssh", "network-manager"] { disk.file("/etc/init.d/\(name)") }
        disk.link("/etc/rcS.d/S10networking", "../init.d/networking")
        disk.link("/etc/rcS.d/S02udev", "../init.d/udev")
        disk.link("/etc/rc2.d/S02ssh", "../init.d/ssh")
        disk.link("/etc/rc2.d/S02network-manager", "../init.d/network-manager")
        let services = services(disk)
        for name in ["networking", "systemd-udevd", "ssh", "NetworkManager"] {
            #expect(services.unit("\(name).service").starts == .yes, "\(name)")
        }
        #expect(services.unit("serial-getty@ttyS0.service").starts == .no)
    }

    @Test func suseKeepsItsLevelsBelowInitD() {
        var disk = MemoryFileSystem()
        disk.file("/sbin/init", Self.elf)
        disk.file(
            "/etc/inittab",
            "id:3:initdefault:\nsi::bootwait:/etc/init.d/boot\nS0:12345:respawn:/sbin/agetty -L 9600 ttyS0 vt102\n"
        )
        disk.file("/etc/init.d/boot")
        for name in ["sshd", "network", "boot.udev"] { disk.file("/etc/init.d/\(name)") }
        disk.link("/etc/rc.d", "init.d")
        disk.link("/etc/init.d/rc3.d/S07sshd", "../sshd")
        disk.link("/etc/init.d/rc3.d/S05network", "../network")
        disk.link("/etc/init.d/boot.d/S02boot.udev", "../boot.udev")
        let services = services(disk)
        #expect(services.unit("sshd.service").starts == .yes)
        #expect(services.unit("network.service").starts == .yes)
        #expect(services.unit("systemd-udevd.service").starts == .yes)
        #expect(services.unit("serial-getty@ttyS0.service").starts == .yes)
    }

    @Test func slackwareSwitchesWithTheMode() {
        var disk = MemoryFileSystem()
        disk.file("/sbin/init", Self.elf)
        disk.file("/etc/inittab", "id:3:initdefault:\n")
        disk.file("/etc/rc.d/rc.M", "if [ -x /etc/rc.d/rc.inet2 ]; then . /etc/rc.d/rc.inet2; fi\n")
        disk.file("/etc/rc.d/rc.inet2", "if [ -x /etc/rc.d/rc.sshd ]; then /etc/rc.d/rc.sshd start; fi\n")
        disk.file("/etc/rc.d/rc.sshd")
        disk.plainFile("/etc/rc.d/rc.httpd")
        let services = services(disk)
        #expect(services.unit("sshd.service").starts == .yes)
        #expect(services.unit("httpd.service").starts == .no)
    }

    // MARK: Upstart

    /// CentOS 6: rcS enters the level of inittab, rc runs the links of SysV.
    private func redHat6() -> MemoryFileSystem {
        var disk = MemoryFileSystem()
        disk.file("/sbin/init", Self.elf)
        disk.file("/etc/inittab", "# only the default\nid:3:initdefault:\n")
        disk.file(
            "/etc/init/rcS.conf",
            """
            start on startup
            stop on runlevel
            task
            exec /etc/rc.d/rc.sysinit
            post-stop script
                exec telinit $runlevel
            end script

            """)
        disk.file(
            "/etc/init/rc.conf",
            "start on runlevel [0123456]\nstop on runlevel [!$RUNLEVEL]\ntask\nexport RUNLEVEL\nexec /etc/rc.d/rc $RUNLEVEL\n"
        )
        disk.file(
            "/etc/init/serial.conf",
            "start on fedora.serial-console-available DEV=* and stopped rc RUNLEVEL=[2345]\nexec /sbin/agetty /dev/$DEV\n"
        )
        disk.file("/etc/init/prefdm.conf", "start on stopped rc RUNLEVEL=5\nexec /etc/X11/prefdm\n")
        disk.file("/etc/rc.d/init.d/sshd")
        disk.link("/etc/rc3.d", "rc.d/rc3.d")
        disk.link("/etc/rc.d/rc3.d/S55sshd", "../init.d/sshd")
        return disk
    }

    @Test func redHat6RunsItsScriptsThroughUpstart() {
        let services = services(redHat6(), "ro console=tty0 console=ttyS0,115200n8")
        #expect(services.program.value?.program.value == .upstart)
        #expect(services.defaultTarget?.value == "3")
        #expect(services.unit("sshd.service").starts == .yes)
        #expect(services.unit("prefdm.service").starts == .no)
        #expect(services.unit("serial-getty@ttyS0.service").starts == .yes)
        #expect(services.problems.isEmpty)
    }

    @Test func withoutTheJobThatRunsThemScriptsStayOpen() {
        var disk = MemoryFileSystem()
        disk.file("/sbin/init", Self.elf)
        disk.file("/etc/init/rc-sysinit.conf", "start on filesystem\ntask\nexec telinit 2\n")
        disk.file("/etc/init.d/ssh")
        disk.link("/etc/rc2.d/S20ssh", "../init.d/ssh")
        #expect(services(disk).unit("ssh.service").starts == .unknown)
    }

    /// Ubuntu 14.04.
    private func ubuntu() -> MemoryFileSystem {
        var disk = MemoryFileSystem()
        disk.file("/sbin/init", Self.elf)
        let jobs = [
            "mountall": "start on startup\nstop on starting rcS\nemits filesystem\nexec mountall\n",
            "rc-sysinit":
                "start on (filesystem and static-network-up) or failsafe-boot\nstop on runlevel\nenv DEFAULT_RUNLEVEL=2\ntask\nscript\n    telinit \"${DEFAULT_RUNLEVEL}\"\nend script\n",
            "rc":
                "start on runlevel [0123456]\nstop on runlevel [!$RUNLEVEL]\ntask\nexec /etc/init.d/rc $RUNLEVEL\n",
            "networking":
                "start on (local-filesystems\n    and (stopped udevtrigger or container)) or runlevel [2345]\nexec ifup -a\n",
            "udevtrigger": "start on ((startup\n and started udev)\n or never)\ntask\nexec udevadm\n",
            "udev": "start on virtual-filesystems\nexec udevd\n",
            "ssh": "start on runlevel [2345]\nstop on runlevel [!2345]\nrespawn\nexec /usr/sbin/sshd -D\n",
            "cloud-init-local": "start on mounted MOUNTPOINT=/\ntask\nexec cloud-init init --local\n",
            "cloud-init-nonet": "start on mounted MOUNTPOINT=/ and stopped cloud-init-local\ntask\nexec x\n",
            "cloud-init":
                "start on mounted MOUNTPOINT=/ and stopped cloud-init-nonet\ntask\nexec cloud-init init\n",
            "ttyS0":
                "start on stopped rc RUNLEVEL=[2345] and (\n            not-container or\n            container CONTAINER=lxc)\nrespawn\nexec /sbin/getty -L 115200 ttyS0 xterm\n",
            "shutdown": "start on runlevel [016]\ntask\nexec x\n",
            "plugged": "start on usb-device-added\nexec x\n",
            "lightdm": "start on (filesystem and runlevel [!06] and started dbus)\nexec x\n",
            "tests": "# start on startup\ndescription \"start on startup\"\nexec x\n",
        ]
        for (name, text) in jobs { disk.file("/etc/init/\(name).conf", text) }
        return disk
    }

    @Test func ubuntuStartsItsJobsByEvents() {
        let services = services(ubuntu())
        #expect(services.defaultTarget?.value == "2")
        for name in ["ssh", "networking", "cloud-init-local", "cloud-init", "systemd-udevd", "rc"] {
            #expect(services.unit("\(name).service").starts == .yes, "\(name)")
        }
        #expect(services.unit("ssh.service").evidence.first?.excerpt == "start on runlevel [2345]")
        for name in ["shutdown", "lightdm", "tests"] {
            #expect(services.unit("\(name).service").starts == .no, "\(name)")
        }
        #expect(services.unit("plugged.service").starts == .unknown)
        #expect(services.unit("serial-getty@ttyS0.service").starts == .yes)
    }

    @Test func anOverrideSwitchesAJobOff() {
        var disk = ubuntu()
        disk.file("/etc/init/ssh.override", "manual\n")
        let ssh = services(disk).unit("ssh.service")
        #expect((ssh.state, ssh.starts) == (.disabled, .no))
        #expect(ssh.evidence.first?.path == "/etc/init/ssh.override")
        disk.file("/etc/init/shutdown.override", "start on startup\n")
        #expect(services(disk).unit("shutdown.service").starts == .yes)
    }

    /// Debian's packages carry jobs along that nothing reads.
    @Test func jobsWithoutUpstartMeanNothing() {
        var disk = MemoryFileSystem()
        disk.file("/sbin/init", Self.elf)
        disk.file("/etc/inittab", "id:2:initdefault:\n")
        disk.file("/etc/init/ssh.conf", "start on runlevel [2345]\nexec /usr/sbin/sshd -D\n")
        let services = services(disk)
        #expect(services.program.value?.program.value == .sysv)
        #expect(services.unit("ssh.service").starts == .no)
    }

    // MARK: OpenRC

    private func alpine() -> MemoryFileSystem {
        var disk = MemoryFileSystem()
        disk.file("/bin/busybox", Self.elf)
        disk.link("/sbin/init", "/bin/busybox")
        disk.file(
            "/etc/inittab",
            """
            ::sysinit:/sbin/openrc sysinit
            ::sysinit:/sbin/openrc boot
            ::wait:/sbin/openrc default
            tty1::respawn:/sbin/getty 38400 tty1
            ttyS0::respawn:/sbin/getty -L 0 ttyS0 vt100

            """)
        disk.file(
            "/etc/init.d/sshd",
            "#!/sbin/openrc-run\ndepend() {\n\tuse logger dns\n\tneed net\n\tafter entropy\n}\n")
        disk.file("/etc/init.d/networking", "depend() {\n\tneed localmount\n\tprovide net\n}\n")
        disk.file("/etc/init.d/localmount", "depend() {\n}\n")
        disk.file("/etc/init.d/chronyd", "depend() {\n}\n")
        disk.file("/etc/init.d/acpid")
        disk.link("/etc/runlevels/boot/networking", "/etc/init.d/networking")
        disk.link("/etc/runlevels/default/sshd", "/etc/init.d/sshd")
        disk.directory("/etc/runlevels/sysinit")
        return disk
    }

    @Test func openRCStartsTheLinksOfItsLevels() {
        let services = services(alpine())
        #expect(services.program.value?.program.value == .busybox)
        #expect(services.defaultTarget?.value == "default")
        #expect(services.unit("sshd.service").starts == .yes)
        #expect(services.unit("sshd.service").evidence.first?.path == "/etc/runlevels/default/sshd")
        #expect(services.unit("networking.service").starts == .yes)
        #expect(services.unit("localmount.service").starts == .yes, "needed by networking")
        #expect(services.unit("chronyd.service").state == .disabled)
        #expect(services.unit("serial-getty@ttyS0.service").starts == .yes)
    }

    @Test func debiansOpenRCStandsBehindItsRc() {
        var disk = MemoryFileSystem()
        disk.file("/sbin/init", Self.elf)
        disk.file("/etc/inittab", "id:2:initdefault:\nl2:2:wait:/etc/init.d/rc 2\n")
        disk.file("/etc/init.d/rc", "#!/bin/sh\nexec /sbin/openrc default\n")
        disk.file("/etc/init.d/ssh", "#!/bin/sh\n### BEGIN INIT INFO\n")
        disk.link("/etc/runlevels/default/ssh", "../../init.d/ssh")
        disk.link("/etc/rc2.d/S01other", "../init.d/other")
        let services = services(disk)
        #expect(services.program.value?.program.value == .openrc)
        #expect(services.unit("ssh.service").starts == .yes)
        #expect(services.unit("other.service").starts == .no)
    }

    @Test func aServiceWhoseNeedDoesNotExistDoesNotStart() {
        var disk = alpine()
        disk.file("/etc/init.d/tunnel", "depend() {\n\tneed nosuch # comment\n}\n")
        disk.link("/etc/runlevels/default/tunnel", "/etc/init.d/tunnel")
        let tunnel = services(disk).unit("tunnel.service")
        #expect(tunnel.starts == .no)
        #expect(tunnel.evidence.last?.excerpt == "needs nosuch, which nothing provides")
    }

    @Test func theCommandLineNamesTheLevel() {
        let services = services(alpine(), "softlevel=quiet")
        #expect(services.unit("sshd.service").starts == .no)
        #expect(services.unit("networking.service").starts == .yes)
        #expect(services.problems.map(\.code) == ["Init.DefaultTargetMissing"])
    }

    // MARK: systemd

    private func systemd() -> MemoryFileSystem {
        var disk = MemoryFileSystem()
        disk.file("/lib/systemd/systemd", Self.elf)
        disk.link("/sbin/init", "/lib/systemd/systemd")
        disk.file("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
        for (name, text) in [
            ("multi-user.target", "[Unit]\n"), ("graphical.target", "[Unit]\nRequires=multi-user.target\n"),
            (
                "ssh.service",
                "[Service]\nExecStart=/usr/sbin/sshd -D\n[Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n"
            ),
            ("ssh.socket", "[Socket]\nListenStream=22\n[Install]\nWantedBy=sockets.target\n"),
            ("sockets.target", "[Unit]\n"),
        ] { disk.file("/lib/systemd/system/\(name)", text) }
        disk.link("/lib/systemd/system/default.target", "graphical.target")
        disk.file("/lib/systemd/system-generators/systemd-sysv-generator")
        disk.file("/etc/init.d/aegis")
        disk.file("/etc/init.d/ssh")
        disk.plainFile("/etc/init.d/off")
        for name in ["aegis", "ssh", "off"] { disk.link("/etc/rc3.d/S50\(name)", "../init.d/\(name)") }
        return disk
    }

    @Test func scriptsWithoutAUnitComeThroughTheGenerator() {
        let services = services(systemd())
        let aegis = services.unit("aegis.service")
        #expect((aegis.state, aegis.starts) == (.generated, .yes))
        #expect(aegis.evidence.first?.path == "/etc/rc3.d/S50aegis")
        #expect(services.unit("ssh.service").starts == .no, "the native unit decides, and it is not enabled")
        #expect(services.unit("off.service").starts == .no)
        #expect(services.isSystemd)
    }

    @Test("Trap 62: an absent machine-id enables what presets say, an emptied one does not") func presets() {
        let cases: [(machine: String?, expected: Answer)] = [
            (nil, .yes), ("", .no), ("uninitialized\n", .yes),
        ]
        for (machine, expected) in cases {
            var disk = systemd()
            disk.file("/lib/systemd/system-preset/90-x.preset", "enable ssh.service\ndisable *\n")
            disk.replace("/etc/machine-id", with: machine)
            let unit = services(disk, "ro rw").unit("ssh.service")
            #expect(unit.starts == expected, "machine-id \(machine ?? "absent")")
        }
    }

    @Test("Trap 63: sshd may start through its socket or an alias, and a mask is a link to /dev/null")
    func sockets() {
        var disk = systemd()
        disk.link("/etc/systemd/system/multi-user.target.wants/ssh.socket", "/lib/systemd/system/ssh.socket")
        #expect(services(disk).unit("ssh.socket").starts == .yes)
        #expect(services(disk).unit("ssh.service").starts == .yes, "on demand, through its socket")
        disk.link("/etc/systemd/system/sshd.service", "/lib/systemd/system/ssh.service")
        disk.link(
            "/etc/systemd/system/multi-user.target.wants/ssh.service", "/lib/systemd/system/ssh.service")
        #expect(services(disk).unit("sshd.service").starts == .yes)
        disk.link("/etc/systemd/system/ssh.service", "/dev/null")
        let masked = services(disk).unit("ssh.service")
        #expect((masked.state, masked.starts) == (.masked, .no))
    }

    @Test func theCommandLineMasksAndWants() {
        var disk = systemd()
        disk.link(
            "/etc/systemd/system/multi-user.target.wants/ssh.service", "/lib/systemd/system/ssh.service")
        // It is a generator that reads the words.
        #expect(services(disk, "ro systemd.mask=ssh.service").unit("ssh.service").starts == .yes)
        disk.file("/lib/systemd/system-generators/systemd-debug-generator")
        let masked = services(disk, "ro systemd.mask=ssh").unit("ssh.service")
        #expect((masked.state, masked.starts) == (.masked, .no))
        #expect(masked.evidence.first?.excerpt == "systemd.mask=ssh")
        #expect(masked.evidence.first?.path == "/boot/grub/grub.conf")
        disk.replace("/etc/systemd/system/multi-user.target.wants/ssh.service", with: nil)
        #expect(services(disk, "ro").unit("ssh.service").starts == .no)
        #expect(services(disk, "ro systemd.wants=ssh.service").unit("ssh.service").starts == .yes)
    }

    /// A system with sshd and networkd as a drop-in of one of them changes it.
    private func obstacle(
        _ unit: String, _ dropIn: String, _ change: (inout MemoryFileSystem) -> Void = { _ in }
    ) -> String? {
        var disk = systemd()
        disk.file("/usr/sbin/sshd")
        disk.file("/lib/systemd/systemd-networkd")
        disk.file(
            "/lib/systemd/system/systemd-networkd.service",
            "[Service]\nUser=systemd-network\nExecStart=!!/lib/systemd/systemd-networkd\n")
        disk.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\nsystemd-network:x:998:998::/:/bin/false\n")
        disk.file("/etc/systemd/system/\(unit).d/local.conf", dropIn)
        change(&disk)
        return services(disk).obstacle(of: unit)?.message
    }

    @Test(
        "What keeps a unit from running",
        arguments: [
            ("", true), ("[Unit]\nConditionPathExists=/etc/ssh/enabled\n", false),
            ("[Unit]\nConditionPathExists=!/etc/ssh/enabled\n", true),
            ("[Unit]\nConditionPathExists=/run/enabled\n", true),
            ("[Unit]\nConditionPathExists=/nowhere\nConditionPathExists=\n", true),
            ("[Unit]\nConditionPathExists=|/nowhere\nConditionPathExists=|/etc/passwd\n", true),
            ("[Unit]\nConditionPathExists=|/nowhere\nConditionVirtualization=|vmware\n", false),
            ("[Unit]\nAssertPathIsDirectory=/etc/passwd\n", false),
            ("[Unit]\nConditionVirtualization=!kvm\n", false), ("[Unit]\nConditionVirtualization=vm\n", true),
            // Seen on systemd 252: the job of what is only wanted stays, and runs.
            ("[Unit]\nRequires=storage.service\n", true), ("[Unit]\nWants=storage.service\n", true),
            ("[Service]\nExecStart=/usr/sbin/sshd -D\n", false),
            ("[Service]\nExecStart=\nExecStart=/opt/sshd -D\n", false),
            ("[Service]\nExecStart=\nExecStart=-/opt/sshd -D\n", true),
            ("[Service]\nExecStartPre=/opt/check\n", false), ("[Service]\nExecStartPre=-/opt/check\n", true),
            ("[Service]\nUser=nobody-here\n", false), ("[Service]\nUser=0\n", true),
        ])
    func obstacles(dropIn: String, runs: Bool) {
        let found = obstacle("ssh.service", dropIn)
        #expect((found == nil) == runs, "\(found ?? "nothing")")
    }

    @Test func aDaemonThatIsNotRootHasToReachItsProgram() {
        #expect(obstacle("systemd-networkd.service", "") == nil)
        #expect(
            obstacle("systemd-networkd.service", "") {
                $0.replace("/lib/systemd/systemd-networkd", with: nil)
            } != nil)
        let lookup = obstacle("systemd-networkd.service", "") {
            $0.file("/etc/nsswitch.conf", "passwd: sss\n")
        }
        #expect(lookup?.contains("nsswitch.conf") == true)
        #expect(
            obstacle("systemd-networkd.service", "") { $0.file("/etc/nsswitch.conf", "passwd: files sss\n") }
                == nil)
    }

    // MARK: Others

    @Test func anUnknownInitStaysUnknown() {
        var disk = MemoryFileSystem()
        disk.file("/usr/bin/runit-init", Self.elf)
        disk.link("/sbin/init", "/usr/bin/runit-init")
        let services = services(disk)
        #expect(!services.isPresent)
        #expect(services.unit("sshd.service").starts == .unknown)
        #expect(services.gap?.kind == .unsupported)
    }

    @Test func nixStartsSystemdFromItsStore() {
        var disk = MemoryFileSystem()
        let system = "/nix/store/aaaa-nixos-system-host-24.05"
        disk.file("\(system)/init", "#!/bin/sh\n")
        disk.link("\(system)/systemd", "/nix/store/bbbb-systemd")
        disk.file("/nix/store/bbbb-systemd/lib/systemd/systemd", Self.elf)
        disk.link("\(system)/etc", "/nix/store/cccc-etc/etc")
        disk.link("/nix/store/cccc-etc/etc/systemd/system", "/nix/store/dddd-system-units")
        disk.file("/nix/store/eeee-unit-sshd.service/sshd.service", "[Service]\nExecStart=x\n")
        for name in ["default.target", "multi-user.target"] {
            disk.file("/nix/store/eeee-unit-\(name)/\(name)", "[Unit]\n")
        }
        disk.link("/nix/store/dddd-system-units/default.target", "multi-user.target")
        disk.link(
            "/nix/store/dddd-system-units/multi-user.target",
            "/nix/store/eeee-unit-multi-user.target/multi-user.target")
        disk.link(
            "/nix/store/dddd-system-units/sshd.service", "/nix/store/eeee-unit-sshd.service/sshd.service")
        disk.link("/nix/store/dddd-system-units/multi-user.target.wants/sshd.service", "../sshd.service")
        let services = services(disk, "init=\(system)/init loglevel=4")
        #expect(services.program.value?.program.value == .systemd)
        #expect(services.unit("sshd.service").starts == .yes)
    }
}
