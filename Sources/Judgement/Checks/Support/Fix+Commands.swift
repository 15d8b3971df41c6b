import GuestFacts

/// Text from a guest inside a command: quoted so that a shell takes it as one word, whatever it holds.
func quoted(_ text: String) -> String {
    let isPlain =
        !text.isEmpty
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "+"),
                UInt8(ascii: ","), UInt8(ascii: "@"):
                true
            default: false
            }
        }
    if isPlain { return text }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

/// What takes no program of the guest. The commands of the families of distributions stand beside this file:
/// initramfs, packages, boot loaders and command line, services. All of those run inside the guest: in a chroot of the
/// image, or in the source system before it is exported again.
extension Fix {
    /// Replaces one line of a file.
    static func edit(
        _ title: String, _ evidence: Evidence, to new: String?, risk: Risk = .low,
        where place: Place = .offline
    ) -> Fix {
        Fix(
            title, where: place, kind: .autoEdit, risk: risk,
            edit: Edit(path: evidence.path ?? "", line: evidence.line, old: evidence.excerpt, new: new))
    }

    /// Something only a person can decide.
    static func byHand(_ title: String, commands: [String] = [], where place: Place = .online) -> Fix {
        Fix(title, where: place, kind: .manual, risk: .medium, commands: commands)
    }
}
