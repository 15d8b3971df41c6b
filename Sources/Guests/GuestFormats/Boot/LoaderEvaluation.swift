package import ByteReading

/// What a start of a boot loader other than GRUB 2 comes to without anybody at the keyboard.
package struct LoaderEvaluation: Sendable {
    /// How it ends.
    package enum Outcome: Sendable {
        /// A kernel or another program is started.
        case boots(BootSelection)
        /// It ends in the loader.
        case stops(Stop)
        /// What it starts is not known, for the reason given.
        case unknown(String)
    }

    /// Why a loader starts nothing.
    package struct Stop: Sendable {
        /// The reasons.
        package enum Reason: Hashable, Sendable {
            /// There is no configuration, or no entry.
            case configurationMissing
            /// The configuration leads to no entry.
            case configurationInvalid
            /// A disk or partition that is asked for does not exist.
            case deviceMissing
            /// The kernel of the entry does not exist.
            case kernelMissing(BootFileReference)
            /// An initramfs of the entry does not exist, and the loader does not go on without it.
            case initrdMissing(BootFileReference)
            /// What the entry starts is no program that the firmware takes.
            case imageInvalid
            /// A part of the loader itself is missing.
            case moduleMissing
            /// The loader waits for a key without end.
            case waitsForever
            /// A password is asked for.
            case password
        }

        package let reason: Reason
        /// What happens, as a sentence without its full stop.
        package let message: String
        /// Where the reason stands, if it stands in a file.
        package let location: BootLocation?
        /// The entry that is tried, when there is one.
        package let selection: BootSelection?

        /// A stop.
        package init(
            _ reason: Reason, _ message: String, at location: BootLocation? = nil,
            selection: BootSelection? = nil
        ) {
            self.reason = reason
            self.message = message
            self.location = location
            self.selection = selection
        }
    }

    package internal(set) var outcome: Outcome = .unknown("nothing was followed")
    /// What was met on the way.
    package internal(set) var notes: [GrubNote] = []
    /// Configuration files read, in order, as `(device)/path`.
    package internal(set) var configurationFiles: [String] = []
    /// Faults of reading the image. When there are any, the outcome is not certain.
    package internal(set) var faults: [ImageFault] = []

    /// Why the outcome is a guess; nil when it is none.
    package var doubt: String? {
        faults.first?.description ?? notes.first(where: \.makesUncertain)?.message
    }
    /// What is started, if anything.
    package var selection: BootSelection? {
        if case .boots(let selection) = outcome { selection } else { nil }
    }
    /// Why it starts nothing, if so.
    package var stop: Stop? { if case .stops(let stop) = outcome { stop } else { nil } }

    /// Adds a reason why it may go otherwise.
    package mutating func add(doubt: String) {
        notes.append(GrubNote(.notFollowed, doubt, at: BootLocation(file: "", line: 0)))
    }
}
