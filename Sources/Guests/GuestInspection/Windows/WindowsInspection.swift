import FileSystemCore
import GuestFacts
import GuestFormats

/// Reads one Windows and fills the facts area by area.
struct WindowsInspection {
    let layout: DiskLayout
    let root: VolumeID
    let fileSystem: any FileSystemReader
    /// `/Windows`
    let systemRoot: String

    func inspect() -> WindowsFacts {
        let reader = WindowsReader(
            layout: layout, volume: root, fileSystem: fileSystem, systemRoot: systemRoot)
        let identity = WindowsIdentityInspection(reader: reader).inspect()
        var facts = WindowsFacts(
            rootVolume: root, systemRoot: systemRoot, identity: identity,
            services: WindowsServiceInspection(reader: reader).inspect())
        if let damage = reader.hive("SYSTEM").value?.damage.first {
            facts.servicesGap = Gap(damage, at: reader.displayControl("Services"))
        }
        facts.controlSet = reader.controlSet
        facts.drivers = WindowsDriverInspection(
            reader: reader, identity: identity, services: facts.services
        ).inspect()
        facts.boot = WindowsBootInspection(reader: reader, identity: identity).inspect()
        facts.volumes = WindowsVolumeInspection(reader: reader, identity: identity).inspect()
        facts.setup = WindowsSetupInspection(reader: reader).inspect(identity)
        facts.system = WindowsSystemInspection(reader: reader).inspect()
        facts.network = WindowsNetworkInspection(reader: reader).inspect()
        facts.access = WindowsAccessInspection(
            reader: reader, generation: identity.generation, services: facts.services
        ).inspect()
        facts.agents = WindowsAgentInspection(reader: reader, services: facts.services).inspect()
        facts.hives = WindowsHiveInspection(reader: reader).inspect(identity)
        facts.gaps = reader.files.gaps
        return facts
    }
}
