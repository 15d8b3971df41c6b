import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import Testing

@testable import GuestInspection

/// Which volumes are systems, and which only look like one.
@Suite struct RootFinderTests {
    private func scan(_ systems: [(kind: String, label: String?, disk: MemoryFileSystem)]) -> ScanFacts {
        var volumes: [VolumeFacts] = []
        var disks: [VolumeID: MemoryFileSystem] = [:]
        for (index, system) in systems.enumerated() {
            var volume = Compose.partition(index + 1, system.kind, uuid: "0000-\(index)")
            volume.label = system.label
            volumes.append(volume)
            disks[volume.id] = system.disk
        }
        return GuestInspector(Compose.layout(volumes, disks), now: 0).inspect()
    }

    private func linux(_ scan: ScanFacts) -> [LinuxFacts] {
        scan.systems.compactMap { if case .linux(let facts) = $0 { facts } else { nil } }
    }

    @Test func aStickWithALiveSystemIsAnInstaller() {
        var stick = MemoryFileSystem(kind: "vfat")
        stick.file("/EFI/BOOT/BOOTX64.EFI", "MZ")
        stick.file("/casper/minimal.squashfs", "hsqs")
        #expect(scan([("vfat", nil, stick)]).image.container.content == .installer)
        var fedora = MemoryFileSystem(kind: "ext4")
        fedora.file("/LiveOS/squashfs.img", "hsqs")
        #expect(scan([("ext4", nil, fedora)]).image.container.content == .installer)
        // A directory of that name alone, and an ESP, are none.
        var data = MemoryFileSystem(kind: "ext4")
        data.file("/live/readme", "x")
        #expect(scan([("ext4", nil, data)]).image.container.content == .dataDisk)
        var esp = MemoryFileSystem(kind: "vfat")
        esp.file("/EFI/BOOT/BOOTX64.EFI", "MZ")
        #expect(scan([("vfat", nil, esp)]).image.container.content == .dataDisk)
    }

    private static let elf = "\u{7f}ELF"

    private func coreOS(deployments: [String]) -> MemoryFileSystem {
        var disk = MemoryFileSystem(kind: "xfs")
        for name in deployments {
            let top = "/ostree/deploy/fedora-coreos/deploy/\(name)"
            disk.file("\(top)/usr/lib/os-release", "ID=fedora\nVARIANT_ID=coreos\nVERSION_ID=41\n")
            disk.link("\(top)/etc/os-release", "../usr/lib/os-release")
            disk.file("\(top)/usr/lib/systemd/systemd", Self.elf)
            disk.link("\(top)/usr/sbin/init", "../lib/systemd/systemd")
            for link in ["sbin", "bin", "lib"] { disk.link("\(top)/\(link)", "usr/\(link)") }
            disk.link("\(top)/ostree", "sysroot/ostree")
            disk.directory("\(top)/sysroot")
            disk.directory("\(top)/var")
        }
        disk.file("/ostree/deploy/fedora-coreos/var/lib/marker", "here")
        disk.file("/ostree/repo/config", "[core]\n")
        disk.directory("/boot")
        return disk
    }

    @Test("Trap 47: a deployment of ostree is the root, though the volume has no skeleton of one")
    func ostree() throws {
        let found = linux(scan([("xfs", "root", coreOS(deployments: ["abc.0"]))]))
        let facts = try #require(found.first)
        #expect(found.count == 1)
        #expect(facts.identity.distribution == "fedora")
        #expect(facts.identity.variantID == "coreos")
        #expect(facts.identity.imageBased?.value == .ostree)
        #expect(facts.initSystem.program.value?.value == .systemd)
        #expect(facts.initSystem.missingDirectories.isEmpty)
        // Without an fstab nothing is missing.
        #expect(facts.mounts.fstab.value == [])
    }

    @Test func theCommandLineNamesTheDeployment() throws {
        var disk = coreOS(deployments: ["abc.0", "def.1"])
        disk.link("/ostree/boot.1/fedora-coreos/feed/0", "../../../deploy/fedora-coreos/deploy/def.1")
        let found = try OstreeDeployment.find(on: disk) {
            [KernelCommandLine("root=UUID=x ostree=/ostree/boot.1/fedora-coreos/feed/0")]
        }
        let deployment = try #require(found)
        #expect(deployment.path == "/ostree/deploy/fedora-coreos/deploy/def.1")
        var tree = FileTree(root: disk, top: deployment.top)
        deployment.mount(disk, top: nil, in: &tree)
        #expect(try tree.contents(of: "/var/lib/marker", limit: 64)?.text == "here")
        #expect(try tree.node(at: "/ostree/repo/config") != nil, "through the link to /sysroot")
        var table = MountTable(root: "gpt:1")
        deployment.add(to: &table, volume: "gpt:1", above: "")
        #expect(table.guestPath("/boot/vmlinuz", on: "gpt:1") == "/boot/vmlinuz")
        #expect(table.guestPath(deployment.path.appending("usr/bin"), on: "gpt:1") == "/usr/bin")
    }

    private func flatcarUsr(_ version: String) -> MemoryFileSystem {
        var disk = MemoryFileSystem(kind: "btrfs")
        for path in ["bin/sh", "sbin/init", "share/x", "lib/systemd/systemd"] {
            disk.file("/\(path)", Self.elf)
        }
        disk.file("/lib/os-release", "ID=flatcar\nVERSION_ID=\(version)\nPRETTY_NAME=\"Flatcar\"\n")
        return disk
    }

    @Test func twoCopiesOfUsrAndAnEmptyRootAreOneSystem() throws {
        let root = MemoryFileSystem()
        let found = linux(
            scan([
                ("ext4", "USR-A", flatcarUsr("3815.2.5")), ("ext4", "USR-B", flatcarUsr("3602.2.3")),
                ("ext4", "OEM", MemoryFileSystem()), ("ext4", "ROOT", root),
            ]))
        let facts = try #require(found.first)
        #expect(found.count == 1)
        #expect(facts.identity.version == "3815.2.5")
        #expect(facts.identity.imageBased?.value == .flatcar)
        #expect(facts.initSystem.program.value?.value == .systemd)
        #expect(facts.initSystem.missingDirectories.isEmpty)
    }

    @Test func aRootThatWasStartedOnceIsOneSystemWithItsUsr() throws {
        var root = MemoryFileSystem()
        for name in ["bin", "sbin", "lib"] { root.link("/\(name)", "usr/\(name)") }
        root.link("/etc/os-release", "../usr/lib/os-release")
        root.file("/etc/passwd", "root:x:0:0::/root:/bin/bash\n")
        root.directory("/var")
        root.directory("/usr")
        let found = linux(scan([("ext4", "USR-A", flatcarUsr("3815.2.5")), ("ext4", "ROOT", root)]))
        #expect(found.count == 1)
        #expect(found.first?.identity.version == "3815.2.5")
        #expect(found.first?.initSystem.program.value?.value != .missing)
    }

    @Test func twoSlotsOfOneSystemAreOne() {
        var first = MemoryFileSystem()
        first.system(machine: String(repeating: "a", count: 32))
        var second = MemoryFileSystem()
        second.system(machine: String(repeating: "b", count: 32))
        #expect(linux(scan([("ext4", "rootfs-a", first), ("ext4", "rootfs-b", second)])).count == 1)
        #expect(linux(scan([("ext4", "debian", first), ("ext4", "ubuntu", second)])).count == 2)
    }

    @Test func nixOSBeforeItsFirstStart() throws {
        var disk = MemoryFileSystem()
        let system = "/nix/store/aaaa-nixos-system-host-24.05"
        disk.link("/nix/var/nix/profiles/system", "system-1-link")
        disk.link("/nix/var/nix/profiles/system-1-link", system)
        disk.file("/etc/NIXOS", "")
        disk.file("\(system)/init", "#!/bin/sh\n")
        disk.file("\(system)/systemd/lib/systemd/systemd", Self.elf)
        disk.file("\(system)/etc/os-release", "ID=nixos\nVERSION_ID=\"24.05\"\nPRETTY_NAME=\"NixOS 24.05\"\n")
        let facts = try #require(linux(scan([("ext4", "nixos", disk)])).first)
        #expect(facts.identity.distribution == "nixos")
        #expect(facts.identity.imageBased?.value == .nixos)
        #expect(facts.initSystem.program.value?.value == .systemd)
        #expect(facts.initSystem.missingDirectories.isEmpty)
    }

    @Test func treesOfContainersAreNoSystems() {
        var disk = MemoryFileSystem()
        disk.system()
        disk.system(at: "/var/lib/docker/overlay2/abc/diff")
        disk.system(at: "/srv/chroot")
        var data = MemoryFileSystem()
        data.system(at: "/docker/overlay2/abc/diff")
        let found = linux(scan([("ext4", nil, disk), ("ext4", nil, data)]))
        #expect(found.count == 1)
    }
}
