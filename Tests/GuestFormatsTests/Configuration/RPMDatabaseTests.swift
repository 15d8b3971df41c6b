import ByteReading
import Foundation
import TestSupport
import Testing

@testable import GuestFormats

/// Databases made by rpm itself, and the same headers in the forms rpm of today cannot write any more, held
/// against what `rpm -qa` lists.
@Suite struct RPMDatabaseTests {
    static let hasTools =
        HostTool.has("rpm", "rpmbuild") && HostTool.has("python3")
        && ((try? FixtureTool.run("python3", ["-c", "import sqlite3"])) ?? nil) != nil
    static let hasBerkeley =
        hasTools && ((try? FixtureTool.run("python3", ["-c", "import bsddb3"])) ?? nil) != nil

    /// One build makes every package: long file lists, a long description before the architecture, an epoch, and
    /// two versions of one name through a second build.
    private static let fixture = #"""
        spec() {
            echo "Name: $1"; echo "Version: $2"; echo 'Release: 1.el9'; echo 'License: x'; echo 'Summary: x'
            echo 'BuildArch: noarch'; echo '%description'; echo x
            for name in $3; do
                echo "%package -n $name"; echo 'Summary: x'
                case $name in *shadow*) echo 'Epoch: 2';; esac
                echo "%description -n $name"
                case $name in *shadow*) seq 1 4000;; *) echo x;; esac
                echo "%files -n $name"
                case $name in bash) echo /opt/many;; esac
            done
            echo '%files'; echo '%install'
            echo 'mkdir -p %{buildroot}/opt/many; for i in $(seq 1 1500); do : > %{buildroot}/opt/many/a-file-with-a-long-name-$i; done'
        }
        spec systemd 252 "openssh-server cloud-init bash shadow-utils $(seq -f filler%g 1 40)" > first.spec
        spec systemd 253 "" | sed 's/^echo .*mkdir.*//' > second.spec
        sed -i 's/^mkdir.*//' second.spec
        for spec in first second; do
            rpmbuild -bb --quiet --nodeps --define "_topdir $PWD/build" --define "_rpmdir $PWD/out" $spec.spec > log 2>&1 || { cat log >&2; exit 1; }
        done
        mkdir sqlite
        rpm --dbpath $PWD/sqlite --initdb 2> log
        rpm --dbpath $PWD/sqlite --justdb --nodeps --force -i out/*/*.rpm 2> log
        rpm -qa --dbpath $PWD/sqlite --qf '%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH}\n' | sort > list
        """#

    private static let scratch = Task { () async throws -> ScratchFolder in
        let folder = try await ScratchFolder()
        try await HostTool.shell(fixture, in: folder.path)
        return folder
    }

    private func lines(_ packages: [InstalledPackage]) -> [String] {
        packages.map { "\($0.name) \($0.version) \($0.architecture ?? "")" }.sorted()
    }

    private func source(_ path: String) throws -> ContentSource {
        ContentSource(Bytes([UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))))
    }

    private func expected(_ folder: ScratchFolder) throws -> [String] {
        let text = try String(contentsOfFile: folder.place("list"), encoding: .utf8)
        let lines = text.split(separator: "\n").map(String.init).sorted()
        #expect(lines.count == 46)
        return lines
    }

    /// Writes the headers of the SQLite database in another form.
    private func python(_ script: String, in folder: ScratchFolder) async throws {
        let head = """
            import sqlite3, struct, sys, zlib
            blobs = [row[0] for row in sqlite3.connect('sqlite/rpmdb.sqlite').execute('select blob from Packages order by hnum')]

            """
        // Tests run side by side in one folder.
        let name = "make-\(UUID().uuidString).py"
        try Data((head + script).utf8).write(to: URL(fileURLWithPath: folder.place(name)))
        try await HostTool.shell("/usr/bin/python3 \(name)", in: folder.path)
    }

    @Test(.enabled(if: hasTools)) func sqliteAsRpmWritesIt() async throws {
        let folder = try await Self.scratch.value
        let file = try source(folder.place("sqlite/rpmdb.sqlite"))
        let packages = try RPMDatabase.packages(in: file, backend: .sqlite)
        #expect(lines(packages) == (try expected(folder)))
        #expect(packages.first { $0.name == "shadow-utils" }?.version == "2:252-1.el9")
        #expect(packages.filter { $0.name == "systemd" }.count == 2)
    }

    @Test(.enabled(if: hasTools), arguments: [512, 1024, 8192, 65536])
    func pagesOfEverySize(size: Int) async throws {
        let folder = try await Self.scratch.value
        try await python(
            """
            db = sqlite3.connect('pages-\(size)'); db.execute('pragma page_size=\(size)')
            db.execute('create table Other (a text)')
            db.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
            for blob in blobs: db.execute('insert into Packages(blob) values (?)', (blob,))
            db.commit(); db.close()

            """, in: folder)
        let packages = try RPMDatabase.packages(
            in: source(folder.place("pages-\(size)")), backend: .sqlite)
        #expect(lines(packages) == (try expected(folder)))
    }

    /// rpm works in WAL mode: a copy of a running system has its last transactions in the log only.
    @Test(.enabled(if: hasTools)) func theLogIsNewerThanTheFile() async throws {
        let folder = try await Self.scratch.value
        try await python(
            """
            import shutil
            db = sqlite3.connect('live'); db.execute('pragma journal_mode=wal'); db.execute('pragma wal_autocheckpoint=0')
            db.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
            for blob in blobs[:10]: db.execute('insert into Packages(blob) values (?)', (blob,))
            db.commit(); db.execute('pragma wal_checkpoint(truncate)')
            for blob in blobs[10:]: db.execute('insert into Packages(blob) values (?)', (blob,))
            db.commit()
            shutil.copy('live', 'copy'); shutil.copy('live-wal', 'copy-wal'); db.close()

            """, in: folder)
        let file = try source(folder.place("copy"))
        let log = try source(folder.place("copy-wal"))
        #expect(try RPMDatabase.packages(in: file, backend: .sqlite).count == 10)
        let packages = try RPMDatabase.packages(in: file, backend: .sqlite, log: log)
        #expect(lines(packages) == (try expected(folder)))
        // A log that was cut short counts up to its last whole transaction.
        let cut = ContentSource(try log.read(at: 0, count: Int(log.size) - 5000))
        #expect(try RPMDatabase.packages(in: file, backend: .sqlite, log: cut).count == 10)
    }

    @Test(.enabled(if: hasTools)) func rpmsOwnFormat() async throws {
        let folder = try await Self.scratch.value
        try await python(
            """
            slots = []; body = b''; start = 4096 // 16
            for number, blob in enumerate(blobs, 1):
                head = b'BlbS' + struct.pack('<III', number, 7, len(blob))
                length = 16 + len(blob) + 12
                padding = -length % 16
                data = head + blob + b'\\0' * padding
                data += struct.pack('<II', zlib.adler32(data), len(blob)) + b'BlbE'
                slots.append((number, start + len(body) // 16, len(data) // 16)); body += data
            page = b'RpmP' + struct.pack('<IIII', 0, 9, 1, len(blobs) + 1) + b'\\0' * 12
            for slot in slots: page += b'Slot' + struct.pack('<III', *slot)
            while len(page) < 4096: page += b'Slot' + b'\\0' * 12
            open('Packages.db', 'wb').write(page + body)

            """, in: folder)
        let packages = try RPMDatabase.packages(in: source(folder.place("Packages.db")), backend: .ndb)
        #expect(lines(packages) == (try expected(folder)))
    }

    @Test(.enabled(if: hasBerkeley), arguments: [1234, 4321], [512, 4096, 65536])
    func berkeleyDB(order: Int, pageSize: Int) async throws {
        let folder = try await Self.scratch.value
        let name = "bdb-\(order)-\(pageSize)"
        try await python(
            """
            from bsddb3 import db
            import os
            os.mkdir('\(name)')
            d = db.DB(); d.set_pagesize(\(pageSize)); d.set_lorder(\(order))
            d.open('\(name)/Packages', None, db.DB_HASH, db.DB_CREATE)
            pack = '<I' if \(order) == 1234 else '>I'
            d.put(struct.pack(pack, 0), struct.pack(pack, len(blobs)))
            for number, blob in enumerate(blobs, 1): d.put(struct.pack(pack, number), blob)
            d.close()

            """, in: folder)
        let packages = try RPMDatabase.packages(
            in: source(folder.place("\(name)/Packages")), backend: .berkeley)
        #expect(lines(packages) == (try expected(folder)))
        guard order == 1234 else { return }
        let listed = try await HostTool.shell(
            "rpm -qa --dbpath $PWD/\(name) --define '_db_backend bdb_ro' --qf '%{NAME}\\n' 2> /dev/null | sort",
            in: folder.path)
        #expect(listed.split(separator: "\n").map(String.init) == packages.map(\.name).sorted())
    }

    @Test("Trap 103: a damaged package database ends in a fault or a result", .enabled(if: hasBerkeley))
    func damage() async throws {
        let folder = try await Self.scratch.value
        try await python(
            """
            from bsddb3 import db
            d = db.DB(); d.set_pagesize(512); d.open('hostile.bdb', None, db.DB_HASH, db.DB_CREATE)
            for number, blob in enumerate(blobs[:6], 1): d.put(struct.pack('<I', number), blob[:3000])
            d.close()
            s = sqlite3.connect('hostile.sqlite'); s.execute('pragma page_size=512')
            s.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
            for blob in blobs[:6]: s.execute('insert into Packages(blob) values (?)', (blob[:3000],))
            s.commit(); s.close()

            """, in: folder)
        for (name, backend) in [
            ("hostile.bdb", RPMDatabase.Backend.berkeley), ("hostile.sqlite", .sqlite),
        ] {
            let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.place(name))))
            func attempt(_ bytes: [UInt8]) {
                do {
                    _ = try RPMDatabase.packages(in: ContentSource(Bytes(bytes)), backend: backend)
                } catch { #expect(error.message.isEmpty == false) }
            }
            for length in stride(from: 0, to: whole.count, by: 211) { attempt(Array(whole[..<length])) }
            let places =
                Array(0..<min(whole.count, 700)) + stride(from: 700, to: min(whole.count, 12 << 10), by: 13)
            for index in places {
                for value: UInt8 in [0x00, 0xFF, whole[index] ^ 0x10] {
                    var damaged = whole
                    damaged[index] = value
                    attempt(damaged)
                }
            }
        }
    }

    @Test func aLoopOfPagesEnds() {
        // A hash database whose one bucket follows itself, and a header that claims more tags than it has.
        var page = [UInt8](repeating: 0, count: 1024)
        func put(_ value: UInt32, _ offset: Int) {
            for index in 0..<4 {
                page[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(index)))
            }
        }
        put(0x061561, 12)
        put(9, 16)
        put(512, 20)
        put(1, 96)
        page[512 + 25] = 13
        put(1, 512 + 16)
        #expect(throws: ImageFault.self) {
            try RPMDatabase.packages(in: ContentSource(Bytes(page)), backend: .berkeley)
        }
        let header: [UInt8] = [0, 0, 0xFF, 0xFF, 0x0F, 0xFF, 0xFF, 0xFF]
        #expect(throws: ImageFault.self) {
            try InstalledPackage(rpmHeader: { (count) throws(ImageFault) in Bytes(header).prefix(count) })
        }
    }
}
