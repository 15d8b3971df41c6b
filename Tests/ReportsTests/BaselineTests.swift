import Checks
import GuestFacts
import LaunchChain
import Reports
import TestSupport
import Testing

struct BaselineTests {
    private func results(_ report: ScanReport, directory: String? = nil) -> ScanResults {
        ScanResults([report], time: Samples.now, directory: directory)
    }

    private func bytes(_ report: ScanReport) throws -> [UInt8] {
        try ReportFormat.baseline.bytes(of: results(report), style: TextStyle(), isOne: true)
    }

    @Test(arguments: Samples.formats.keys.sorted())
    func fitsTheSchemaAndIsRead(_ name: String) throws {
        let report = try #require(Samples.formats[name])
        let bytes = try bytes(report)
        let schema = JSONSchema(try JSONValue(parsing: Snapshot.file("schema/baseline-1.schema.json")))
        #expect(try schema.violations(of: JSONValue(parsing: bytes)) == [])
        let read = try BaselineFile.read(bytes, path: "x/known.json")
        #expect(read.name == "known.json" && read.findings == Baseline(results(report)).findings)
        #expect(try BaselineFile.bytes(of: read) == bytes)
    }

    @Test func golden() throws {
        let text = String(decoding: try bytes(Samples.matrix), as: UTF8.self)
        #expect(try Snapshot.difference(text, from: "Reports/matrix.baseline.json") == nil)
    }

    /// The same when the image is built anew: lines, ids, versions, sizes and dates are no part of it.
    @Test func outlivesARebuild() throws {
        var before = Samples.partly
        before.guests[0].checks.append(Samples.fstab)
        var after = before
        after.image.path = "/elsewhere/web01.qcow2"
        let last = after.guests[0].checks.count - 1
        after.guests[0].checks[last].evidence = [
            Evidence(
                path: "/etc/fstab", line: 42,
                excerpt: "UUID=5d9a9fc9-1d1e-4a2f-9d0b-e4a7a0e6c4d2   /data xfs defaults 0 2")
        ]
        after.guests[0].checks[last].message = "said in other words"
        after.guests[0].checks[3].evidence = [
            Evidence(path: "/boot/grub/grub.cfg", line: 9, excerpt: "initrd /boot/initrd.img-6.12.3-1-amd64")
        ]
        func findings(_ report: ScanReport) -> [Baseline.Finding] { Baseline(results(report)).findings }
        // The kind of the file system went with its digit; the words stay.
        #expect(findings(before).last { $0.id == "GUESTOS.Fstab" }?.detail == "UUID=# /data # defaults # #")
        after.guests[0].checks[last].evidence?[0].excerpt =
            "UUID=5d9a9fc9-1d1e-4a2f-9d0b-e4a7a0e6c4d2   /data ext3 defaults 0 2"
        #expect(findings(after) == findings(before))
        after.guests[0].checks[last].evidence?[0].excerpt = "UUID=1 /srv ext4 defaults 0 2"
        #expect(findings(after) != findings(before))
    }

    @Test(arguments: [
        ("/boot/initrd.img-6.1.0-50-amd64", "/boot/initrd.img-#"), ("/etc/fstab", "/etc/fstab"),
        ("/boot/loader/entries/4b6a1d0c2f8e4d6f9a3b5c7d9e1f2a3b-6.12.9.conf", "/boot/loader/entries/#"),
        ("/lib/modules/5.14.0-427.el9.x86_64/kernel/nvme.ko", "/lib/modules/#/kernel/nvme.ko"),
        ("/boot/grub2.12/x", "/boot/grub#/x"), ("/dev/sda1", "/dev/sda1"), ("mbr:1 › ext4", "mbr:1 › ext4"),
        ("/etc/rc3.d/S01ssh", "/etc/rc3.d/S01ssh"),
        ("/var/log/2026", "/var/log/2026"), ("/srv/20261126", "/srv/#"), ("/decade/facade", "/decade/facade"),
        ("HKLM\\SYSTEM\\ControlSet001", "HKLM\\SYSTEM\\ControlSet001"),
    ])
    func places(_ place: String, _ steady: String) {
        var item = Samples.fstab
        item.evidence = [Evidence(path: place)]
        #expect(Baseline.Finding(item, image: "a", root: nil).place == steady)
    }

    /// An exception has an end: what it accepts does not slip into the baseline, which has none.
    @Test func whatAnExceptionAcceptsIsNotTakenUp() {
        let codes = Baseline(results(Samples.accepted)).findings.map(\.code)
        #expect(codes.sorted() == ["CloudAssistant.NotInstalled", "Nvme.NotInInitramfs"])
    }

    @Test func namesOfImages() {
        var report = Samples.broken
        report.image.path = "/images/web/a.raw"
        #expect(Baseline(results(report)).findings[0].image == "a.raw")
        #expect(Baseline(results(report, directory: "/images")).findings[0].image == "web/a.raw")
        #expect(Baseline(results(report, directory: "/images/")).findings[0].image == "web/a.raw")
    }

    @Test func whatIsThereTwiceIsCounted() {
        var report = Samples.broken
        report.guests[0].checks.append(Samples.fstab)
        let findings = Baseline(results(report)).findings
        #expect(findings.count == 1 && findings[0].count == 2)
    }

    @Test(
        arguments: [
            ("", "it is not JSON"), ("{", "it is not JSON"), ("[]", "it is no JSON object"),
            ("{}", "findings is missing"),
            ("{\"kind\":\"other\",\"version\":1,\"findings\":[]}", "its kind is not imagecheck-baseline"),
            ("{\"kind\":\"imagecheck-baseline\",\"version\":2,\"findings\":[]}", "it is of version 2"),
            (
                "{\"kind\":\"imagecheck-baseline\",\"version\":1,\"findings\":[{\"image\":\"a\",\"id\":\"b\"}]}",
                "findings[0].code is missing"
            ),
            (
                "{\"kind\":\"imagecheck-baseline\",\"version\":1,\"findings\":[{\"image\":1,\"id\":\"b\",\"code\":\"c\"}]}",
                "findings[0].image is of another kind"
            ),
            (
                "{\"kind\":\"imagecheck-baseline\",\"version\":1,\"findings\":[{\"image\":\"\",\"id\":\"b\",\"code\":\"c\"}]}",
                "findings[0].image is empty"
            ),
            (
                "{\"kind\":\"imagecheck-baseline\",\"version\":1,\"findings\":[{\"image\":\"a\",\"id\":\"b\",\"code\":\"c\",\"count\":0}]}",
                "findings[0].count is not above 0"
            ),
        ] as [(String, String)])
    func whatIsNoBaseline(_ text: String, _ words: String) throws {
        let failure = try #require(throws: BaselineFile.Failure.self) {
            try BaselineFile.read(Array(text.utf8), path: "x/known.json")
        }
        #expect(failure.description.contains("x/known.json is no baseline"))
        // Which key is missing first is the decoder's to choose.
        #expect(
            failure.description.contains(words) || text == "{}" && failure.description.contains("is missing"))
    }

    /// Cut short anywhere and with any byte changed, it is a baseline or a sentence.
    @Test func aDamagedBaselineIsAnAnswer() throws {
        let bytes = try bytes(Samples.matrix)
        var refusals = 0
        func feed(_ bytes: [UInt8]) {
            do throws(BaselineFile.Failure) {
                _ = try BaselineFile.read(bytes, path: "known.json")
            } catch {
                refusals += 1
                #expect(!error.description.isEmpty)
            }
        }
        for end in stride(from: 0, to: bytes.count, by: 7) { feed(Array(bytes[..<end])) }
        for index in stride(from: 0, to: bytes.count, by: 5) {
            for value in [bytes[index] ^ 0x80, 0x22, 0x2D] {
                var changed = bytes
                changed[index] = value
                feed(changed)
            }
        }
        #expect(refusals > 100)
    }
}
