import GuestFacts
import Targets

/// `WIN.PageFile`
enum WinPageFile: Check {
    static let metadata = CheckMetadata(
        id: "WIN.PageFile", title: "Page file", link: .operation,
        summary: "Looks on which drives Windows is told to keep its page files.",
        rationale: """
            A page file on a drive that does not come with the image cannot be made. Windows starts with a small \
            temporary one on the system drive and says so at every logon; programs that need more memory than there \
            is fail.
            """,
        codes: [
            ("PageFile.DriveMissing", "A page file is on a drive that is not in the image."),
            ("PageFile.None", "There is no page file."),
        ], references: ["Microsoft: introduction to page files"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        let files: [WindowsPageFile]
        switch windows.system.pageFiles {
        case .unknown(let gap): return .judged(questions: [OpenQuestion(gap)])
        case .known(let known): files = known
        }
        let key = #"HKLM\SYSTEM\"# + windows.controlSetName + #"\Control\Session Manager\Memory Management"#
        func set(_ title: String, _ text: String) -> Fix {
            .registry(title, [.set(key: key, name: "PagingFiles", .multiString([text]))])
        }
        guard !files.isEmpty else {
            return .judged(
                value: "None",
                findings: [
                    Finding(
                        "PageFile.None", .info,
                        "There is no page file; programs fail when memory runs short.",
                        evidence: [Evidence(path: key, excerpt: "PagingFiles is empty")],
                        fixes: [set("Let Windows manage one", #"?:\pagefile.sys"#)])
                ])
        }
        let lost = files.filter { $0.isInImage == .no }
        let findings = lost.map { file in
            Finding(
                "PageFile.DriveMissing", .warning,
                "The page file is to be on drive \(file.drive ?? "?"):, which is not in the image.",
                evidence: [file.evidence],
                fixes: [set("Put it on the system drive", #"C:\pagefile.sys 4096 4096"#)])
        }
        let questions = files.filter { $0.isInImage == .unknown && $0.drive != nil }.map { file in
            OpenQuestion("whether drive \(file.drive ?? "?"): is in the image is not known")
        }
        return .judged(
            value: files.map(\.text).joined(separator: ", "), "The page file is on a drive of the image.",
            findings: findings, questions: questions, evidence: files.map(\.evidence))
    }

    static var examples: [CheckExample] {
        func files(_ text: String, drive: String?, _ isInImage: Answer) -> CheckContext {
            .windows {
                var file = WindowsPageFile(
                    text: text, drive: drive,
                    evidence: Evidence(
                        path: #"HKLM\SYSTEM\ControlSet001\Control\Session Manager\Memory Management"#,
                        excerpt: "PagingFiles = \(text)"))
                file.isInImage = isInImage
                $0.windows.system.pageFiles = .known([file])
            }
        }
        return [
            CheckExample("on C:", .windows(), .pass),
            CheckExample("wherever Windows likes", files(#"?:\pagefile.sys"#, drive: nil, .unknown), .pass),
            CheckExample(
                "on D:, which is not in the image", files(#"D:\pagefile.sys 0 0"#, drive: "D", .no), .fail,
                codes: ["PageFile.DriveMissing"]),
            CheckExample(
                "on D:, which may be", files(#"D:\pagefile.sys 0 0"#, drive: "D", .unknown), .unknown),
            CheckExample(
                "none", .windows { $0.windows.system.pageFiles = .known([]) }, .fail, codes: ["PageFile.None"]
            ),
            CheckExample(
                "the value cannot be read",
                .windows {
                    $0.windows.system.pageFiles = .unknown(.example(#"C:\Windows\System32\config\SYSTEM"#))
                }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
