/// One test case of a JUnit document.
struct JUnitCase {
    var name: String
    /// The class of the case: readers put what has the same one together.
    var group: String
    var outcome: Outcome

    enum Outcome {
        case passed
        case failure(type: String, message: String, text: String)
        case skipped(type: String, message: String)
        case error(type: String, message: String)

        var isFailure: Bool { if case .failure = self { true } else { false } }
        var isSkipped: Bool { if case .skipped = self { true } else { false } }
        var isError: Bool { if case .error = self { true } else { false } }
    }

    private static let messageLimit = 2000
    private static let textLimit = 20_000

    var lines: [String] {
        let head =
            "    <testcase classname=\"\(XMLText.attribute(group))\" name=\"\(XMLText.attribute(name))\" time=\"0\""
        switch outcome {
        case .passed: return [head + "/>"]
        case .failure(let type, let message, let text):
            return [
                head + ">",
                "      <failure \(attributes(type, message))>"
                    + XMLText.content(cut(text, JUnitCase.textLimit))
                    + "</failure>",
                "    </testcase>",
            ]
        case .skipped(let type, let message):
            return [head + ">", "      <skipped \(attributes(type, message))/>", "    </testcase>"]
        case .error(let type, let message):
            return [head + ">", "      <error \(attributes(type, message))/>", "    </testcase>"]
        }
    }

    private func attributes(_ type: String, _ message: String) -> String {
        "type=\"\(XMLText.attribute(type))\" message=\"\(XMLText.attribute(cut(message, JUnitCase.messageLimit)))\""
    }

    private func cut(_ text: String, _ limit: Int) -> String {
        let start = text.unicodeScalars.prefix(limit)
        return start.endIndex == text.unicodeScalars.endIndex
            ? text : String(String.UnicodeScalarView(start)) + "…"
    }
}
