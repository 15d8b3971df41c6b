import ByteReading
import GuestFormats

/// Files of Windows setup.
extension FuzzEntries {
    static let windowsSetup: [FuzzEntry] = [
        FuzzEntry(
            "answer-file",
            seed: """
                <?xml version="1.0"?><!-- a --><unattend xmlns:w="u"><settings pass="oobeSystem"><component name='n'>
                <OOBE><HideEULAPage>true</HideEULAPage></OOBE><UserAccounts><AdministratorPassword>
                <Value><![CDATA[x]]>&amp;</Value></AdministratorPassword></UserAccounts><w:A/></component></settings></unattend>
                """
        ) { _ = AnswerFile(parsing: $0).problem },
        FuzzEntry("setup-state", seed: "[State]\r\nImageState=IMAGE_STATE_COMPLETE\r\n") {
            _ = SetupStateFile(parsing: $0).imageState
        },
    ]
}
