package import ByteReading

/// An answer file for Windows setup: which screens of the first start it answers (Microsoft, "Unattended Windows
/// Setup Reference"). What it answers is looked at, never kept: answer files hold passwords.
package struct AnswerFile: Sendable {
    /// Whether it has settings for the pass `oobeSystem`.
    package private(set) var hasOOBEPass = false
    /// `OOBE\HideEULAPage`
    package private(set) var hidesLicence = false
    /// `OOBE\SkipMachineOOBE`
    package private(set) var skipsMachineScreens = false
    /// `UserAccounts\AdministratorPassword`, with a value that setup has not blotted out after it had used it.
    package private(set) var setsAdministratorPassword = false
    /// `UserAccounts\LocalAccounts` or `DomainAccounts`
    package private(set) var createsAccounts = false
    /// Why it is not well-formed XML.
    package private(set) var problem: String?

    /// What setup writes over passwords in the copy it keeps.
    private static let blottedOut = "*SENSITIVE*DATA*DELETED*"

    package init(parsing bytes: Bytes) {
        var scanner = XMLScanner(WindowsText.utf8(bytes))
        var passes: [String?] = []
        while let event = scanner.next() {
            switch event {
            case .start(let path, let attributes):
                if path.count == 2, path[1] == "settings" {
                    passes = [attributes["pass"]]
                } else if path.count == 3, path[1] == "settings", path[2] == "component",
                    passes.last == "oobeSystem"
                {
                    hasOOBEPass = true
                }
            case .end(let path, let text):
                if passes.last == "oobeSystem", path.count > 3, path[1] == "settings" {
                    read(Array(path.dropFirst(3)), text)
                }
                if path.count == 2 { passes = [] }
            }
        }
        problem = scanner.problem ?? (scanner.isEmpty ? "it holds no element" : nil)
    }

    /// An element below a component of the pass.
    private mutating func read(_ path: [String], _ text: String) {
        let isTrue = text.lowercased() == "true" || text == "1"
        switch path {
        case ["OOBE", "HideEULAPage"]: hidesLicence = hidesLicence || isTrue
        case ["OOBE", "SkipMachineOOBE"]: skipsMachineScreens = skipsMachineScreens || isTrue
        case ["UserAccounts", "AdministratorPassword", "Value"]:
            if text != AnswerFile.blottedOut { setsAdministratorPassword = true }
        case ["UserAccounts", "LocalAccounts", "LocalAccount"],
            ["UserAccounts", "DomainAccounts", "DomainAccountList"]:
            createsAccounts = true
        default: break
        }
    }
}
