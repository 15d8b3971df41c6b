import ByteReading
import GuestFormats
import TestSupport
import Testing

/// Damaged hives: what is good is read, what is not is told; no trap, no hang.
@Suite(.enabled(if: RegistryFixtures.hasPython))
struct RegistryHostileTests {
    private static func bytes(_ name: String) async throws -> [UInt8] {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make([name], in: folder)
        return try FixtureTool.contents(folder.place(name))
    }

    /// Reads everything there is; returns how many keys.
    @discardableResult
    private static func walk(_ bytes: [UInt8]) -> Int {
        guard let hive = try? Hive(ContentSource(Bytes(bytes))) else { return 0 }
        _ = hive.verify()
        var pending = (try? hive.root).map { [$0] } ?? []
        var count = 0
        while let key = pending.popLast() {
            count += 1
            _ = try? key.className()
            _ = try? key.values()
            _ = try? key.value("Start")
            _ = try? key.subkey("Select")
            pending += (try? key.subkeys()) ?? []
        }
        #expect(hive.damage.count <= 64)
        return count
    }

    @Test(arguments: ["plain", "types", "ri-names", "classes", "minor-1"])
    func anyByteMayBeWrong(_ name: String) async throws {
        let bytes = try await Self.bytes(name)
        let whole = Self.walk(bytes)
        // Padding and free space say nothing.
        let places = bytes.indices.filter { bytes[$0] != 0 || $0 < 64 }
        for index in stride(from: 0, to: places.count, by: max(1, places.count / 500)) {
            let place = places[index]
            for value in [bytes[place] ^ 0x80, 0xFF] {
                var changed = bytes
                changed[place] = value
                #expect(Self.walk(changed) <= whole)
            }
        }
    }

    @Test func anyLengthMayBeLeft() async throws {
        let bytes = try await Self.bytes("ri-names")
        for count in stride(from: 0, to: bytes.count, by: 128) { Self.walk(Array(bytes[..<count])) }
    }

    private static func write(_ value: UInt32, at place: Int, in bytes: inout [UInt8]) {
        for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }

    /// The root of "plain" has two keys in a list; the second is Select.
    private static func listOfRoot(_ bytes: [UInt8]) throws -> Int {
        4096 + Int(try Bytes(bytes).little(UInt32.self, at: 4096 + 32 + 4 + 28)) + 4 + 4
    }

    @Test func keysUnderThemselves() async throws {
        let plain = try await Self.bytes("plain")
        let list = try Self.listOfRoot(plain)
        let select = try Bytes(plain).little(UInt32.self, at: list + 8)
        // The root under itself; a key twice; a key of another key: Services, under ControlSet001.
        let services = try #require(Bytes(plain).firstIndex(of: Array("Services".utf8))) - 76 - 4 - 4096
        for (cell, message) in [(32, "belongs under"), (Int(select), "twice"), (services, "belongs under")] {
            var bytes = plain
            Self.write(UInt32(cell), at: list, in: &bytes)
            let hive = try Hive(ContentSource(Bytes(bytes)))
            #expect(try hive.root.subkeys().map(\.name) == ["Select"])
            #expect(hive.damage.count == 1)
            #expect(hive.damage.first?.message.contains(message) == true, "\(hive.damage)")
            #expect(hive.damage.first?.offset == UInt64(4096 + cell))
            // It may be the one that is asked for, when it has its hash.
            if cell != Int(select) {
                #expect(throws: ImageFault.self) { try hive.root.subkey("ControlSet001") }
            }
            #expect(try hive.root.subkey("Select") != nil)
            #expect(try hive.root.subkey("Absent") == nil)
        }
    }

    @Test func listsInLists() async throws {
        let plain = try await Self.bytes("ri-lh")
        let list = try Self.listOfRoot(plain)
        let own = UInt32(list - 4096 - 8)
        var bytes = plain
        Self.write(own, at: list, in: &bytes)
        Self.write(try Bytes(plain).little(at: list + 8), at: list + 4, in: &bytes)
        let hive = try Hive(ContentSource(Bytes(bytes)))
        // Of 500 keys in parts of 40: without the first part, and with the third for the second.
        #expect(try hive.root.subkeys().count == 420)
        let messages = hive.damage.map(\.message)
        #expect(messages.contains { $0.contains("index root inside another") })
        #expect(messages.contains { $0.contains("twice") })
        #expect(messages.contains { $0.contains("420 subkeys") })
        #expect(throws: ImageFault.self) { try hive.root.subkey("Key00001") }
    }

    @Test func damagedPartsAreIsolated() async throws {
        let plain = try await Self.bytes("plain")
        func hive(_ change: (inout [UInt8]) throws -> Void) rethrows -> Hive {
            var bytes = plain
            try change(&bytes)
            return try! Hive(ContentSource(Bytes(bytes)))
        }
        let image = Bytes(plain)
        let viostor = try #require(image.firstIndex(of: Array("viostor".utf8))) - 76
        let noKey = hive { $0[viostor] = 0 }
        let services = try #require(try noKey.key("ControlSet001\\Services"))
        #expect(try services.subkeys().count == 4)
        #expect(noKey.damage.first?.layers == ["ControlSet001\\Services"])
        #expect(noKey.damage.first?.offset == UInt64(viostor))
        #expect(throws: ImageFault.self) { try services.subkey("viostor") }
        #expect(try services.subkey("vioscsi")?.value("Start")?.integer == 2)
        // A value whose data is gone does not take the others with it.
        let path = try #require(image.firstIndex(of: Array("ImagePath".utf8))) - 20
        let noData = hive { Self.write(0xFFFF_FFF0, at: path + 8, in: &$0) }
        let atapi = try #require(try noData.key("ControlSet001\\Services\\atapi"))
        #expect(try atapi.values().map(\.name) == ["Start"])
        #expect(throws: ImageFault.self) { try atapi.value("ImagePath") }
        #expect(try atapi.value("Start")?.integer == 0)
        #expect(try atapi.value("None") == nil)
        // A value whose record is gone may be any.
        let noRecord = hive { $0[path] = 0 }
        #expect(throws: ImageFault.self) { try noRecord.key("ControlSet001\\Services\\atapi")?.value("None") }
        // More values than their list has place for.
        let start = try #require(image.firstIndex(of: Array("atapi".utf8))) - 76
        let many = hive { Self.write(0x7FFF_FFFF, at: start + 36, in: &$0) }
        #expect(
            try many.key("ControlSet001\\Services\\atapi")?.values().map(\.name) == ["Start", "ImagePath"])
        #expect(!many.damage.isEmpty)
    }

    @Test func theStructureIsVerified() async throws {
        let bytes = try await Self.bytes("many")
        let good = try Hive(ContentSource(Bytes(bytes))).verify()
        #expect(good.faults == [] && good.isComplete && !good.isTruncated)
        #expect(good.binCount > 100)
        #expect(good.declaredSize == UInt64(bytes.count) && good.availableSize == good.declaredSize)
        let limited = try Hive(ContentSource(Bytes(bytes))).verify(limit: 10)
        #expect(limited.binCount == 10 && !limited.isComplete)

        let cut = try Hive(ContentSource(Bytes(Array(bytes[..<(bytes.count - 10_000)])))).verify()
        #expect(cut.isTruncated && cut.isComplete)
        #expect(cut.faults.first?.kind == .truncated)
        #expect(cut.faults.first?.offset == UInt64(bytes.count - 10_000))

        var broken = bytes
        for place in 4096 * 5..<4096 * 7 { broken[place] = 0xEE }
        let holes = try Hive(ContentSource(Bytes(broken))).verify()
        #expect(holes.isComplete && holes.binCount == good.binCount - 2)
        #expect(holes.faults.first?.offset == 4096 * 5)
    }
}
