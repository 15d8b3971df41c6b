package import ByteReading

/// Objects that have the same GUID in every store (“Well-known BCD object identifiers”, BCD reference, Microsoft).
package enum WellKnownBCDObject {
    package static let bootManager = id("9dea862c-5cdd-4e70-acc1-f32b344d4795")
    package static let firmwareBootManager = id("a5a30fa2-3d06-4e9f-b5f4-a01df9d1fcba")
    package static let globalSettings = id("7ea2e1ac-2e61-4728-aaa3-896d9d0a9f0e")
    package static let bootLoaderSettings = id("6efb52bf-1766-41db-a6b3-0ee5eff72bd7")
    package static let resumeLoaderSettings = id("1afa9c49-16ab-4a5c-901b-212802da9460")
    package static let emsSettings = id("0ce4991b-e6b3-4b16-b23c-5e0d9250e5d9")
    package static let debuggerSettings = id("4636856e-540f-4170-a130-a84776f4c654")
    package static let badMemory = id("5189b25c-5558-4bf2-bca4-289b11bd29e2")
    package static let hypervisorSettings = id("7ff607e0-4395-11db-b0de-0800200c9a66")
    package static let memoryDiagnostic = id("b2721d73-1db4-4c62-bf78-c548a880142d")
    package static let ntldr = id("466f5a88-0af2-4f76-9038-095b170dc21c")
    package static let ramDiskOptions = id("ae5534e0-a924-466c-b836-758539a3ee3a")

    private static let names: [GUID: String] = [
        bootManager: "{bootmgr}", firmwareBootManager: "{fwbootmgr}", globalSettings: "{globalsettings}",
        bootLoaderSettings: "{bootloadersettings}", resumeLoaderSettings: "{resumeloadersettings}",
        emsSettings: "{emssettings}", debuggerSettings: "{dbgsettings}", badMemory: "{badmemory}",
        hypervisorSettings: "{hypervisorsettings}", memoryDiagnostic: "{memdiag}", ntldr: "{ntldr}",
        ramDiskOptions: "{ramdiskoptions}",
    ]

    /// As `bcdedit` calls an object: by its name, or by its GUID in braces.
    package static func name(of id: GUID) -> String { names[id] ?? "{\(id)}" }

    private static func id(_ text: String) -> GUID {
        guard let id = GUID(text) else { preconditionFailure("\(text) is no GUID") }
        return id
    }
}
