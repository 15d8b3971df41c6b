/// What updates have left to be done, in files and in three hives.
package struct WindowsServicingFacts: Sendable, Hashable, Codable {
    /// A sign of work that is not done.
    package enum Marker: String, Sendable, Hashable, Codable, CaseIterable {
        /// `WinSxS\pending.xml`: the list of what the next start is to do.
        case pendingFile
        /// `SetupExecute` runs poqexec, which carries that list out before anything else.
        case pendingExecution
        /// `PendingXmlIdentifier` of the COMPONENTS hive: the list that is being carried out.
        case transaction
        /// `ExecutionState` or `NextQueueEntryIndex` of the COMPONENTS hive: it was begun.
        case execution
        /// `AdvancedInstallersNeedResolving`, `StoreDirty`: the component store is not settled.
        case unsettledStore
        /// The key `RebootInProgress`: the restart that carries it out has begun.
        case rebootInProgress
        /// The key `RebootPending`
        case rebootPending
        /// The key `PackagesPending`
        case packagesPending
        /// A package whose state is between absent and installed.
        case pendingPackage
        /// `SessionsPending\Exclusive`, or a session without `Complete`.
        case session
        /// `WindowsUpdate\Auto Update\RebootRequired`
        case windowsUpdate
        /// `UpdateExeVolatile` of old update programs.
        case updateProgram
    }

    /// The signs found, each with where it stands.
    package var markers: [Located<Marker>] = []
    /// How many files the next start is to rename or delete (`PendingFileRenameOperations`).
    package var renameCount = 0
    /// Those of them that concern drivers, the kernel or the registry.
    package var systemRenames: [WindowsRename] = []
    /// What should tell whether the next start has something to carry out, and could not be read.
    package var gaps: [Gap] = [.notLookedAt(#"C:\Windows\WinSxS"#)]
    /// Other places that could not be read; a start does not hang on them.
    package var otherGaps: [Gap] = []

    package init() {}

    package func evidence(_ wanted: Set<Marker>) -> [Evidence] {
        markers.filter { wanted.contains($0.value) }.map(\.evidence)
    }

    package func has(_ marker: Marker) -> Bool { markers.contains { $0.value == marker } }
}

/// A file that the next start renames or deletes.
package struct WindowsRename: Sendable, Hashable, Codable {
    /// As it stands there: `\??\C:\Windows\System32\drivers\viostor.sys`.
    package var source: String
    /// Its new name; nil when it is deleted.
    package var target: String?

    package init(source: String, target: String?) {
        self.source = source
        self.target = target
    }
}

/// An update or another package of the component store.
package struct WindowsPackage: Sendable, Hashable, Codable {
    /// Values of `CurrentState`.
    package enum State: Int, Sendable, Hashable, Codable {
        case absent = 0x00
        case uninstallPending = 0x05
        case resolved = 0x20
        case staged = 0x40
        case superseded = 0x50
        case installPending = 0x60
        case partlyInstalled = 0x65
        case installed = 0x70
        case permanent = 0x80
    }

    /// The key's name: `Package_for_KB3033929~31bf3856ad364e35~amd64~~6.1.1.1`.
    package var name: String
    /// `CurrentState`; nil when it is absent.
    package var stateNumber: Int?
    /// Numbers of the articles it is known by, from its name or from where it was installed from.
    package var articles: [Int] = []

    package init(name: String, stateNumber: Int?) {
        self.name = name
        self.stateNumber = stateNumber
    }

    package var state: State? { stateNumber.flatMap(State.init(rawValue:)) }

    package var isInstalled: Bool { state == .installed || state == .permanent }

    /// A rollup of everything up to its version.
    package var isRollup: Bool { name.lowercased().hasPrefix("package_for_rollupfix") }

    /// The last part of the name: `9600.20246.1.7`.
    package var version: [Int] {
        let text = name.split(separator: "~", omittingEmptySubsequences: false).last ?? ""
        return text.split(separator: ".").map { Int($0) ?? 0 }
    }

    package var evidence: Evidence {
        let state =
            stateNumber.map { "CurrentState = 0x\(String($0, radix: 16))" } ?? "CurrentState is absent"
        return Evidence(
            path: #"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\"#
                + name,
            excerpt: state)
    }
}
