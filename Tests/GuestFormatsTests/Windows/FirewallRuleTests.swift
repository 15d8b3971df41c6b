import ByteReading
import Testing

@testable import GuestFormats

/// Rules as Windows ships them and as people write them ([MS-GPFAS] 2.2.2.19).
struct FirewallRuleTests {
    @Test func theRuleOfRemoteDesktop() throws {
        let rule = try #require(
            FirewallRule(
                #"v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Private|LPort=3389|App=%SystemRoot%\system32\svchost.exe|Svc=termservice|Name=@FirewallAPI.dll,-28775|Desc=@FirewallAPI.dll,-28756|EmbedCtxt=@FirewallAPI.dll,-28752|"#
            ))
        #expect(rule.version == "2.31" && rule.action == .allow && rule.direction == .inbound)
        #expect(rule.isActive && rule.protocolNumber == 6)
        #expect(rule.ports == .some([3389...3389]))
        #expect(rule.profiles == ["domain", "private"])
        #expect(rule.program == #"%SystemRoot%\system32\svchost.exe"# && rule.service == "termservice")
        #expect(rule.group == "@FirewallAPI.dll,-28752" && rule.name == "@FirewallAPI.dll,-28775")
        #expect(rule.remoteAddresses.isEmpty && rule.conditions.isEmpty)
    }

    @Test func rangesListsAndKeywords() {
        func ports(_ text: String) -> FirewallRule.Ports? {
            FirewallRule("v2.10|Action=Block|Active=TRUE|Dir=In|Protocol=6|\(text)|")?.ports
        }
        #expect(ports("LPort2_10=1-66|LPort2_10=69-55554") == .some([1...66, 69...55554]))
        #expect(ports("LPort=80,443, 8080") == .some([80...80, 443...443]))
        #expect(ports("LPort=RPC") == .some([]))
        #expect(ports("LPort2_20=mDNS|LPort=5353") == .some([5353...5353]))
        #expect(ports("LPort2_10=70-3") == .some([]))
        #expect(ports("LPort=99999") == .some([]))
        #expect(ports("Name=x") == .all)
    }

    @Test func whatNarrowsARule() throws {
        let rule = try #require(
            FirewallRule(
                "v2.30|Action=ByPass|Dir=Out|RA4=LocalSubnet|RA6=fe80::/64|IFType=Lan|Security2=Auth|Name=a=b|Edge=TRUE|"
            ))
        #expect(rule.action == .bypass && rule.direction == .outbound && !rule.isActive)
        #expect(rule.remoteAddresses == ["LocalSubnet", "fe80::/64"])
        #expect(rule.conditions == ["IFType", "Security2"])
        #expect(rule.name == "a=b")
    }

    @Test(arguments: [
        "", "|", "x", "v", "vx|Action=Allow|", "v2.0|", "v2.0|Active=TRUE|", "v2.0|Action=Maybe|",
        "v2.0|Action=Allow|Protocol=300|", "v2.0|Action=Allow|Protocol=-1|",
    ]) func whatIsNoRule(_ text: String) {
        #expect(FirewallRule(text) == nil)
    }

    @Test func allProtocols() throws {
        #expect(try #require(FirewallRule("v2.0|Action=Allow|Protocol=256|")).protocolNumber == nil)
    }

    /// A rule, nothing, and never a trap, for every prefix and many changes.
    @Test func damagedText() {
        let text = Array(
            "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort2_10=1-66|RA4=1.2.3.4-2|App=ä|".utf8)
        for end in 0...text.count { _ = FirewallRule(String(decoding: text.prefix(end), as: UTF8.self)) }
        for place in text.indices {
            for value: UInt8 in [0, 0x2C, 0x2D, 0x3D, 0x39, 0x7C, 0xFF] {
                var changed = text
                changed[place] = value
                _ = FirewallRule(String(decoding: changed, as: UTF8.self))
            }
        }
    }

    @Test func proxyOfSystemServices() throws {
        let direct: [UInt8] = [0x18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(try WinHTTPSettings(parsing: Bytes(direct)).proxy == nil)
        let proxy = Array("p:3128".utf8)
        let named: [UInt8] = [0x28, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0] + proxy + [0, 0, 0, 0]
        #expect(try WinHTTPSettings(parsing: Bytes(named)).proxy == "p:3128")
        #expect(throws: ImageFault.self) { try WinHTTPSettings(parsing: Bytes(named.dropLast(8))) }
    }
}
