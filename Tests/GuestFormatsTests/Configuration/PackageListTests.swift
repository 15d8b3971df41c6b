import ByteReading
import Foundation
import TestSupport
import Testing

@testable import GuestFormats

@Suite struct PackageListTests {
    @Test func apkStanzas() throws {
        let database = try ApkDatabase(
            configBytes(
                """
                C:Q1abc=
                P:openssh-server
                V:9.9_p2-r0
                A:x86_64
                T:P:no
                F:usr/sbin
                R:sshd

                P:musl
                V:1.2.5-r9

                P:half
                V:1
                f:fs
                """))
        #expect(database.packages.map(\.name) == ["openssh-server", "musl", "half"])
        #expect(database.packages.map(\.version) == ["9.9_p2-r0", "1.2.5-r9", "1"])
        #expect(database.broken.map(\.package.name) == ["half"])
        #expect(database.broken.first?.line == 12)
    }

    @Test(arguments: [
        ("openssh-9.9p1-2", "openssh", "9.9p1-2"), ("lib32-glibc-2.40+r16-1", "lib32-glibc", "2.40+r16-1"),
        ("linux-6.12.1.arch1-1", "linux", "6.12.1.arch1-1"),
        ("xf86-video-vesa-2:1.0-3.1", "xf86-video-vesa", "2:1.0-3.1"),
    ]) func pacmanNames(entry: String, name: String, version: String) {
        #expect(PackageDirectory.pacman(entry) == InstalledPackage(name: name, version: version))
    }

    @Test func notEveryEntryIsAPackage() {
        for name in ["ALPM_DB_VERSION", "", "-", "a-b", "a-b-c", "--1"] {
            #expect(PackageDirectory.pacman(name)?.name.isEmpty ?? true, "\(name)")
        }
        for name in ["-MERGING-bash-5.2", "bash", "", "r1", "-r1"] {
            #expect(PackageDirectory.portage(name, category: "x") == nil, "\(name)")
        }
    }

    @Test(arguments: [
        ("openssh-9.9_p2-r1", "net-misc/openssh", "9.9_p2-r1"), ("bash-5.2", "net-misc/bash", "5.2"),
        ("gtk+-2.24.33-r1", "net-misc/gtk+", "2.24.33-r1"), ("font-a-1.0", "net-misc/font-a", "1.0"),
    ]) func portageNames(entry: String, name: String, version: String) {
        #expect(
            PackageDirectory.portage(entry, category: "net-misc")
                == InstalledPackage(name: name, version: version))
    }

    /// pacman's own list of a database that it made.
    @Test(.enabled(if: HostTool.has("pacman"))) func pacmanAgrees() async throws {
        let folder = try await ScratchFolder()
        let listed = try await HostTool.shell(
            #"""
            mkdir -p db root
            printf '[options]\nSigLevel = Never\nArchitecture = auto\n' > conf
            for package in "openssh 9.9p1-2" "lib32-glibc 2.40+r16-1" "a-b-c 1:2.0-3.1"; do
                set -- $package
                rm -rf work; mkdir work
                printf 'pkgname = %s\npkgver = %s\npkgdesc = x\narch = any\n' "$1" "$2" > work/.PKGINFO
                (cd work && tar -czf "../$1.pkg.tar.gz" .PKGINFO)
            done
            run="pacman --config conf --root $PWD/root --dbpath $PWD/db --logfile $PWD/log --cachedir $PWD"
            $run --noconfirm --noscriptlet -U *.pkg.tar.gz > out 2>&1 || { cat out >&2; exit 1; }
            $run -Q
            """#, in: folder.path)
        let names = FixtureTool.list(folder.place("db/local"))
        let read = names.compactMap(PackageDirectory.pacman).map { "\($0.name) \($0.version)" }
        #expect(read.sorted() == listed.split(separator: "\n").map(String.init).sorted())
        #expect(read.count == 3)
    }

    @Test func runlevelLinks() {
        #expect(RunlevelLink("S55sshd")?.script == "sshd")
        #expect(RunlevelLink("K01network")?.starts == false)
        #expect(RunlevelLink("S02")?.script == nil)
        #expect(RunlevelLink("README") == nil)
        #expect(RunlevelLink("Sxxa") == nil)
    }

    @Test func scriptHeaders() throws {
        let lsb = try InitScript(
            configBytes(
                "#!/bin/sh\n# chkconfig: - 1 2\n### BEGIN INIT INFO\n# Provides: sshd ssh\n# Default-Start: 2 3 4 5\n### END INIT INFO\n"
            ),
            name: "x")
        #expect(lsb.levels?.levels == "2345")
        #expect(lsb.levels?.source.line == 5)
        #expect(lsb.provides == ["sshd", "ssh"])
        #expect(try InitScript(configBytes("# chkconfig: - 85 15\n"), name: "x").levels?.levels == "")
    }

    @Test func upstartExpressions() throws {
        let text = "start on ((a B=1 and\n   b C!=x) # why\n  or c [23])\n"
        let condition = try UpstartJob(configBytes(text), name: "x", path: "x").startOn
        #expect(condition?.matches.map(\.name) == ["a", "b", "c"])
        #expect(UpstartCondition("a and") == nil)
        #expect(UpstartCondition("(a or b") == nil)
        #expect(UpstartCondition(String(repeating: "(", count: 5000)) == nil)
        #expect(UpstartCondition(Array(repeating: "a", count: 5000).joined(separator: " or ")) == nil)
    }
}
