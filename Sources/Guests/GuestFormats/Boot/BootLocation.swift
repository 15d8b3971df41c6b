/// A place in a configuration file.
package struct BootLocation: Hashable, Sendable, CustomStringConvertible {
    /// The file as GRUB names it: `(hd0,msdos1)/boot/grub/grub.cfg`.
    package let file: String
    /// The line, counted from 1.
    package let line: Int
    /// The last line, for what spans several.
    package let lastLine: Int

    /// A place.
    package init(file: String, line: Int, lastLine: Int? = nil) {
        self.file = file
        self.line = line
        self.lastLine = lastLine ?? line
    }

    /// `file:line`.
    package var description: String { "\(file):\(line)" }
}
