import ByteReading

/// The name of a setting in a boot configuration store: a key below `Elements`, eight hexadecimal digits
/// (“BcdElementType”, BCD reference, Microsoft).
package struct BCDElementType: Hashable, Sendable {
    package let rawValue: UInt32

    package init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// Reads the name of a key; nil if it is not one of up to eight hexadecimal digits.
    package init?(keyName: String) {
        guard keyName.utf8.count <= 8, let value = UInt32(keyName, radix: 16), !keyName.hasPrefix("+") else {
            return nil
        }
        rawValue = value
    }

    /// The kind of value.
    package enum Format: UInt32, Hashable, Sendable {
        case device = 1
        case string
        case object
        case objects
        case integer
        case boolean
        case integers
    }

    /// Bits 24 to 27.
    package var format: Format? { Format(rawValue: rawValue >> 24 & 0xF) }

    /// As its key is called.
    package var keyName: String { Hexadecimal.lower(rawValue, width: 8) }
}

extension BCDElementType {
    // Library settings, which every program knows.
    package static let applicationDevice = BCDElementType(0x1100_0001)
    package static let applicationPath = BCDElementType(0x1200_0002)
    package static let description = BCDElementType(0x1200_0004)
    package static let locale = BCDElementType(0x1200_0005)
    package static let inherit = BCDElementType(0x1400_0006)
    package static let recoverySequence = BCDElementType(0x1400_0008)
    package static let recoveryEnabled = BCDElementType(0x1600_0009)
    package static let debuggerEnabled = BCDElementType(0x1600_0010)
    package static let bootEMS = BCDElementType(0x1600_0020)
    package static let emsPort = BCDElementType(0x1500_0022)
    package static let emsBaudRate = BCDElementType(0x1500_0023)
    package static let loadOptions = BCDElementType(0x1200_0030)
    package static let graphicsModeDisabled = BCDElementType(0x1600_0046)
    package static let noIntegrityChecks = BCDElementType(0x1600_0048)
    package static let testSigning = BCDElementType(0x1600_0049)

    // Settings of the boot manager.
    package static let defaultObject = BCDElementType(0x2300_0003)
    package static let displayOrder = BCDElementType(0x2400_0001)
    package static let bootSequence = BCDElementType(0x2400_0002)
    package static let timeout = BCDElementType(0x2500_0004)
    package static let attemptResume = BCDElementType(0x2600_0005)
    package static let resumeObject = BCDElementType(0x2300_0006)
    package static let toolsDisplayOrder = BCDElementType(0x2400_0010)
    package static let displayBootMenu = BCDElementType(0x2600_0020)
    package static let storeDevice = BCDElementType(0x2100_0022)
    package static let storePath = BCDElementType(0x2200_0023)

    // Settings of the loader. The numbers mean other things to other programs.
    package static let osDevice = BCDElementType(0x2100_0001)
    package static let systemRoot = BCDElementType(0x2200_0002)
    package static let associatedResumeObject = BCDElementType(0x2300_0003)
    package static let detectKernelAndHAL = BCDElementType(0x2600_0010)
    package static let kernelPath = BCDElementType(0x2200_0011)
    package static let halPath = BCDElementType(0x2200_0012)
    package static let nxPolicy = BCDElementType(0x2500_0020)
    package static let paePolicy = BCDElementType(0x2500_0021)
    package static let windowsPE = BCDElementType(0x2600_0022)
    package static let lastKnownGood = BCDElementType(0x2600_0025)
    package static let loaderNoIntegrityChecks = BCDElementType(0x2600_0026)
    package static let loaderTestSigning = BCDElementType(0x2600_0027)
    package static let safeBoot = BCDElementType(0x2500_0080)
    package static let safeBootAlternateShell = BCDElementType(0x2600_0081)
    package static let kernelDebugger = BCDElementType(0x2600_00A0)
    package static let haltAtBoot = BCDElementType(0x2600_00A1)
    package static let ems = BCDElementType(0x2600_00B0)
    package static let forceFailure = BCDElementType(0x2500_00C0)
    package static let bootMenuPolicy = BCDElementType(0x2500_00C2)
    package static let bootStatusPolicy = BCDElementType(0x2500_00E0)
    package static let hypervisorLaunchType = BCDElementType(0x2500_00F0)

    // Settings of the resume program.
    package static let hibernationDevice = BCDElementType(0x2100_0001)
    package static let hibernationPath = BCDElementType(0x2200_0002)

    // Settings of a device.
    package static let ramDiskDevice = BCDElementType(0x3100_0003)
    package static let ramDiskPath = BCDElementType(0x3200_0004)
}

extension BCDElementType {
    /// What `bcdedit` calls it in an object of this type; the digits where it has no name here.
    package func name(in object: BCDObjectType) -> String {
        let own: [BCDElementType: String] =
            switch object.application {
            case .bootManager?, .firmwareBootManager?: Self.bootManagerNames
            case .resume?: Self.resumeNames
            default: object.category == .device ? Self.deviceNames : Self.loaderNames
            }
        return own[self] ?? Self.libraryNames[self] ?? keyName
    }

    private static let libraryNames: [BCDElementType: String] = [
        applicationDevice: "device", applicationPath: "path", description: "description", locale: "locale",
        inherit: "inherit", recoverySequence: "recoverysequence", recoveryEnabled: "recoveryenabled",
        debuggerEnabled: "bootdebug", bootEMS: "bootems", emsPort: "emsport", emsBaudRate: "emsbaudrate",
        loadOptions: "loadoptions", graphicsModeDisabled: "graphicsmodedisabled",
        noIntegrityChecks: "nointegritychecks", testSigning: "testsigning",
    ]

    private static let bootManagerNames: [BCDElementType: String] = [
        defaultObject: "default", displayOrder: "displayorder", bootSequence: "bootsequence",
        timeout: "timeout", attemptResume: "resume", resumeObject: "resumeobject",
        toolsDisplayOrder: "toolsdisplayorder", displayBootMenu: "displaybootmenu", storeDevice: "bcddevice",
        storePath: "bcdfilepath",
    ]

    private static let loaderNames: [BCDElementType: String] = [
        osDevice: "osdevice", systemRoot: "systemroot", associatedResumeObject: "resumeobject",
        detectKernelAndHAL: "detecthal", kernelPath: "kernel", halPath: "hal", nxPolicy: "nx",
        paePolicy: "pae", windowsPE: "winpe", lastKnownGood: "lastknowngood",
        loaderNoIntegrityChecks: "nointegritychecks", loaderTestSigning: "testsigning", safeBoot: "safeboot",
        safeBootAlternateShell: "safebootalternateshell", kernelDebugger: "debug",
        haltAtBoot: "halbreakpoint", ems: "ems", forceFailure: "forcefailure",
        bootMenuPolicy: "bootmenupolicy", bootStatusPolicy: "bootstatuspolicy",
        hypervisorLaunchType: "hypervisorlaunchtype",
    ]

    private static let resumeNames: [BCDElementType: String] = [
        hibernationDevice: "filedevice", hibernationPath: "filepath",
    ]

    private static let deviceNames: [BCDElementType: String] = [
        ramDiskDevice: "ramdisksdidevice", ramDiskPath: "ramdisksdipath",
    ]
}
