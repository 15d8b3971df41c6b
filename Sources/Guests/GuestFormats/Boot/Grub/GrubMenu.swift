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
    package let location: BootLocation
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
