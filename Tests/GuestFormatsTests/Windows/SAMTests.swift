import ByteReading
import Testing

@testable import GuestFormats

/// Accounts and groups of a SAM, laid out as Windows lays them out; and the same bytes damaged in every place.
/// Real hives are in `WindowsAccessInspectionTests`.
struct SAMTests {
    static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> Number(8 * $0)) }
    }

    static func fixed(
        relative: UInt32 = 500, control: UInt32 = 0x210, lastSet: UInt64 = 0x01D9_3B4E_98CD_8C00,
        expires: UInt64 = 0x7FFF_FFFF_FFFF_FFFF
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 80)
        bytes.replaceSubrange(0x18..<0x20, with: little(lastSet))
        bytes.replaceSubrange(0x20..<0x28, with: little(expires))
        bytes.replaceSubrange(0x30..<0x34, with: little(relative))
        bytes.replaceSubrange(0x38..<0x3C, with: little(control))
        return bytes
    }

    static func variable(name: String, hash: [UInt8] = [], lanManager: [UInt8] = []) -> [UInt8] {
        let texts: [Int: [UInt8]] = [1: name.utf16.flatMap(little), 13: lanManager, 14: hash]
        var entries: [UInt8] = []
        var data: [UInt8] = []
        for index in 0..<17 {
            let own = texts[index] ?? []
            entries += little(UInt32(data.count)) + little(UInt32(own.count)) + little(UInt32(0))
            data += own
        }
        return entries + data
    }

    static let machine: [UInt8] = [
        1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 11, 0, 0, 0, 22, 0, 0, 0, 33, 0, 0, 0,
    ]

    static func member(_ relative: UInt32) -> [UInt8] {
        var bytes = machine + little(relative)
        bytes[1] = 5
        return bytes
    }

    static func alias(_ members: [[UInt8]]) -> [UInt8] {
        let name = "Administrators".utf16.flatMap(little)
        let list = members.flatMap { $0 }
        var head = [UInt8](repeating: 0, count: 0x34)
        head.replaceSubrange(0..<4, with: little(UInt32(0x220)))
        head.replaceSubrange(0x28..<0x2C, with: little(UInt32(name.count)))
        head.replaceSubrange(0x2C..<0x30, with: little(UInt32(list.count)))
        head.replaceSubrange(0x30..<0x34, with: little(UInt32(members.count)))
        return head + name + list
    }

    private func account(_ fixed: [UInt8], _ variable: [UInt8]) throws -> SAMAccount {
        try SAMAccount(fixed: Bytes(fixed), variable: Bytes(variable))
    }

    @Test func flagsAndDates() throws {
        let open = try account(Self.fixed(), Self.variable(name: "Administrator"))
        #expect(open.relative == 500 && open.name == "Administrator")
        #expect(!open.isDisabled && !open.isLocked && open.isNormal && open.passwordNeverExpires)
        #expect(open.expires == nil)
        let closed = try account(
            Self.fixed(relative: 1001, control: 0x411, lastSet: 0, expires: 0x01D9_0000_0000_0000),
            Self.variable(name: "ö"))
        #expect(closed.isDisabled && closed.isLocked && closed.mustChangePassword && closed.name == "ö")
        #expect(closed.expires == 0x01D9_0000_0000_0000)
        #expect(try account(Self.fixed(control: 0x80), Self.variable(name: "PC$")).isNormal == false)
    }

    /// What is stored, and whether that is a password.
    struct Stored: Sendable {
        var head: [UInt8]
        var count: Int
        var isPassword: Bool

        var bytes: [UInt8] { head + [UInt8](repeating: 7, count: count - head.count) }
    }

    static let stored: [Stored] = [
        Stored(head: [], count: 0, isPassword: false),
        Stored(head: [], count: 16, isPassword: true),
        Stored(head: [1, 0, 1, 0], count: 4, isPassword: false),
        Stored(head: [1, 0, 1, 0], count: 20, isPassword: true),
        Stored(head: [1, 0, 2, 0], count: 24, isPassword: false),
        Stored(head: [1, 0, 2, 0], count: 56, isPassword: true),
    ]

    @Test(arguments: stored) func whetherAPasswordIsStored(_ stored: Stored) throws {
        let own = Self.variable(name: "a", hash: stored.bytes)
        #expect(try account(Self.fixed(), own).hasPassword == stored.isPassword)
        let old = Self.variable(name: "a", lanManager: stored.bytes)
        #expect(try account(Self.fixed(), old).hasPassword == stored.isPassword)
    }

    @Test func domainOfTheMachine() throws {
        var fixed = [UInt8](repeating: 0, count: 0x100)
        fixed.replaceSubrange(0x18..<0x20, with: Self.little(Int64(-36_288_000_000_000)))
        let variable = [UInt8](repeating: 0, count: 0x40) + Self.member(512) + Self.machine
        let domain = try SAMDomain(fixed: Bytes(fixed), variable: Bytes(variable))
        #expect(domain.identifier?.description == "S-1-5-21-11-22-33")
        #expect(domain.maximumPasswordAge == 36_288_000_000_000)
        fixed.replaceSubrange(0x18..<0x20, with: Self.little(Int64.min))
        let other = try SAMDomain(fixed: Bytes(fixed), variable: Bytes([1, 2, 3]))
        #expect(other.maximumPasswordAge == nil && other.identifier == nil)
    }

    @Test func membersOfAGroup() throws {
        let everyone: [UInt8] = [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
        let alias = try SAMAlias(parsing: Bytes(Self.alias([Self.member(500), everyone, Self.member(1001)])))
        #expect(alias.relative == 0x220)
        #expect(
            alias.members.map(\.description) == [
                "S-1-5-21-11-22-33-500", "S-1-1-0", "S-1-5-21-11-22-33-1001",
            ])
        let machine = try SecurityIdentifier(parsing: Bytes(Self.machine))
        #expect(alias.members.map { $0.isMember(of: machine) } == [true, false, true])
        #expect(try SAMAlias(parsing: Bytes(Self.alias([]))).members.isEmpty)
    }

    @Test func aListThatClaimsMoreThanItHoldsEnds() throws {
        var bytes = Self.alias([Self.member(500)])
        bytes.replaceSubrange(0x30..<0x34, with: Self.little(UInt32.max))
        #expect(try SAMAlias(parsing: Bytes(bytes)).members.count == 1)
        bytes.replaceSubrange(0x2C..<0x30, with: Self.little(UInt32.max))
        #expect(throws: ImageFault.self) { try SAMAlias(parsing: Bytes(bytes)) }
    }

    /// A value or a fault for every prefix and for every byte changed.
    @Test func damagedBytesGiveAValueOrAFault() {
        let fixed = Self.fixed()
        let variable = Self.variable(name: "Administrator", hash: Self.stored[5].bytes)
        let alias = Self.alias([Self.member(500), Self.member(501)])
        func feed(_ bytes: [UInt8]) {
            _ = try? SAMAccount(fixed: Bytes(bytes), variable: Bytes(variable))
            _ = try? SAMAccount(fixed: Bytes(fixed), variable: Bytes(bytes))
            _ = try? SAMDomain(fixed: Bytes(bytes), variable: Bytes(bytes))
            _ = try? SAMAlias(parsing: Bytes(bytes)).members.map(\.description)
            _ = try? SecurityIdentifier(parsing: Bytes(bytes)).description
            _ = try? WinHTTPSettings(parsing: Bytes(bytes)).proxy
        }
        for bytes in [fixed, variable, alias, Self.machine] {
            for end in 0..<bytes.count { feed(Array(bytes.prefix(end))) }
            for place in bytes.indices {
                for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
                    var changed = bytes
                    changed[place] = value
                    feed(changed)
                }
            }
        }
        #expect(throws: ImageFault.self) { try account(fixed, []) }
        #expect(throws: ImageFault.self) { try SecurityIdentifier(parsing: Bytes([2, 0, 0, 0, 0, 0, 0, 0])) }
    }
}
