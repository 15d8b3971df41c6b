/// What an entry has loaded when it is started.
package struct BootSelection: Sendable {
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
    package let image: BootFileReference
    /// What stands after the kernel in its command, quoted as GRUB quotes it
    /// (`grub_create_loader_cmdline`). The kernel also sees `BOOT_IMAGE=<name>` in front.
    package let commandLine: String
    /// The same, unquoted, one element per argument.
    package let arguments: [String]
    /// Files of `initrd`, in order. Empty when the command failed: see `initrdFailure`.
    package var initrds: [BootFileReference] = []
    /// The files of an `initrd` command that failed: GRUB 2 starts the kernel without any of them, other loaders do
    /// not start it.
    package var initrdFailure: [BootFileReference]?
    /// Files of `module` and their arguments, for `multiboot`.
    package var modules: [(file: BootFileReference, arguments: [String])] = []
    /// The file of `devicetree`.
    package var deviceTree: BootFileReference?
    /// Titles from the outermost submenu to the entry.
    package var titles: [String] = []
    /// Identifier of the entry (`--id`, else the title; for BLS the file name without `.conf`).
    package var identifier: String = ""
    /// Where the entry is defined.
    package var location: BootLocation
    /// The line that holds the command line and its text, where that is not the one that names the kernel.
    package var commandLineSource: (location: BootLocation, text: String)?
    /// The word that names the kernel in the configuration.
    package var keyword = "linux"
    /// Whether entries tried before it failed.
    package var isFallback = false

    /// The title of the entry itself.
    package var title: String { titles.last ?? "" }
}
