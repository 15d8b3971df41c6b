package import ByteReading

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
    package let location: GrubLocation

    /// A note.
    package init(_ kind: Kind, _ message: String, at location: GrubLocation) {
        self.kind = kind
        self.message = message
        self.location = location
    }

    /// Place and message on one line.
    package var description: String { "\(location): \(message)" }

    /// Whether what GRUB really does from here on is not known.
    package var makesUncertain: Bool { kind == .notFollowed || kind == .unreadable }
}

/// A file that a command of an entry names.
package struct GrubFileReference: Hashable, Sendable {
    /// Whether the file is there.
    package enum Presence: Hashable, Sendable {
        /// It is, with this size in bytes.
        case present(size: UInt64)
        /// GRUB says `file not found`.
        case missing
        /// GRUB says that the device does not exist.
        case noDevice
        /// The image could not be read.
        case unreadable(ImageFault)
    }

    /// The name as the command got it, such as `($root)/vmlinuz` after expansion.
    package let name: String
    /// The device it is looked up on; nil when there is no such device.
    package let device: GrubDevice?
    /// The path on that device.
    package let path: String
    /// Whether it is there.
    package let presence: Presence
    /// Where the command stands.
    package let location: GrubLocation
}

/// What an entry has loaded when it is started.
package struct GrubBootSelection: Sendable {
    /// How the image is started.
    package enum Loader: Hashable, Sendable {
        /// `linux`, `linux16`, `linuxefi`.
        case linux
        /// `multiboot`, `multiboot2`; Xen, for one.
        case multiboot
        /// `chainloader`: another boot loader or a unified kernel image takes over.
        case chainloader
        /// Another loader command, by its name.
        case other(String)
    }

    /// How it is started.
    package let loader: Loader
    /// The kernel, or what is started instead.
    package let image: GrubFileReference
    /// What stands after the kernel in its command, quoted as GRUB quotes it
    /// (`grub_create_loader_cmdline`). The kernel also sees `BOOT_IMAGE=<name>` in front.
    package let commandLine: String
    /// The same, unquoted, one element per argument.
    package let arguments: [String]
    /// Files of `initrd`, in order. Empty when the command failed: see `initrdFailure`.
    package var initrds: [GrubFileReference] = []
    /// The files of an `initrd` command that failed: GRUB starts the kernel without any of them.
    package var initrdFailure: [GrubFileReference]?
    /// Files of `module` and their arguments, for `multiboot`.
    package var modules: [(file: GrubFileReference, arguments: [String])] = []
    /// The file of `devicetree`.
    package var deviceTree: GrubFileReference?
    /// Titles from the outermost submenu to the entry.
    package var titles: [String] = []
    /// Identifier of the entry (`--id`, else the title; for BLS the file name without `.conf`).
    package var identifier: String = ""
    /// Where the entry is defined.
    package var location: GrubLocation
    /// Whether entries tried before it failed.
    package var isFallback = false

    /// The title of the entry itself.
    package var title: String { titles.last ?? "" }
}

/// An entry of a menu.
package struct GrubMenuEntry: Sendable {
    /// The title, after expansion.
    package let title: String
    /// `--id`, else the title.
    package let identifier: String
    /// Title and further arguments: `$1`, `$2` … in its body.
    package let arguments: [String]
    /// Values of `--class`.
    package let classes: [String]
    /// Users of `--users`; nil when the entry is `--unrestricted`. Means nothing while `superusers` is unset.
    package let users: [String]?
    /// Whether it opens a menu of its own.
    package let isSubmenu: Bool
    /// Where it is defined.
    package let location: GrubLocation
    /// The BLS file it was made from.
    package let bootLoaderSpecificationFile: String?
    /// Entries of a submenu as they stand when it is opened.
    package internal(set) var children: [GrubMenuEntry] = []
    let body: [GrubCommand]
    /// File that the body's line numbers count in.
    let bodyFile: String
}

/// A menu as GRUB shows it.
package struct GrubMenu: Sendable {
    /// The entries in order.
    package internal(set) var entries: [GrubMenuEntry] = []
    /// Value of `default`, nil when unset.
    package internal(set) var defaultValue: String?
    /// Index of the default entry: the one `default` names, else 0.
    package internal(set) var defaultIndex = 0
    /// Value of `fallback`.
    package internal(set) var fallback: String?
    /// Seconds until the default entry starts; nil when there is no timeout and GRUB waits forever.
    package internal(set) var timeout: Int?
    /// Value of `timeout_style`: `menu`, `countdown` or `hidden`.
    package internal(set) var timeoutStyle: String?
    /// Value of `superusers`; entries that are not unrestricted then need a password.
    package internal(set) var superusers: String?
    /// The file the menu comes from.
    package internal(set) var file: String = ""
    /// All variables when the menu is shown.
    package internal(set) var variables: [String: String] = [:]
}

/// How a start of GRUB ends without anybody at the keyboard.
package enum GrubOutcome: Sendable {
    /// An entry is started.
    case boots(GrubBootSelection)
    /// GRUB stays at its menu: every entry tried has failed.
    case menu
    /// GRUB stays at its prompt: there is no menu.
    case prompt
    /// GRUB stays at its rescue prompt: the module `normal` is not there.
    case rescue(GrubFileReference)
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
        package let location: GrubLocation
        /// What went wrong, in order.
        package let notes: [GrubNote]
        /// The kernel of the last `linux` command that failed because its file is not there.
        package let missingKernel: GrubFileReference?
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
    package var selection: GrubBootSelection? {
        if case .boots(let selection) = outcome { selection } else { nil }
    }
}
