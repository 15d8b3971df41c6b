import Checks
import GuestFacts
import LaunchChain
import Reports
import Targets
import TestSupport
import Testing

/// What a fix proposes is done to the image, and then the finding is gone.
@Suite(.enabled(if: HostTool.has("debugfs", "qemu-img", "xz", "mcopy")))
struct FixTests {
    private static let kernel = "6.1.0-50-amd64"

    /// The codes of what is an error.
    private func errors(_ report: ScanReport) -> Set<String> {
        Set(report.allChecks.filter { $0.severity == .error }.compactMap(\.code))
    }

    private func launch(_ report: ScanReport) throws -> LaunchVerdict {
        try #require(report.guests.first?.verdicts.first?.launches.first)
    }

    /// The image now boots and is reached, `code` is no error any more, and nothing new is.
    private func expectRepaired(
        _ guest: EditableGuest, firmware: FirmwareKind = .bios, of code: String, since before: ScanReport
    ) throws {
        let after = try TestImages.scan(guest.path, disk: .virtioBlk, firmware: firmware)
        #expect(errors(before).contains(code))
        #expect(!errors(after).contains(code))
        #expect(errors(after).subtracting(errors(before)).isEmpty)
        let verdict = try launch(after)
        #expect(verdict.boots == .yes, "\(verdict.stopsAt?.message ?? "")")
        #expect(verdict.reachable == .yes, "\(verdict.stopsAt?.message ?? "")")
    }

    /// Each edit of a file that is offered does it, made exactly as it is proposed.
    @Test(arguments: [
        ("fstab-missing-data-disk.raw.xz", "Fstab.DeviceNotFound"),
        ("root-wrong-uuid.raw.xz", "Grub.RootNotFound"),
    ])
    func editOfAFile(_ image: String, _ code: String) async throws {
        let before = try TestImages.scan(
            try await TestImages.path(image), disk: .virtioBlk, firmware: .bios)
        #expect(try launch(before).stopsAt?.code == code)
        let item = try #require(before.allChecks.first { $0.code == code })
        let edits = (item.fixes ?? []).compactMap(\.edit)
        #expect(!edits.isEmpty)
        for edit in edits {
            let guest = try await EditableGuest(image)
            try await guest.apply(edit)
            try expectRepaired(guest, of: code, since: before)
        }
    }

    /// `systemctl enable ssh` makes these links.
    @Test func enablingTheSSHServer() async throws {
        let guest = try await EditableGuest("sshd-disabled.raw.xz")
        let before = try TestImages.scan(guest.path, disk: .virtioBlk, firmware: .bios)
        let fixes = before.allChecks.first { $0.code == "Ssh.Disabled" }?.fixes ?? []
        #expect(fixes.contains { $0.commands.contains("systemctl enable ssh") })
        try await guest.link(
            "/etc/systemd/system/multi-user.target.wants/ssh.service", to: "/lib/systemd/system/ssh.service")
        try await guest.link("/etc/systemd/system/sshd.service", to: "/lib/systemd/system/ssh.service")
        try expectRepaired(guest, of: "Ssh.Disabled", since: before)
    }

    /// `grub-install --force-extra-removable` puts the loader where firmware looks without a boot entry.
    @Test func copyingTheLoaderToTheFallbackPath() async throws {
        let guest = try await EditableGuest("esp-no-fallback.raw.xz", rootOffset: 5 << 20)
        let before = try TestImages.scan(guest.path, disk: .virtioBlk, firmware: .uefi)
        let fixes = before.allChecks.first { $0.code == "EfiFallback.Missing" }?.fixes ?? []
        #expect(fixes.contains { $0.commands.contains { $0.contains("--force-extra-removable") } })
        try await guest.mtools(
            "mmd @@ ::/EFI/BOOT; mcopy @@ ::/EFI/debian/grubx64.efi l; mcopy @@ l ::/EFI/BOOT/BOOTX64.EFI")
        try expectRepaired(guest, firmware: .uefi, of: "EfiFallback.Missing", since: before)
    }

    /// `update-initramfs` and the reinstallation of a kernel, done by copying the file of a healthy guest.
    @Test(arguments: [
        ("initrd-no-virtio.raw.xz", "Virtio.NotInInitramfs", "initrd.img"),
        ("kernel-missing.raw.xz", "Grub.KernelMissing", "vmlinuz"),
    ])
    func restoringABootFile(_ image: String, _ code: String, _ file: String) async throws {
        let healthy = try await EditableGuest("healthy-bios-mbr.qcow2")
        let guest = try await EditableGuest(image)
        let before = try TestImages.scan(guest.path, disk: .virtioBlk, firmware: .bios)
        let name = "/boot/\(file)-\(FixTests.kernel)"
        try await guest.write(try healthy.content(name), to: name)
        try expectRepaired(guest, of: code, since: before)
    }

    /// The commands against a configuration for a name no interface will have.
    @Test func configuringWhateverNameTheInterfaceGets() async throws {
        let guest = try await EditableGuest("network-eth0-without-ifnames.raw.xz")
        let before = try TestImages.scan(guest.path, disk: .virtioBlk, firmware: .bios)
        let fixes = before.allChecks.first { $0.code == "Dhcp.NameMismatch" }?.fixes ?? []
        let commands = fixes.flatMap(\.commands)
        // The guest has ifupdown: its own file, and the name that the file is for.
        #expect(commands.contains { $0.contains("iface eth0 inet dhcp") })
        try await guest.write(
            Array("[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n".utf8),
            to: "/etc/systemd/network/80-dhcp.network")
        try await guest.link(
            "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service",
            to: "/lib/systemd/system/systemd-networkd.service")
        try expectRepaired(guest, of: "Dhcp.NameMismatch", since: before)
    }
}
