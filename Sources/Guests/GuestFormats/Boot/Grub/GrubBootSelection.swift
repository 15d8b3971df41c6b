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
