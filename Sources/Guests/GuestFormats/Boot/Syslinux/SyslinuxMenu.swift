package import ByteReading

/// Configuration files of Syslinux, read into one menu (com32/elflink/ldlinux/readconfig.c).
package struct SyslinuxMenu: Sendable {
    /// A label and what it starts.
    package struct Entry: Sendable {
        /// The name after `LABEL`.
        package let label: String
        /// `MENU LABEL`, else the label.
        package var title: String
        /// How `kernel` is started: `kernel`, `linux`, `com32` …
        package var type = "kernel"
        /// The file, with what follows it on its line.
        package var kernel: String
        /// `APPEND` of the label, or what held for all when it ended; `-` means none.
        package var append: String?
        /// Where that `APPEND` stands.
        package var appendLocation: BootLocation?
        /// `INITRD`: names with commas.
        package var initrd: String?
        /// `FDT`, which only the U-Boot reader of such files takes.
        package var deviceTree: String?
        /// Which menu it is in; 0 is the outermost.
        package var menu = 0
        package var isHidden = false
        package var isDisabled = false
        package var isMenuDefault = false
        /// Where `LABEL` stands.
        package let location: BootLocation
        /// Where the kernel is named.
        package var kernelLocation: BootLocation

        /// The command: kernel, arguments and `initrd=`, as Syslinux puts them together.
        package var command: String {
            let added = append == "-" ? "" : append ?? ""
            let words = [kernel, added, initrd.map { "initrd=\($0)" } ?? ""]
            return words.filter { !$0.isEmpty }.joined(separator: " ")
        }
    }

    package internal(set) var entries: [Entry] = []
    /// `DEFAULT`: a label or a command.
    package internal(set) var globalDefault: String?
    /// `UI`, which goes before `DEFAULT`.
    package internal(set) var userInterface: String?
    package internal(set) var onTimeout: String?
    package internal(set) var onError: String?
    /// `TIMEOUT` and `TOTALTIMEOUT`, in tenths of a second; 0 for none.
    package internal(set) var timeout = 0
    package internal(set) var totalTimeout = 0
    /// `PROMPT` other than 0.
    package internal(set) var isPromptForced = false
    /// `IMPLICIT` other than 0: commands that are no label are kernels.
    package internal(set) var allowsImplicit = true
    /// Where `DEFAULT` or `UI` stands.
    package internal(set) var defaultLocation: BootLocation?
    /// Files that `INCLUDE` names and that do not exist.
    package internal(set) var missingIncludes: [(name: String, location: BootLocation)] = []

    private var globalAppend: (text: String, location: BootLocation)?
    private var current: Entry?
    private var menu = 0
    private var parents: [Int] = []
    private var menuCount = 1
    private var budget: Budget
    private var depth = 0
    private var isInText = false

    private static let deepestInclude = 8
    private static let kernelTypes = [
        "none", "localboot", "kernel", "linux", "boot", "bss", "pxe", "fdimage", "com32", "config",
    ]

    /// An empty menu.
    package init() { budget = Budget(100_000, of: "lines of Syslinux's configuration") }

    /// The entry of this label, compared as written.
    package func entry(_ label: String) -> Entry? { entries.first { $0.label == label && !$0.isDisabled } }

    /// Adds a file; `include` returns the bytes of a file that `INCLUDE` names, nil when there is none.
    package mutating func add(
        _ bytes: Bytes, named file: String,
        include: (String) throws(ImageFault) -> (bytes: Bytes, file: String)?
    ) throws(ImageFault) {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepestInclude else {
            throw ImageFault(.limit, "more than \(Self.deepestInclude) files of Syslinux inside each other")
        }
        let lines = bytes.array.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, raw) in lines.enumerated() {
            try budget.spend()
            let text = String(decoding: raw.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
            let (word, rest) = Self.split(text)
            let keyword = word.lowercased()
            if isInText {
                if keyword == "endtext" { isInText = false }
                continue
            }
            let location = BootLocation(file: file, line: index + 1)
            if keyword == "menu" {
                try readMenu(rest, location, include)
            } else if keyword == "include" {
                try self.include(Self.split(rest).word, location, include)
            } else {
                read(keyword, rest, location)
            }
        }
    }

    /// Ends the last label.
    package mutating func finish() { record() }

    private mutating func read(_ keyword: String, _ rest: String, _ location: BootLocation) {
        switch keyword {
        case "text": isInText = true
        case "label":
            record()
            let name = Self.split(rest).word
            current = Entry(
                label: name, title: name, kernel: name, menu: menu, location: location,
                kernelLocation: location)
        case "append":
            if current == nil {
                globalAppend = (rest, location)
            } else {
                current?.append = rest
                current?.appendLocation = location
            }
        case "initrd": current?.initrd = rest
        case "fdt", "devicetree": current?.deviceTree = rest
        case "default":
            globalDefault = rest
            if userInterface == nil { defaultLocation = location }
        case "ui":
            userInterface = rest
            defaultLocation = location
        case "ontimeout": onTimeout = rest
        case "onerror": onError = rest
        case "timeout": timeout = Self.number(rest)
        case "totaltimeout": totalTimeout = Self.number(rest)
        case "prompt": isPromptForced = Self.number(rest) != 0
        case "implicit": allowsImplicit = Self.number(rest) != 0
        case _ where Self.kernelTypes.contains(keyword) && current != nil:
            current?.type = keyword
            current?.kernel = rest
            current?.kernelLocation = location
        default: break
        }
    }

    private mutating func readMenu(
        _ text: String, _ location: BootLocation,
        _ include: (String) throws(ImageFault) -> (bytes: Bytes, file: String)?
    ) throws(ImageFault) {
        let (word, rest) = Self.split(text)
        switch word.lowercased() {
        case "label": current?.title = rest.replacing("^", with: "")
        case "default": current?.isMenuDefault = true
        case "hide": current?.isHidden = true
        case "disable", "disabled": current?.isDisabled = true
        case "separator": record()
        case "begin":
            record()
            parents.append(menu)
            menu = menuCount
            menuCount += 1
        case "end":
            record()
            menu = parents.popLast() ?? 0
        case "goto", "exit", "quit":
            // An entry that leads to another menu starts nothing by itself.
            current?.isDisabled = true
        case "include": try self.include(Self.split(rest).word, location, include)
        default: break
        }
    }

    private mutating func include(
        _ name: String, _ location: BootLocation,
        _ include: (String) throws(ImageFault) -> (bytes: Bytes, file: String)?
    ) throws(ImageFault) {
        guard let found = try include(name) else {
            missingIncludes.append((name, location))
            return
        }
        try add(found.bytes, named: found.file, include: include)
    }

    private mutating func record() {
        guard var entry = current else { return }
        current = nil
        if entry.append == nil {
            entry.append = globalAppend?.text
            entry.appendLocation = globalAppend?.location
        }
        entries.append(entry)
    }

    /// The first word and what follows it.
    static func split(_ text: String) -> (word: String, rest: String) {
        let bytes = text.utf8.drop { GrubNumber.isSpace($0) }
        let word = bytes.prefix { !GrubNumber.isSpace($0) }
        let rest = bytes.dropFirst(word.count).drop { GrubNumber.isSpace($0) }
        return (String(decoding: word, as: UTF8.self), String(decoding: rest, as: UTF8.self))
    }

    /// C's `atoi`, within bounds.
    private static func number(_ text: String) -> Int {
        Int(clamping: GrubNumber.signed(text))
    }
}
