import ImageCheck
import Testing

@testable import imagecheck

struct GuestPathTests {
    @Test(arguments: [
        ("web.qcow2:/etc/fstab", "web.qcow2", "/etc/fstab"), ("a:b.raw:/", "a:b.raw", "/"),
        ("dir:/web.raw:/etc/x", "dir:/web.raw", "/etc/x"), ("web.raw:/a:b", "web.raw", "/a:b"),
    ])
    func locations(_ text: String, _ image: String, _ path: String) throws {
        let location = try #require(GuestLocation(argument: text))
        #expect(location.image == image && location.path == path)
    }

    @Test(arguments: ["web.raw", "web.raw:", "web.raw:etc", ":/etc", "", ":/"])
    func noLocations(_ text: String) { #expect(GuestLocation(argument: text) == nil) }

    @Test(
        arguments: [
            (0o755, "rwxr-xr-x"), (0o4755, "rwsr-xr-x"), (0o1777, "rwxrwxrwt"), (0o2640, "rw-r-S---"),
            (0, "---------"),
            (0o1000, "--------T"), (0o7777, "rwsrwsrwt"),
        ] as [(UInt16, String)])
    func modes(_ bits: UInt16, _ text: String) { #expect(ListText.mode(bits) == text) }

    @Test(
        arguments: [
            (0, "1970-01-01 00:00"), (951_782_400, "2000-02-29 00:00"), (1_795_392_060, "2026-11-23 00:01"),
            (-1, "1969-12-31 23:59"), (4_107_542_400, "2100-03-01 00:00"), (.max, "????-??-?? ??:??"),
            (.min, "????-??-?? ??:??"),
        ] as [(Int64, String)])
    func dates(_ seconds: Int64, _ text: String) { #expect(ListText.date(seconds) == text) }

    @Test func listing() {
        let entries = [
            GuestEntry(name: Array("etc".utf8), type: "d", permissions: 0o755, size: 4096, linkCount: 80),
            GuestEntry(
                name: Array("evil\u{1b}[2J\n".utf8), type: "l", permissions: 0o777, owner: 1000, size: 7,
                linkTarget: [0xFF]),
        ]
        let shown = String(decoding: ListText.bytes(entries, isEscaped: true, unicode: true), as: UTF8.self)
        #expect(
            shown == """
                drwxr-xr-x 80    0 0 4096 1970-01-01 00:00 etc
                lrwxrwxrwx  1 1000 0    7 1970-01-01 00:00 evil\\u{1b}[2J\\n -> \\xff

                """)
        let raw = ListText.bytes(entries, isEscaped: false, unicode: true)
        #expect(raw.contains(0x1B) && raw.contains(0xFF))
    }
}
