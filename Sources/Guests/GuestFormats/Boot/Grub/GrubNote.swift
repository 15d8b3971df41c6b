/// Something met while following GRUB that a reader should know.
package struct GrubNote: Hashable, Sendable, CustomStringConvertible {
    /// What kind of thing it is.
    package enum Kind: String, Hashable, Sendable {
        /// GRUB prints an error and goes on; while booting an entry it also waits ten seconds for a key.
        case error
        /// The lines do not parse; GRUB drops them and goes on with the next.
        case syntaxError
        /// No command, function or assignment of that name. GRUB prints an error and reports success.
        case unknownCommand
        /// `search` found no device.
        case searchFailed
        /// A configuration file that another one asks for is not there.
        case configurationMissing
        /// A command whose effect is not followed here; what comes after it may differ in reality.
        case notFollowed
        /// The image could not be read at this point: what follows from it is not known.
        case unreadable
        /// The environment block is not valid, or not 1024 bytes long.
        case environmentBlock
        /// The value of `default` names no entry; GRUB takes the first one.
        case defaultNotFound
        /// A one-shot entry is pending: the next start differs from the ones after it.
        case oneShot
        /// The menu has no timeout and waits for a key forever.
        case waitsForever
        /// An entry asks for a password.
        case password
    }

    /// The kind.
    package let kind: Kind
    /// What happened, with the names involved.
    package let message: String
    /// Where.
    package let location: BootLocation

    /// A note.
    package init(_ kind: Kind, _ message: String, at location: BootLocation) {
        self.kind = kind
        self.message = message
        self.location = location
    }

    /// Place and message on one line.
    package var description: String { "\(location): \(message)" }

    /// Whether what GRUB really does from here on is not known.
    package var makesUncertain: Bool { kind == .notFollowed || kind == .unreadable }
}
