import GuestFacts
import Targets
import Testing

@testable import Checks

/// What a fix says to each family and generation, word by word.
@Suite struct FixCommandTests {
    /// A system of the table.
    struct System: Sendable, CustomTestStringConvertible {
        var name: String
        var family: OSIdentity.Family
        var distribution: String
        var version: String
        var kernel: String
        var initramfs: String
        var testDescription: String { name }

        init(
            _ name: String, _ family: OSIdentity.Family, _ distribution: String, _ version: String,
            _ kernel: String,
            _ initramfs: String
        ) {
            self.name = name
            self.family = family
            self.distribution = distribution
            self.version = version
            self.kernel = kernel
            self.initramfs = initramfs
        }

        var linux: LinuxFacts {
            var facts = ExampleFacts()
            facts.linux.identity.family = family
            facts.linux.identity.distribution = distribution
            facts.linux.identity.version = version
            facts.linux.identity.versionID = version
            facts.kernel.version = kernel
            facts.entry.initramfsPaths = [initramfs]
            facts.linux.boot.moduleVersions = [kernel]
            return facts.linux
        }
    }

    static let el5 = System(
        "CentOS 5", .rhel, "centos", "5.11", "2.6.18-398.el5", "/boot/initrd-2.6.18-398.el5.img")
    static let el6 = System(
        "CentOS 6", .rhel, "centos", "6.10", "2.6.32-754.el6.x86_64",
        "/boot/initramfs-2.6.32-754.el6.x86_64.img")
    static let el7 = System(
        "CentOS 7", .rhel, "centos", "7.9.2009", "3.10.0-1160.el7.x86_64",
        "/boot/initramfs-3.10.0-1160.el7.x86_64.img")
    static let el9 = System(
        "Rocky 9", .rhel, "rocky", "9.4", "5.14.0-427.el9.x86_64", "/boot/initramfs-5.14.0-427.el9.x86_64.img"
    )
    static let sles11 = System(
        "SLES 11", .suse, "sles", "11.4", "3.0.101-63-default", "/boot/initrd-3.0.101-63-default")
    static let sles15 = System(
        "SLES 15", .suse, "sles", "15.5", "5.14.21-150500.53-default",
        "/boot/initrd-5.14.21-150500.53-default")
    static let debian = System(
        "Debian 12", .debian, "debian", "12.5", "6.1.0-50-amd64", "/boot/initrd.img-6.1.0-50-amd64")
    static let arch = System("Arch", .arch, "arch", "", "6.9.1-arch1-1", "/boot/initramfs-linux.img")
    static let alpine = System("Alpine", .alpine, "alpine", "3.20", "6.6.31-0-virt", "/boot/initramfs-virt")
    static let gentoo = System(
        "Gentoo", .gentoo, "gentoo", "", "6.6.30-gentoo", "/boot/initramfs-6.6.30-gentoo.img")

    @Test(
        arguments: [
            (el5, ["mkinitrd -f --with=virtio_blk /boot/initrd-2.6.18-398.el5.img 2.6.18-398.el5"]),
            (
                el6,
                [
                    "echo 'add_drivers+=\" virtio_blk \"' > /etc/dracut.conf.d/90-cloud-drivers.conf",
                    "dracut -f /boot/initramfs-2.6.32-754.el6.x86_64.img 2.6.32-754.el6.x86_64",
                ]
            ),
            (
                sles11,
                [
                    "sed -i 's/^INITRD_MODULES=\"/&virtio_blk /' /etc/sysconfig/kernel",
                    "mkinitrd -k vmlinuz-3.0.101-63-default -i initrd-3.0.101-63-default -m virtio_blk",
                ]
            ),
            (
                sles15,
                [
                    "echo 'add_drivers+=\" virtio_blk \"' > /etc/dracut.conf.d/90-cloud-drivers.conf",
                    "dracut -f /boot/initrd-5.14.21-150500.53-default 5.14.21-150500.53-default",
                ]
            ),
            (
                debian,
                ["echo virtio_blk >> /etc/initramfs-tools/modules", "update-initramfs -u -k 6.1.0-50-amd64"]
            ),
            (arch, ["sed -i 's/^MODULES=(/&virtio_blk /' /etc/mkinitcpio.conf", "mkinitcpio -P"]),
            (
                alpine,
                ["sed -i 's/^features=\"/&virtio /' /etc/mkinitfs/mkinitfs.conf", "mkinitfs 6.6.31-0-virt"]
            ),
            (
                gentoo,
                [
                    "echo 'add_drivers+=\" virtio_blk \"' > /etc/dracut.conf.d/90-cloud-drivers.conf",
                    "dracut -f /boot/initramfs-6.6.30-gentoo.img 6.6.30-gentoo",
                ]
            ),
        ] as [(System, [String])])
    func initramfs(_ system: System, _ commands: [String]) {
        let fix = Fix.rebuildInitramfs(adding: ["virtio_blk"], kernel: system.kernel, in: system.linux)
        #expect(fix.commands == commands)
    }

    @Test func initramfsByTheProgramThatIsThere() {
        var linux = Self.debian.linux
        linux.identity.initramfsTools = [.dracut]
        #expect(
            Fix.rebuildInitramfs(adding: [], kernel: "6.1.0-50-amd64", in: linux).commands
                == ["dracut -f /boot/initrd.img-6.1.0-50-amd64 6.1.0-50-amd64"])
        linux.identity.initramfsTools = [.booster]
        #expect(
            Fix.rebuildInitramfs(adding: ["nvme"], kernel: "6.1.0-50-amd64", in: linux).commands.first
                == "echo 'modules: nvme' >> /etc/booster.yaml")
        linux.identity.initramfsTools = [.genkernel]
        #expect(
            Fix.rebuildInitramfs(adding: ["nvme"], kernel: "all", in: linux).commands
                == ["genkernel --all-ramdisk-modules initramfs"])
        var alpine = Self.alpine.linux
        alpine.boot.kernels = [:]
        #expect(
            Fix.rebuildInitramfs(adding: ["hv_storsvc"], kernel: "6.6.31-0-virt", in: alpine).commands == [
                "printf '%s\\n' 'kernel/drivers/*/hv_storsvc.ko*' > /etc/mkinitfs/features.d/cloud.modules",
                "sed -i 's/^features=\"/&cloud /' /etc/mkinitfs/mkinitfs.conf", "mkinitfs 6.6.31-0-virt",
            ])
    }

    /// A module name that is no module stops some versions of dracut.
    @Test func whatIsInTheKernelIsNotAsked() {
        var linux = Self.el9.linux
        for path in linux.boot.kernels.keys {
            linux.boot.kernels[path]?.drivers["virtio_pci"] = DriverFacts(.builtin)
            linux.boot.kernels[path]?.drivers["virtio_blk"] = DriverFacts(.module)
        }
        let fix = Fix.rebuildInitramfs(
            adding: ["virtio_pci", "virtio_blk"], kernel: Self.el9.kernel, in: linux)
        #expect(fix.title == "Add virtio_blk to the initramfs and build it again")
    }

    @Test func aKernelOnTheEFIPartitionIsInstalledAgain() {
        var linux = Self.el9.linux
        linux.boot.bios.entry?.source = Evidence(path: "/boot/efi/EFI/Linux/rocky-5.14.efi")
        let fix = Fix.rebuildInitramfs(adding: ["nvme"], kernel: Self.el9.kernel, in: linux)
        #expect(
            fix.commands.last
                == "kernel-install add 5.14.0-427.el9.x86_64 /lib/modules/5.14.0-427.el9.x86_64/vmlinuz")
    }

    @Test(
        arguments: [
            (el5, "yum install -y x", "yum reinstall -y kernel-2.6.18-398.el5"),
            (el7, "yum install -y x", "yum reinstall -y kernel-3.10.0-1160.el7.x86_64"),
            (
                el9, "dnf install -y x",
                "dnf reinstall -y kernel-core-5.14.0-427.el9.x86_64 kernel-modules-5.14.0-427.el9.x86_64"
            ),
            (
                sles15, "zypper --non-interactive install x",
                "zypper --non-interactive install --force kernel-default"
            ),
            (debian, "apt-get install -y x", "apt-get install -y --reinstall linux-image-6.1.0-50-amd64"),
            (arch, "pacman -S --noconfirm x", "pacman -S --noconfirm linux"),
            (alpine, "apk add x", "apk add linux-virt"),
            (gentoo, "emerge x", "emerge sys-kernel/gentoo-kernel-bin"),
            (
                System("Photon 4", .other, "photon", "4.0", "5.10.1-ph4", "/boot/initrd.img-5.10.1-ph4"),
                "tdnf install -y x", "tdnf install -y linux"
            ),
            (
                System("Oracle 8 with UEK", .rhel, "ol", "8.9", "5.15.0-200.el8uek.x86_64", "/boot/i"),
                "dnf install -y x",
                "dnf reinstall -y kernel-uek-5.15.0-200.el8uek.x86_64"
            ),
            (
                System("Amazon Linux 2", .rhel, "amzn", "2", "5.10.1-1.amzn2.x86_64", "/boot/i"),
                "yum install -y x",
                "yum reinstall -y kernel-5.10.1-1.amzn2.x86_64"
            ),
            (
                System("openEuler", .rhel, "openEuler", "22.03", "5.10.0-60.oe2203.x86_64", "/boot/i"),
                "dnf install -y x",
                "dnf reinstall -y kernel-5.10.0-60.oe2203.x86_64"
            ),
        ] as [(System, String, String)])
    func packages(_ system: System, _ install: String, _ kernel: String) {
        #expect(Fix.install(["x"], "t", in: system.linux).commands == [install])
        #expect(Fix.reinstallKernel(system.kernel, in: system.linux).commands == [kernel])
    }

    @Test(
        arguments: [
            (
                .ostree, OSIdentity.Family.rhel, ["rpm-ostree install x"],
                ["rpm-ostree kargs --delete-if-present=quiet --append-if-missing=a=1"]
            ),
            (.flatcar, .other, [], []),
            (
                .nixos, .other, ["nixos-rebuild boot"],
                ["boot.kernelParams = [ \"a=1\" ];", "nixos-rebuild boot"]
            ),
        ] as [(WholeSystem, OSIdentity.Family, [String], [String])])
    func systemsThatComeAsAWhole(
        _ kind: WholeSystem, _ family: OSIdentity.Family, _ install: [String], _ line: [String]
    ) {
        var linux = Self.debian.linux
        linux.identity.family = family
        linux.identity.distribution = kind == .ostree ? "fedora" : kind.rawValue
        linux.identity.imageBased = Located(kind, Evidence(path: "/usr/lib/os-release"))
        let fix = Fix.install(["x"], "t", in: linux)
        #expect(fix.commands == install)
        #expect(!fix.title.isEmpty)
        let change = Fix.commandLine(removing: ["quiet"], adding: ["a=1"], "t", in: linux)
        #expect(change.commands == line)
        if kind == .flatcar { #expect(change.edit?.path == "/usr/share/oem/grub.cfg") }
    }

    @Test(
        arguments: [
            (debian, ["update-grub"], "grub-install --target=i386-pc /dev/vda"),
            (el7, ["grub2-mkconfig -o /boot/grub2/grub.cfg"], "grub2-install --target=i386-pc /dev/vda"),
            (sles15, ["grub2-mkconfig -o /boot/grub2/grub.cfg"], "grub2-install --target=i386-pc /dev/vda"),
            (alpine, ["grub-mkconfig -o /boot/grub/grub.cfg"], "grub-install --target=i386-pc /dev/vda"),
        ] as [(System, [String], String)])
    func grub2(_ system: System, _ regenerate: [String], _ install: String) {
        #expect(Fix.regenerateGrub(system.linux) == regenerate)
        #expect(Fix.installLoader(.bios, in: system.linux).commands == [install] + regenerate)
    }

    @Test("Trap 18: UEFI reads the configuration on the ESP until Red Hat 8, and a stub since Red Hat 9")
    func grubOnTheEFIPartition() {
        func uefi(_ system: System) -> LinuxFacts {
            var linux = system.linux
            linux.boot.uefi.isPresent = .yes
            linux.boot.uefi.entry = linux.boot.bios.entry
            linux.boot.bios = BootPath(firmware: .bios, isPresent: .no)
            return linux
        }
        #expect(Fix.regenerateGrub(uefi(Self.el7)) == ["grub2-mkconfig -o /boot/efi/EFI/centos/grub.cfg"])
        #expect(Fix.regenerateGrub(uefi(Self.el9)) == ["grub2-mkconfig -o /boot/grub2/grub.cfg"])
        #expect(
            Fix.installLoader(.uefi, in: uefi(Self.el9)).commands.first
                == "dnf reinstall -y shim-x64 grub2-efi-x64")
        #expect(
            Fix.installLoader(.uefi, in: uefi(Self.debian)).commands.first
                == "grub-install --target=x86_64-efi --efi-directory=/boot/efi --force-extra-removable")
        var both = Self.el7.linux
        both.boot.uefi.isPresent = .yes
        #expect(Fix.regenerateGrub(both).count == 2)
    }

    @Test func commandLineByLoader() {
        func change(_ linux: LinuxFacts) -> Fix {
            Fix.commandLine(removing: ["root=/dev/sda1"], adding: ["root=UUID=1"], "t", in: linux)
        }
        #expect(
            change(Self.el7.linux).commands
                == ["grubby --update-kernel=ALL --remove-args=root=/dev/sda1 --args=root=UUID=1"])
        #expect(
            change(Self.sles15.linux).commands == [
                "sed -i '/^GRUB_CMDLINE_LINUX/s/ *\\broot=\\/dev\\/sda1//' /etc/default/grub",
                "sed -i 's/^GRUB_CMDLINE_LINUX=\"/&root=UUID=1 /' /etc/default/grub",
                "grub2-mkconfig -o /boot/grub2/grub.cfg",
            ])
        func from(_ file: String, _ text: String, _ system: System) -> LinuxFacts {
            var linux = system.linux
            linux.boot.bios.entry?.source = Evidence(path: file, line: 10)
            linux.boot.bios.entry?.commandLine.evidence = Evidence(path: file, line: 12, excerpt: text)
            return linux
        }
        let legacy = change(from("/boot/grub/grub.conf", "kernel /vmlinuz ro root=/dev/sda1 quiet", Self.el6))
        #expect(
            legacy.kind == .autoEdit && legacy.edit?.path == "/boot/grub/grub.conf" && legacy.edit?.line == 12
        )
        #expect(legacy.edit?.new == "kernel /vmlinuz ro quiet root=UUID=1")
        let entry = change(
            from("/boot/efi/loader/entries/arch.conf", "options root=/dev/sda1 rw", Self.arch).with(
                loader: "systemd-boot"))
        #expect(entry.edit?.new == "options rw root=UUID=1")
        let extlinux = change(from("/boot/extlinux.conf", "APPEND root=/dev/sda1", Self.alpine))
        #expect(extlinux.commands.last == "update-extlinux")
        #expect(extlinux.commands.first?.contains("/etc/update-extlinux.conf") ?? false)
        let unified = change(from("/boot/efi/EFI/Linux/arch.efi", "root=/dev/sda1", Self.arch))
        #expect(
            unified.commands == [
                "sed -i 's/ *\\broot=\\/dev\\/sda1//' /etc/kernel/cmdline",
                "sed -i '1s/$/ root=UUID=1/' /etc/kernel/cmdline",
                "mkinitcpio -P",
            ])
        // A name alone goes off with whatever value it has.
        var named = from("/boot/grub/menu.lst", "kernel /vmlinuz root=/dev/sda1 ro", Self.sles11)
        let fix = Fix.commandLine(removing: ["root"], adding: [], "t", in: named)
        #expect(fix.edit?.new == "kernel /vmlinuz ro")
        #expect(Fix.regenerateGrub(named) == ["update-bootloader --refresh"])
        named.identity.family = .rhel
        #expect(Fix.regenerateGrub(named).isEmpty)
        #expect(Fix.updateGrub("t", in: named).kind == .manual)
    }

    @Test(
        arguments: [
            (InitFacts.Program.systemd, debian, ["systemctl enable ssh.service cloud-init.service"]),
            (.sysv, el6, ["chkconfig ssh on", "chkconfig cloud-init on"]),
            (.upstart, el6, ["chkconfig ssh on", "chkconfig cloud-init on"]),
            (.sysv, debian, ["update-rc.d ssh enable", "update-rc.d cloud-init enable"]),
            (.sysv, sles11, ["insserv ssh", "insserv cloud-init"]),
            (.upstart, debian, ["rm -f /etc/init/ssh.override", "rm -f /etc/init/cloud-init.override"]),
            (.openrc, gentoo, ["rc-update add ssh default", "rc-update add cloud-init default"]),
            (.busybox, alpine, ["rc-update add ssh default", "rc-update add cloud-init default"]),
        ] as [(InitFacts.Program, System, [String])])
    func services(_ program: InitFacts.Program, _ system: System, _ commands: [String]) {
        var linux = system.linux
        linux.initSystem.program = .known(Located(program, Evidence(path: "/sbin/init")))
        #expect(Fix.enable(["ssh.service", "cloud-init.service"], "t", in: linux).commands == commands)
        #expect(Fix.start("ssh.service", "t", in: linux).commands.count == 1)
    }

    /// Text of a guest is one word of the command, whatever it holds.
    @Test func guestTextIsQuoted() {
        #expect(
            Fix.install(["x; rm -rf /"], "t", in: Self.debian.linux).commands == [
                "apt-get install -y 'x; rm -rf /'"
            ])
        #expect(
            Fix.reinstallKernel("1$(reboot)", in: Self.el7.linux).commands == [
                "yum reinstall -y 'kernel-1$(reboot)'"
            ])
        #expect(
            Fix.commandLine(adding: ["a=$(reboot)"], "t", in: Self.el7.linux).commands
                == ["grubby --update-kernel=ALL --args='a=$(reboot)'"])
    }
}

extension LinuxFacts {
    fileprivate func with(loader: String) -> LinuxFacts {
        var linux = self
        linux.boot.bios.loader = loader
        return linux
    }
}
