/// What an object of a boot configuration store is (`Description\Type`; “BcdObjectType”, Boot Configuration Data
/// in Windows Vista, Microsoft, and the BCD reference).
package struct BCDObjectType: Hashable, Sendable {
    /// As stored: category in the topmost four bits, what is in the lowest twenty.
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The topmost division.
    package enum Category: Hashable, Sendable {
        /// A program that is started.
        case application
        /// Settings that other objects inherit.
        case inherited
        /// Further settings of a device, such as those of a RAM disk.
        case device
        case other(UInt8)
    }

    /// The kinds of programs.
    package enum Application: UInt32, Hashable, Sendable {
        case firmwareBootManager = 1
        case bootManager
        case osLoader
        case resume
        case memoryTester
        case ntldr
        case setupLoader
        case bootSector
        case startup
    }

    package var category: Category {
        switch rawValue >> 28 {
        case 1: .application
        case 2: .inherited
        case 3: .device
        case let other: .other(UInt8(truncatingIfNeeded: other))
        }
    }

    /// Which program it is; nil for objects that are none, and for programs that firmware knows and Windows does not.
    package var application: Application? {
        category == .application ? Application(rawValue: rawValue & 0xF_FFFF) : nil
    }

    /// The boot manager: `10100002`.
    package static let bootManager = BCDObjectType(rawValue: 0x1010_0002)
    /// A loader of Windows: `10200003`.
    package static let osLoader = BCDObjectType(rawValue: 0x1020_0003)
}

extension BCDObjectType: CustomStringConvertible {
    /// What it is, in words.
    package var description: String {
        switch (category, application) {
        case (.application, .firmwareBootManager?): "firmware boot manager"
        case (.application, .bootManager?): "boot manager"
        case (.application, .osLoader?): "Windows boot loader"
        case (.application, .resume?): "resume from hibernation"
        case (.application, .memoryTester?): "memory test"
        case (.application, .ntldr?): "loader of Windows before Vista"
        case (.application, .setupLoader?): "setup loader"
        case (.application, .bootSector?): "boot sector"
        case (.application, .startup?): "startup.com"
        case (.application, nil): "program of the firmware"
        case (.inherited, _): "settings"
        case (.device, _): "device settings"
        case (.other, _): "object of unknown type"
        }
    }
}
