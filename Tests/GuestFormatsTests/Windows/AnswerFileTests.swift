import ByteReading
import Testing

@testable import GuestFormats

/// Answer files of setup and its state file: what is answered, however they are written, and what breaks them.
@Suite struct AnswerFileTests {
    private static func file(_ settings: String, pass: String = "oobeSystem") -> String {
        """
        <?xml version="1.0" encoding="utf-8"?>
        <!-- made by hand, <not> a tag -->
        <unattend xmlns="urn:schemas-microsoft-com:unattend">
          <settings pass="\(pass)">
            <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" language='neutral'
                xmlns:wcm="http://schemas.microsoft.com/WMIConfig/2002/State">
              \(settings)
            </component>
          </settings>
        </unattend>

        """
    }

    private static let answers = """
        <OOBE><HideEULAPage> true </HideEULAPage><SkipMachineOOBE>false</SkipMachineOOBE></OOBE>
        <UserAccounts>
          <AdministratorPassword><Value><![CDATA[a<b]]></Value><PlainText>true</PlainText></AdministratorPassword>
        </UserAccounts>
        """

    /// UTF-16 with its mark.
    private static func wide(_ text: String) -> Bytes {
        var bytes: [UInt8] = [0xFF, 0xFE]
        for unit in text.utf16 {
            bytes.append(UInt8(truncatingIfNeeded: unit))
            bytes.append(UInt8(truncatingIfNeeded: unit >> 8))
        }
        return Bytes(bytes)
    }

    private func parse(_ text: String) -> AnswerFile { AnswerFile(parsing: Bytes(Array(text.utf8))) }

    @Test func answersAreSeen() {
        let file = parse(Self.file(Self.answers))
        #expect(file.hasOOBEPass && file.hidesLicence && file.setsAdministratorPassword)
        #expect(!file.skipsMachineScreens && !file.createsAccounts && file.problem == nil)
    }

    @Test func onlyThePassOfTheScreensCounts() {
        let file = parse(Self.file(Self.answers, pass: "specialize"))
        #expect(!file.hasOOBEPass && !file.hidesLicence && !file.setsAdministratorPassword)
        #expect(file.problem == nil)
    }

    @Test func accountsAndSkippedScreens() {
        let file = parse(
            Self.file(
                """
                <OOBE><SkipMachineOOBE>TRUE</SkipMachineOOBE></OOBE>
                <UserAccounts><LocalAccounts><LocalAccount wcm:action="add"><Name>admin</Name></LocalAccount>
                </LocalAccounts></UserAccounts><AutoLogon/>
                """))
        #expect(file.skipsMachineScreens && file.createsAccounts && !file.hidesLicence)
    }

    /// The copy that setup keeps has no passwords any more.
    @Test func blottedOutPasswordIsNone() {
        let text = Self.answers.replacing("<![CDATA[a<b]]>", with: "*SENSITIVE*DATA*DELETED*")
        #expect(!parse(Self.file(text)).setsAdministratorPassword)
    }

    @Test func prefixesAndWideText() {
        let text = Self.file(Self.answers).replacing("<OOBE>", with: "<u:OOBE>")
            .replacing("</OOBE>", with: "</u:OOBE>")
        #expect(parse(text).hidesLicence)
        #expect(AnswerFile(parsing: Self.wide(text)).hidesLicence)
        #expect(parse("\u{FEFF}" + text).hidesLicence)
    }

    static let broken: [(String, String)] = [
        ("", "it holds no element"),
        ("no markup at all", "it holds no element"),
        ("<unattend><settings pass=\"oobeSystem\"></unattend>", "unattend is closed where settings is open"),
        (
            "<unattend><settings pass=oobeSystem></settings></unattend>",
            "an attribute of settings has no value"
        ),
        ("<unattend>", "the element unattend is not closed"),
        ("<unattend></unattend><more/>", "more is too deep or beside the root"),
        ("<unattend><!-- </unattend>", "--> is missing"),
        ("<unattend><a b></a></unattend>", "the tag a is not well-formed"),
    ]

    @Test(arguments: broken) func brokenFilesSayWhy(_ text: String, _ problem: String) {
        #expect(parse(text).problem == problem)
    }

    @Test func deepNestingEnds() {
        let deep = String(repeating: "<a>", count: 100_000)
        #expect(parse(deep).problem == "a is too deep or beside the root")
    }

    /// Cut anywhere, and with any byte changed: an answer or a problem.
    @Test func anyBytesComeBack() {
        let bytes = Array(Self.file(Self.answers).utf8)
        for length in 0..<bytes.count {
            let file = AnswerFile(parsing: Bytes(Array(bytes.prefix(length))))
            if length < bytes.count - 2 { #expect(file.problem != nil, "cut at \(length)") }
        }
        for index in bytes.indices {
            for byte: UInt8 in [0, 0x3C, 0x3E, 0x22, 0x80, 0xFF] {
                var changed = bytes
                changed[index] = byte
                _ = AnswerFile(parsing: Bytes(changed))
            }
        }
    }

    static let states: [(String, String?)] = [
        ("[State]\r\nImageState=IMAGE_STATE_COMPLETE\r\n", "IMAGE_STATE_COMPLETE"),
        ("; x\n[Other]\nImageState=A\n[State]\nimagestate = B\n", "B"),
        ("[State]\n", nil), ("", nil), ("ImageState=IMAGE_STATE_COMPLETE", nil),
    ]

    @Test(arguments: states) func stateFile(_ text: String, _ state: String?) {
        #expect(SetupStateFile(parsing: Bytes(Array(text.utf8))).imageState == state)
        #expect(SetupStateFile(parsing: Self.wide(text)).imageState == state)
    }
}
