import FoundationEssentials
import TestSupport
import Testing

/// `inspect --hive`: keys of a registry hive on the host and in an image.
@Suite(.enabled(if: HostTool.has("python3")))
struct RegistryCommandTests {
    /// A folder with hives of the recipe.
    private static func make(_ names: String...) async throws -> ScratchFolder {
        let folder = try await ScratchFolder()
        let recipe = Snapshot.repository + "testimages/recipes/make-hive-features.py"
        try await HostTool.shell("/usr/bin/python3 \(recipe) \(folder.path) \(names.joined(separator: " "))")
        return folder
    }

    @Test func keyLikeRegQuery() async throws {
        let folder = try await Self.make("plain", "types", "classes")
        let root = try await Tool.imagecheck.run("inspect", "--hive", folder.place("plain"))
        #expect(root.code == 0 && root.complaint == "")
        #expect(
            root.output == """
                \\
                    (Default)    REG_SZ    default
                    Text    REG_SZ    hello

                ControlSet001
                Select

                """)
        let key = try await Tool.imagecheck.run(
            "inspect", "--hive", folder.place("plain"), "\\controlset001\\services\\VIOSTOR")
        #expect(
            key.output == """
                ControlSet001\\Services\\viostor
                    Start    REG_DWORD    0x1
                    ImagePath    REG_EXPAND_SZ    system32\\drivers\\viostor.sys


                """)
        let types = try await Tool.imagecheck.run("inspect", "--hive", folder.place("types"), "Types")
        for line in [
            "    multi    REG_MULTI_SZ    one\\0two\n", "    binary 3    REG_BINARY    010203\n",
            "    qword    REG_QWORD    0x807060504030201\n",
            "    dword be    REG_DWORD_BIG_ENDIAN    0x12345678\n",
            "    device property    0xffff0012    78000000\n", "    binary 0    REG_BINARY    \n",
        ] { #expect(types.output.contains(line), "\(line)") }
    }

    @Test func recursiveAndJSON() async throws {
        let folder = try await Self.make("plain", "classes")
        let all = try await Tool.imagecheck.run(
            "inspect", "--hive", folder.place("plain"), "--recursive", "ControlSet001")
        let keys = all.output.split(separator: "\n").filter { !$0.hasPrefix(" ") }
        #expect(
            keys == [
                "ControlSet001", "ControlSet001\\Control", "ControlSet001\\Services",
                "ControlSet001\\Services\\atapi", "ControlSet001\\Services\\Disk",
                "ControlSet001\\Services\\NetKVM", "ControlSet001\\Services\\vioscsi",
                "ControlSet001\\Services\\viostor",
            ])
        let json = try await Tool.imagecheck.run(
            "inspect", "--hive", folder.place("plain"), "--format", "json", "--recursive")
        let value = try JSONValue(parsing: Array(json.output.utf8))
        #expect(value["state"] == .string("clean"))
        #expect(value["keys"]?[0]?["path"] == .string(""))
        #expect(value["keys"]?[0]?["values"]?[1]?["text"] == .string("hello"))
        #expect(value["keys"]?[0]?["subkeys"]?[1] == .string("Select"))
        let select = try await Tool.imagecheck.run(
            "inspect", "--hive", folder.place("plain"), "Select", "--format", "json", "-o",
            folder.place("out.json"))
        #expect(select.code == 0 && select.output == "")
        let one = try JSONValue(parsing: FixtureTool.contents(folder.place("out.json")))
        #expect(one["keys"]?[0]?["values"]?[0]?["type"] == .string("REG_DWORD"))
        #expect(one["keys"]?[0]?["values"]?[0]?["bytes"] == .string("01000000"))
        let classes = try await Tool.imagecheck.run(
            "inspect", "--hive", folder.place("classes"), "A", "--format", "json")
        let shell = try JSONValue(parsing: Array(classes.output.utf8))
        #expect(shell["keys"]?[0]?["className"] == .string("Shell"))
    }

    @Test func guestTextIsEscaped() async throws {
        let folder = try await Self.make("names")
        let answer = try await Tool.imagecheck.run("inspect", "--hive", folder.place("names"), "--recursive")
        #expect(answer.output.contains("with % and\\ttab\n"))
        #expect(answer.output.contains("漢字\n"))
        #expect(!answer.output.contains("\t"))
    }

    @Test func logsAreReplayedAndSaidSo() async throws {
        let folder = try await Self.make(
            "dirty-new-logs", "dirty-no-log", "dirty-old-log-cut", "header-torn-old-log")
        let replayed = try await Tool.imagecheck.run(
            "inspect", "--hive", folder.place("dirty-new-logs"), "Select")
        #expect(replayed.code == 0)
        #expect(replayed.output.contains("Current    REG_DWORD    0x3\n"))
        #expect(replayed.complaint.contains("3 entries of .LOG1 and .LOG2 replayed in memory"))
        let dirty = try await Tool.imagecheck.run("inspect", "--hive", folder.place("dirty-no-log"), "Select")
        #expect(dirty.code == 0 && dirty.output.contains("Current"))
        #expect(dirty.complaint.contains("there is no log; shown as the file has it"))
        let cut = try await Tool.imagecheck.run(
            "inspect", "--hive", folder.place("dirty-old-log-cut"), "Select")
        #expect(cut.complaint.contains("the log is damaged"))
        let torn = try await Tool.imagecheck.run(
            "inspect", "--hive", folder.place("header-torn-old-log"), "Select", "--format", "json")
        #expect(torn.complaint.contains("header restored"))
        #expect(try JSONValue(parsing: Array(torn.output.utf8))["state"] == .string("replayed"))
    }

    @Test func failuresSayWhatToDo() async throws {
        let folder = try await Self.make("plain")
        let hive = folder.place("plain")
        let absent = try await Tool.imagecheck.run(
            "inspect", "--hive", hive, "ControlSet001\\services\\Nothing\\Deep")
        #expect(absent.code == 2 && absent.output == "")
        #expect(absent.complaint.contains("no key “Nothing” under “ControlSet001\\Services”"))
        #expect(absent.complaint.contains("imagecheck inspect --hive \(hive) 'ControlSet001\\Services'"))
        let current = try await Tool.imagecheck.run("inspect", "--hive", hive, "CurrentControlSet\\Control")
        #expect(current.complaint.contains("Select\\Current"))
        let local = try await Tool.imagecheck.run("inspect", "--hive", hive, "HKLM\\SYSTEM")
        #expect(local.complaint.contains("below the root"))
        let file = try await Tool.imagecheck.run("inspect", "--hive", folder.place("none"))
        #expect(file.code == 2 && file.complaint.contains("no such file"))
        let noHive = try await Tool.imagecheck.run("inspect", "--hive", folder.place("plain.tsv"))
        #expect(noHive.code == 2 && noHive.complaint.contains("It is no registry hive"))
        let usage = try await Tool.imagecheck.run("inspect", "--recursive", "x")
        #expect(usage.code == 64)
        let nothing = try await Tool.imagecheck.run("inspect")
        #expect(nothing.code == 64 && nothing.complaint.contains("<image>"))
    }

    @Test func damageIsToldAndTheRestShown() async throws {
        let folder = try await Self.make("plain")
        var bytes = try FixtureTool.contents(folder.place("plain"))
        let name = Array("Services".utf8)
        let place = try #require((0..<bytes.count - 8).first { Array(bytes[$0..<$0 + 8]) == name })
        bytes[place - 76] = 0
        try Data(bytes).write(to: URL(filePath: folder.place("broken")))
        let answer = try await Tool.imagecheck.run("inspect", "--hive", folder.place("broken"), "--recursive")
        #expect(answer.code == 2)
        #expect(answer.output.contains("BootDriverFlags"))
        #expect(answer.complaint.contains("left out: ControlSet001 @ 0x"))
    }

    @Test(.enabled(if: HostTool.has("mkfs.fat", "mcopy", "mmd")))
    func hiveInAnImage() async throws {
        let folder = try await Self.make("dirty-new-logs-rotated")
        try await HostTool.shell(
            """
            truncate -s 8M image.raw; mkfs.fat image.raw >/dev/null; mmd -i image.raw ::/Boot
            mcopy -i image.raw dirty-new-logs-rotated ::/Boot/BCD
            mcopy -i image.raw dirty-new-logs-rotated.LOG1 ::/Boot/bcd.log1
            mcopy -i image.raw dirty-new-logs-rotated.LOG2 ::/Boot/BCD.LOG2
            """, in: folder.path)
        let image = folder.place("image.raw")
        let answer = try await Tool.imagecheck.run("inspect", "--hive", image + ":/boot/bcd", "select")
        #expect(answer.code == 0)
        #expect(answer.output.contains("Current    REG_DWORD    0x3\n"))
        #expect(answer.complaint.contains("3 entries of .LOG2 and .LOG1 replayed in memory"))
        let absent = try await Tool.imagecheck.run("inspect", "--hive", image + ":/Boot/SYSTEM")
        #expect(absent.code == 2 && absent.complaint.contains("no such file in the guest"))
        #expect(absent.complaint.contains("imagecheck ls"))
    }
}
