import ByteReading
import GuestFormats
import TestSupport
import Testing

/// Real hives of other projects.
struct RegistrySamplesTests {
    private static var samples: String? {
        FixtureTool.environment("IMAGECHECK_SAMPLES").map { $0 + "/hives" }
    }

    /// Every key of the hive, in its order.
    static func keys(under key: RegistryKey) throws -> [RegistryKey] {
        var pending = [key]
        var keys: [RegistryKey] = []
        while let key = pending.popLast() {
            keys.append(key)
            pending += try key.subkeys().reversed()
        }
        return keys
    }

    @Test(.enabled(if: samples != nil && FixtureTool.exists("xz")))
    func readsTheSystemHive() throws {
        let path = try #require(Self.samples) + "/regipy/SYSTEM.xz"
        let bytes = try #require(try FixtureTool.run("xz", ["-dc", path]))
        let hive = try Hive(ContentSource(Bytes(bytes)))
        let start = try hive.key("controlset001\\SERVICES\\atapi")?.value("START")
        #expect(start?.integer == 0)
        #expect(start?.type == .dword)
        #expect(try hive.key("ControlSet001\\Services\\nothing") == nil)
        let keys = try Self.keys(under: hive.root)
        #expect(keys.count > 1000)
        for key in keys { _ = try key.values() }
        #expect(hive.damage.map(\.description) == [])
    }
}
