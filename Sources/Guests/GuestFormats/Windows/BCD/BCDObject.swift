package import ByteReading

/// An object of a boot configuration store: a program that is started, or settings that others inherit.
package struct BCDObject: Sendable {
    package let id: GUID
    package let type: BCDObjectType
    /// The elements it holds itself.
    package let elements: [BCDElementType: BCDValue]

    /// As `bcdedit` calls it.
    package var name: String { WellKnownBCDObject.name(of: id) }

    /// Where it is in the store.
    package var keyPath: String { "Objects\\{\(id)}" }
}

/// The elements that hold for an object: its own and, where it has none, those it inherits.
///
/// A program reads its own elements first and then, in order, those of each object in its `inherit` list and of the
/// objects these inherit from (`BiEnumerateElements`, `MiscGetBootOption` in ReactOS, boot/environ/lib/misc).
package struct BCDSettings: Sendable {
    /// The object they are for.
    package let object: BCDObject
    private let elements: [BCDElementType: (value: BCDValue, owner: BCDObject)]

    init(_ object: BCDObject, elements: [BCDElementType: (value: BCDValue, owner: BCDObject)]) {
        self.object = object
        self.elements = elements
    }

    /// The value that holds; nil if nobody sets it.
    package subscript(_ type: BCDElementType) -> BCDValue? { elements[type]?.value }

    /// Where the value that holds is stored.
    package func keyPath(of type: BCDElementType) -> String? {
        elements[type].map { "\($0.owner.keyPath)\\Elements\\\(type.keyName)" }
    }

    /// A text; nil if nobody sets it or it is none.
    package func string(_ type: BCDElementType) -> String? {
        if case .string(let text)? = self[type] { text } else { nil }
    }

    package func device(_ type: BCDElementType) -> BCDDevice? {
        if case .device(let device)? = self[type] { device } else { nil }
    }

    package func objectID(_ type: BCDElementType) -> GUID? {
        if case .object(let id)? = self[type] { id } else { nil }
    }

    package func objectIDs(_ type: BCDElementType) -> [GUID] {
        if case .objects(let ids)? = self[type] { ids } else { [] }
    }

    package func integer(_ type: BCDElementType) -> UInt64? {
        if case .integer(let number)? = self[type] { number } else { nil }
    }

    package func boolean(_ type: BCDElementType) -> Bool? {
        if case .boolean(let isOn)? = self[type] { isOn } else { nil }
    }
}

extension BCDSettings {
    /// How Windows starts in safe mode, if it does.
    package enum SafeBoot: UInt64, Hashable, Sendable {
        case minimal, network, directoryServicesRepair
    }

    /// What an earlier boot that failed does to the next (`BcdOSLoaderInteger_BootStatusPolicy`).
    package enum BootStatusPolicy: UInt64, Hashable, Sendable {
        case displayAllFailures, ignoreAllFailures, ignoreShutdownFailures, ignoreBootFailures
        case ignoreCheckpointFailures, displayShutdownFailures, displayBootFailures, displayCheckpointFailures
    }

    /// Whether the hypervisor is started.
    package enum HypervisorLaunch: UInt64, Hashable, Sendable {
        case off, automatic
    }

    /// Where the program is.
    package var device: BCDDevice? { device(.applicationDevice) }
    /// The program's file.
    package var path: String? { string(.applicationPath) }
    package var description: String? { string(.description) }
    package var locale: String? { string(.locale) }
    /// Where Windows is.
    package var osDevice: BCDDevice? { device(.osDevice) }
    /// The directory of Windows on that device.
    package var systemRoot: String? { string(.systemRoot) }
    package var safeBoot: SafeBoot? { integer(.safeBoot).flatMap(SafeBoot.init(rawValue:)) }
    package var bootStatusPolicy: BootStatusPolicy? {
        integer(.bootStatusPolicy).flatMap(BootStatusPolicy.init(rawValue:))
    }
    package var hypervisorLaunch: HypervisorLaunch? {
        integer(.hypervisorLaunchType).flatMap(HypervisorLaunch.init(rawValue:))
    }
    /// Objects started when this one fails, if that is not switched off.
    package var recoverySequence: [GUID] { objectIDs(.recoverySequence) }
    package var recoveryEnabled: Bool? { boolean(.recoveryEnabled) }
    /// Drivers need not be signed by anyone Windows trusts.
    package var isTestSigning: Bool { boolean(.testSigning) ?? boolean(.loaderTestSigning) ?? false }
    package var hasNoIntegrityChecks: Bool {
        boolean(.noIntegrityChecks) ?? boolean(.loaderNoIntegrityChecks) ?? false
    }
    /// Emergency management services in Windows.
    package var isEMSOn: Bool { boolean(.ems) ?? false }
    /// The same in the boot manager and the loader.
    package var isBootEMSOn: Bool { boolean(.bootEMS) ?? false }
    package var isWindowsPE: Bool { boolean(.windowsPE) ?? false }
    package var isKernelDebugged: Bool { boolean(.kernelDebugger) ?? false }
    package var isLastKnownGood: Bool { boolean(.lastKnownGood) ?? false }
    /// Seconds the boot manager's menu waits; it says nothing if there is one entry.
    package var timeout: UInt64? { integer(.timeout) }
}
