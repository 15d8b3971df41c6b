import ByteReading
import GuestFormats
import Testing

@testable import GuestInspection

/// The ways in which Windows writes a path, and where each leads.
struct WindowsPathsTests {
    private let paths = WindowsPaths(systemRoot: "/Windows", letters: ["D": "gpt:5"])

    @Test(arguments: [
        (#"system32\drivers\viostor.sys"#, "/Windows/system32/drivers/viostor.sys"),
        (#"\SystemRoot\System32\drivers\acpi.sys"#, "/Windows/System32/drivers/acpi.sys"),
        (#"\systemroot\System32\drivers\acpi.sys"#, "/Windows/System32/drivers/acpi.sys"),
        (#"%SystemRoot%\System32\svchost.exe"#, "/Windows/System32/svchost.exe"),
        (#"\??\C:\Program Files\X\x.sys"#, "/Program Files/X/x.sys"),
        (#"c:\Windows\notepad.exe"#, "/Windows/notepad.exe"),
        (#"%ProgramData%\aliyun\a.exe"#, "/ProgramData/aliyun/a.exe"),
        (#"\Windows\system32\winload.efi"#, "/Windows/system32/winload.efi"),
        (#"  System32\a.sys "#, "/Windows/System32/a.sys"),
        (
            #"\SystemRoot\System32\DriverStore\FileRepository\a.inf_amd64_1\a.sys"#,
            "/Windows/System32/DriverStore/FileRepository/a.inf_amd64_1/a.sys"
        ),
    ]) func leadsToTheSystemVolume(_ written: String, _ path: String) {
        #expect(paths.place(of: written) == .system(path))
    }

    @Test func otherDrives() {
        #expect(paths.place(of: #"D:\NTDS\ntds.dit"#) == .volume("gpt:5", "/NTDS/ntds.dit"))
        #expect(paths.place(of: #"E:\pagefile.sys"#) == .elsewhere(#"E:\pagefile.sys"#))
    }

    @Test(arguments: [
        (#""C:\Program Files\Agent\agent.exe" -service"#, #"C:\Program Files\Agent\agent.exe"#),
        (#"C:\Program Files\Agent\agent.exe -service"#, #"C:\Program Files\Agent\agent.exe"#),
        (#"%SystemRoot%\system32\svchost.exe -k netsvcs -p"#, #"%SystemRoot%\system32\svchost.exe"#),
        (#"C:\a.exe.old\b.exe"#, #"C:\a.exe.old\b.exe"#),
        (#"C:\tool run"#, #"C:\tool"#),
        ("", ""),
    ]) func programOfACommandLine(_ line: String, _ program: String) {
        #expect(WindowsPaths.program(of: line) == program)
    }

    @Test func mountedDevices() {
        let mbr = MountedDevice(parsing: Bytes([0x22, 0x20, 0xde, 0xc0, 0, 0, 0x50, 6, 0, 0, 0, 0]))
        #expect(mbr == .partition(signature: "c0de2022", offset: 101 << 20))
        let gpt = MountedDevice(
            parsing: Bytes(
                Array("DMIO:ID:".utf8)
                    + [0, 0, 0xde, 0xc0, 0x22, 0x20, 0, 0x40, 0x80, 0, 0, 0, 0, 0, 0, 0x0c]))
        #expect(gpt == .identifier("c0de0000-2022-4000-8000-00000000000c"))
        #expect(MountedDevice(parsing: Bytes([1, 2, 3])) == nil)
    }
}
