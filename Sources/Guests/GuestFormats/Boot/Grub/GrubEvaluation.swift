package import ByteReading

/// How a start of GRUB ends without anybody at the keyboard.
package enum GrubOutcome: Sendable {
    /// An entry is started.
    case boots(BootSelection)
    /// GRUB stays at its menu: every entry tried has failed.
    case menu
    /// GRUB stays at its prompt: there is no menu.
    case prompt
    /// GRUB stays at its rescue prompt: the module `normal` is not there.
    case rescue(BootFileReference)
    /// GRUB asks for a user name and a password before the entry of this title.
    case password(title: String)
    /// A command ends GRUB: `exit`, `halt`, `reboot`, `fwsetup`.
    case leaves(command: String)
    /// The configuration was too much to follow; a `limit` fault says what.
    case abandoned(ImageFault)
}

/// Everything a run of GRUB shows.
package struct GrubEvaluation: Sendable {
    /// The menu that is shown; nil when there is none.
    package internal(set) var menu: GrubMenu?
    /// How it ends.
    package internal(set) var outcome: GrubOutcome
    /// An entry that was tried.
    package struct Attempt: Sendable {
        /// Its title.
        package let title: String
        /// Where it is defined.
        package let location: BootLocation
        /// What went wrong, in order.
        package let notes: [GrubNote]
        /// The kernel of the last `linux` command that failed: not there, or too short to be one.
        package let failedKernel: BootFileReference?
    }

    /// The entries tried, in order.
    package internal(set) var attempts: [Attempt] = []
    /// What was met on the way.
    package internal(set) var notes: [GrubNote] = []
    /// Faults of reading the image. When there are any, the outcome is not certain.
    package internal(set) var faults: [ImageFault] = []
    /// Configuration files read, in order.
    package internal(set) var configurationFiles: [String] = []
    /// Environment blocks read by `load_env`.
    package internal(set) var environmentBlocks: [(file: String, block: GrubEnvironmentBlock)] = []
    /// Variables that `save_env` writes. Nothing is written here.
    package internal(set) var savedVariables: [(file: String, name: String, value: String?)] = []

    /// What `echo` prints, the first 200 times; escapes are left as they are.
    package internal(set) var printed: [String] = []

    /// Whether something met on the way makes the outcome a guess.
    package var isCertain: Bool { faults.isEmpty && !notes.contains(where: \.makesUncertain) }
    /// What is started, if anything.
    package var selection: BootSelection? {
        if case .boots(let selection) = outcome { selection } else { nil }
    }
}
