import ImageCheck
import Reports

/// Keys of a registry hive in the manner of `reg query`.
enum RegistryText {
    /// The key, its values, and the keys under it unless they are shown themselves.
    static func text(_ key: RegistryListing, listsSubkeys: Bool, unicode: Bool) -> String {
        func escaped(_ text: String) -> String { TerminalText.escaped(text, unicode: unicode) }
        var text = (key.path.isEmpty ? "\\" : escaped(key.path)) + "\n"
        for value in key.values {
            let name = value.name.isEmpty ? "(Default)" : value.name
            text += "    \(escaped(name))    \(value.type)    \(escaped(value.text))\n"
        }
        text += "\n"
        guard listsSubkeys, !key.subkeys.isEmpty else { return text }
        for name in key.subkeys {
            text += escaped(key.path.isEmpty ? name : key.path + "\\" + name) + "\n"
        }
        return text
    }
}
