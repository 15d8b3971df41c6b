import ByteReading
import GuestFormats

/// What an init starts, and what the databases of packages list.
extension FuzzEntries {
    static let inits: [FuzzEntry] = [
        FuzzEntry(
            "init-script",
            seed:
                "#!/bin/sh\n# chkconfig: 2345 55 25\n### BEGIN INIT INFO\n# Default-Start: 2 3\n# Provides: a\n"
        ) {
            _ = try InitScript($0, name: "x").levels
            _ = RunlevelLink($0.textToNUL)
        },
        FuzzEntry(
            "upstart",
            seed:
                "start on (startup and\n started x) or runlevel [!06]\nstop on started y\ntask\nexec telinit 2\n"
        ) {
            let job = try UpstartJob($0, name: "x", path: "x")
            _ = UpstartBoot(jobs: [job, job], runlevel: "2", events: [UpstartEvent("filesystem")]).starts
        },
        FuzzEntry("openrc", seed: "depend() {\n need net $a\n want b # c\n provide d\n}\n") {
            _ = try OpenRCScript($0, name: "x").needs
        },
    ]

    static let packages: [FuzzEntry] = [
        FuzzEntry("apk", seed: "P:musl\nV:1.2-r3\nA:x86_64\nf:fs\nF:lib\nR:a\n\nP:b\nV:1\n") {
            _ = try ApkDatabase($0).broken.count
            _ = PackageDirectory.pacman($0.textToNUL)
            _ = PackageDirectory.portage($0.textToNUL, category: "x")
        },
        FuzzEntry("rpm-header", seed: rpmHeader) { data in
            _ = try InstalledPackage(rpmHeader: { (count) throws(ImageFault) in data.prefix(count) })
        },
        FuzzEntry("rpm-bdb", seed: berkeley) {
            _ = try RPMDatabase.packages(in: ContentSource($0), backend: .berkeley)
        },
        FuzzEntry("rpm-ndb", seed: ndb) {
            _ = try RPMDatabase.packages(in: ContentSource($0), backend: .ndb)
        },
        FuzzEntry("rpm-sqlite", seed: sqlite) { data in
            let log = ContentSource(data.dropFirst(1024))
            _ = try RPMDatabase.packages(in: ContentSource(data), backend: .sqlite, log: log)
        },
    ]

    private static func big(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func little(_ value: UInt32) -> [UInt8] { big(value).reversed() }

    /// A header of three strings.
    private static let rpmHeader: [UInt8] = {
        let data = Array("bash\u{0}5.1\u{0}9.el9\u{0}".utf8)
        var header = big(3) + big(UInt32(data.count))
        for (tag, offset) in [(1000, 0), (1001, 5), (1002, 9)] as [(UInt32, UInt32)] {
            header += big(tag) + big(6) + big(offset) + big(1)
        }
        return header + data
    }()

    private static func padded(_ bytes: [UInt8], to size: Int) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: max(0, size - bytes.count))
    }

    /// One bucket with a value on pages of its own.
    private static let berkeley: [UInt8] = {
        var meta = [UInt8](repeating: 0, count: 12) + little(0x061561) + little(9) + little(512)
        meta = padded(meta, to: 96) + little(1)
        let item: [UInt8] = [3, 0, 0, 0] + little(2) + little(UInt32(rpmHeader.count))
        var bucket = padded([], to: 20) + [2, 0, 0xEF, 1, 0, 13, 0xFB, 1, 0xEF, 1]
        bucket = padded(bucket, to: 0x1EF) + item + [1, 1, 0, 0, 0]
        let length = UInt8(rpmHeader.count)
        let overflow = padded([], to: 20) + [1, 0, length, 0, 0, 7] + rpmHeader
        return padded(meta, to: 512) + padded(bucket, to: 512) + padded(overflow, to: 512)
    }()

    /// A page of slots and one header.
    private static let ndb: [UInt8] = {
        var page = Array("RpmP".utf8) + little(0) + little(1) + little(1) + little(2)
        page = padded(page, to: 32) + Array("Slot".utf8) + little(1) + little(256) + little(8)
        while page.count < 4096 { page += Array("Slot".utf8) + [UInt8](repeating: 0, count: 12) }
        let head = Array("BlbS".utf8) + little(1) + little(7) + little(UInt32(rpmHeader.count))
        return page + padded(head + rpmHeader, to: 128)
    }()

    /// The schema and one row.
    private static let sqlite: [UInt8] = {
        func leaf(_ row: [UInt8], after head: [UInt8]) -> [UInt8] {
            let start = 512 - row.count
            let place = [UInt8(start >> 8), UInt8(start & 0xFF)]
            return padded(head + [13, 0, 0, 0, 1] + place + [0] + place, to: start) + row
        }
        let names = Array("tablePackagesPackages".utf8)
        let schema = [UInt8(6 + names.count + 1), 1, 6, 23, 29, 29, 1, 12] + names + [2]
        let head = padded(Array("SQLite format 3\u{0}".utf8) + [2, 0, 1, 1, 0], to: 100)
        let length = UInt8(rpmHeader.count)
        let type = UInt16(12 + 2 * Int(length))
        let types = [UInt8(0x80 | UInt8(type >> 7)), UInt8(type & 0x7F)]
        let record: [UInt8] = [4, 0] + types + rpmHeader
        return leaf(schema, after: head) + leaf([UInt8(record.count), 1] + record, after: [])
    }()
}
