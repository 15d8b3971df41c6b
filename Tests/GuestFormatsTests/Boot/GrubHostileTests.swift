import ByteReading
import Foundation
import GuestFormats
import Testing

private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}

private let script = """
    if [ -s $prefix/grubenv ]; then load_env -f $prefix/grubenv; fi
    set default="${saved_entry}"
    function f { for x in "$@" a*; do echo ${x} '$x' "\\"$x"; break 1; done; return 3; }
    while [ x$n != xxx ]; do n=x$n; f $n; done
    menuentry 'A' --class c --id a --users u $opt { linux /boot/vmlinuz-1 a="b c"; initrd /boot/initrd-1 }
    submenu 'B' { menuentry 'C' { search --set=root --label ROOT; linux /boot/vmlinuz-2 $1; } }
    blscfg
    source $prefix/custom.cfg; configfile /boot/grub/other.cfg
    """

private let limits: GrubLimits = {
    var limits = GrubLimits()
    limits.commands = 2000
    limits.lookups = 500
    limits.expandedBytes = 1 << 20
    return limits
}()

@Suite struct GrubHostileTests {
    private func evaluate(_ bytes: [UInt8], _ environment: [UInt8]) {
        var host = MemoryGrubHost(
            configuration: "",
            extra: [
                "/boot/grub/custom.cfg": "echo custom",
                "/loader/entries/a.conf": "linux /boot/vmlinuz-3\noptions $x",
            ])
        host.volumes["hd0,msdos1"]?.files["/boot/grub/grub.cfg"] = bytes
        host.volumes["hd0,msdos1"]?.files["/boot/grub/grubenv"] = environment
        var start = GrubStart.bios
        start.limits = limits
        _ = GrubInterpreter(host: host, start: start).run()
    }

    @Test func configurationsCutAndChanged() {
        let bytes = Array(script.utf8)
        let environment = environmentBlock([("saved_entry", "a")])
        for length in 0...bytes.count { evaluate(Array(bytes.prefix(length)), environment) }
        var generator = Generator(state: 7)
        let symbols = Array("{}'\"\\$;|&#\n \t()[]<>=\0\u{7F}".utf8) + [0xFF, 0xC3]
        for index in bytes.indices {
            for _ in 0..<2 {
                var changed = bytes
                changed[index] = symbols.randomElement(using: &generator) ?? 0
                changed.remove(at: Int.random(in: 0..<changed.count, using: &generator))
                evaluate(changed, environment)
            }
        }
    }

    @Test func environmentBlocksCutAndChanged() throws {
        let block = environmentBlock([("a", "b\\\\c"), ("next_entry", "1>2")], size: 128)
        for length in 0..<block.count {
            if let parsed = try? GrubEnvironmentBlock(parsing: Bytes(Array(block.prefix(length)))) {
                #expect(parsed.size == length)
            }
        }
        for index in block.indices {
            for value: UInt8 in [0, 10, 35, 61, 92, 255] {
                var changed = block
                changed[index] = value
                _ = try? GrubEnvironmentBlock(parsing: Bytes(changed))
            }
        }
        let whole = try GrubEnvironmentBlock(parsing: Bytes(block))
        #expect(whole["a"] == "b\\c")
        #expect(whole["next_entry"] == "1>2")
        #expect(whole.isCut == false)
        #expect(throws: ImageFault.self) { try GrubEnvironmentBlock(parsing: Bytes(Array("x".utf8))) }
    }

    @Test func deepAndLongScriptsEnd() {
        let environment = environmentBlock([])
        for text in [
            String(repeating: "if true; then ", count: 50_000),
            String(repeating: "menuentry a {", count: 50_000),
            String(repeating: "{", count: 100_000), String(repeating: "'", count: 99_999),
            String(repeating: "\"a\n", count: 50_000), String(repeating: "( ", count: 50_000),
            "if [ " + String(repeating: "( ", count: 50_000) + "x ]; then true; fi",
            "function f { f; }\nf\n", String(repeating: "menuentry a { true; }\n", count: 20_000),
            "if true; then true; " + String(repeating: "elif true; then true; ", count: 20_000) + "fi\n",
            "submenu a { submenu b { submenu c { submenu d { submenu e { true; } } } } }\nset timeout=0\n",
        ] {
            evaluate(Array(text.utf8), environment)
        }
    }

    private static let samples = ProcessInfo.processInfo.environment["IMAGECHECK_SAMPLES"]

    /// Files of other projects: everything is read, the result compared with `grub-script-check` where it is there.
    @Test(.enabled(if: samples != nil)) func samplesOfOthers() throws {
        let root = try #require(Self.samples) + "/config"
        let files = (FileManager.default.enumerator(atPath: root)?.allObjects as? [String] ?? []).filter {
            $0.hasSuffix("grub.cfg") || $0.contains("grubby/grub2.") || $0.hasSuffix("loopback.cfg")
        }
        #expect(files.count > 10)
        for file in files {
            let path = "\(root)/\(file)"
            guard let data = FileManager.default.contents(atPath: path) else { continue }
            let host = MemoryGrubHost(configuration: String(decoding: data, as: UTF8.self))
            let result = GrubInterpreter(host: host, start: .bios).run()
            let hasErrors = result.notes.contains { $0.kind == .syntaxError }
            let check = Process()
            check.executableURL = URL(fileURLWithPath: "/usr/bin/grub-script-check")
            check.arguments = [path]
            check.standardError = FileHandle(forWritingAtPath: "/dev/null")
            guard (try? check.run()) != nil else { continue }
            check.waitUntilExit()
            #expect(hasErrors == (check.terminationStatus != 0), "\(file) \(result.notes)")
        }
    }
}
