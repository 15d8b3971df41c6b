package import ByteReading

/// What the boot manager starts when nobody touches a key.
///
/// First, once, what a one-shot sequence names; then it resumes a hibernated Windows if it was told to; then the
/// default object, if the display order has it, or else the first entry of the order. Entries without device or
/// description do not count (`BmMain`, `BmEnumerateBootEntries`, `BmpPopulateBootEntryList`,
/// `BmpGetDefaultBootEntry` in ReactOS, boot/environ/app/bootmgr/bootmgr.c, which follows Windows 8's).
package struct BCDSelection: Sendable {
    /// Why an entry is the one.
    package enum Reason: Hashable, Sendable {
        case defaultObject
        /// The only entry there is.
        case onlyEntry
        /// The first of the order, because there is no default, or it is not in the order.
        case firstOfOrder
    }

    /// Objects of the one-shot sequence that exist. The sequence is deleted when it is used.
    package let oneShot: [BCDSettings]
    /// The program that resumes a hibernated Windows, if the boot manager tries that.
    package let resume: BCDSettings?
    /// The entry that starts by itself; nil if there is none.
    package let entry: BCDSettings?
    package let reason: Reason
    /// All entries of the menu, in order.
    package let order: [BCDSettings]
    /// What the default or the order names and is not there, or cannot be used.
    package let unusable: [GUID]
    /// The default object, when it can be started and the order does not have it. The boot manager of Windows 8 takes
    /// ``entry`` then; of others that is not known.
    package let defaultOutsideOrder: BCDSettings?
}

extension BCDStore {
    /// What its boot manager starts; nil if the store has no boot manager.
    package var selection: BCDSelection? {
        guard let manager = bootManager else { return nil }
        let defaultID = manager.objectID(.defaultObject)
        var names = manager.objectIDs(.displayOrder)
        if names.isEmpty { names = defaultID.map { [$0] } ?? [] }
        var order: [BCDSettings] = []
        var unusable: [GUID] = []
        for id in names {
            if let settings = settings(of: id), settings.isUsableEntry {
                order.append(settings)
            } else {
                unusable.append(id)
            }
        }
        let byDefault = defaultID.flatMap { id in order.first { $0.object.id == id } }
        let outside =
            byDefault == nil ? defaultID.flatMap(settings).flatMap { $0.isUsableEntry ? $0 : nil } : nil
        let resume = manager.boolean(.attemptResume) == true ? manager.objectID(.resumeObject) : nil
        return BCDSelection(
            oneShot: manager.objectIDs(.bootSequence).compactMap(settings),
            resume: resume.flatMap(settings), entry: byDefault ?? order.first,
            reason: order.count == 1 && byDefault == nil
                ? .onlyEntry : byDefault != nil ? .defaultObject : .firstOfOrder,
            order: order, unusable: unusable, defaultOutsideOrder: outside)
    }
}

extension BCDSettings {
    /// Whether the boot manager takes it as an entry. A loader of Windows needs no path: it has a usual one.
    fileprivate var isUsableEntry: Bool {
        self[.applicationDevice] != nil && self[.description] != nil
            && (self[.applicationPath] != nil || object.type.application == .osLoader)
    }
}
