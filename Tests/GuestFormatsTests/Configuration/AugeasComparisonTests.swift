import ByteReading
import Foundation
import Testing

@testable import GuestFormats

/// What augeas reads in the same files (its lenses Sysconfig, Interfaces and NetworkManager). Files that it cannot
/// read are left out: its lenses are narrower than the programs.
@Suite(.enabled(if: Surroundings.program("augtool") != nil)) struct AugeasComparisonTests {
    /// `path` → `value` of the leaves below `/files`.
    private func tree(of files: [String: String]) throws -> [String: String] {
        let root = try TemporaryDirectory()
        for (path, text) in files {
            let parent = root.path + "/" + path.split(separator: "/").dropLast().joined(separator: "/")
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            _ = try root.write(path, text)
        }
        let run = try ToolRun(
            try #require(Surroundings.program("augtool")), ["-r", root.path, "print", "/files//*"])
        var result: [String: String] = [:]
        for line in run.output.split(separator: "\n") {
            guard let split = line.firstRange(of: " = \"") else { continue }
            let value = line[split.upperBound...].dropLast().replacing("\\\"", with: "\"")
                .replacing("\\\\", with: "\\")
            result[String(line[..<split.lowerBound].dropFirst(6))] = String(value)
        }
        return result
    }

    private func samples(_ directory: String) -> [(path: String, text: String)] {
        guard let samples = Surroundings.samples else { return [] }
        return Surroundings.files(below: samples + "/" + directory).map { ($0.path, $0.bytes.text) }
    }

    @Test func ifcfg() throws {
        let directory = "/etc/sysconfig/network-scripts"
        var files = [
            "\(directory)/ifcfg-eth0":
                "# written by hand\nDEVICE=\"eth0\"\nBOOTPROTO='none'\nIPADDR=10.0.0.2\nNETMASK=255.255.255.0\nexport MTU=1460\nHWADDR=52:54:00:AA:bb:CC # old\n",
            "\(directory)/ifcfg-eth1": "DEVICE=eth1\nBOOTPROTO=dhcp\nONBOOT=yes\nNAME=\"System eth1\"\n",
        ]
        for sample in samples("NetworkManager/ifcfg-rh/tests/network-scripts")
        where sample.path.hasPrefix("ifcfg-")
            && IfcfgFile.isInterfaceFile(sample.path, readBy: .scripts, of: .redHat)
        {
            files["\(directory)/\(sample.path)"] = sample.text
        }
        let tree = try tree(of: files)
        var compared = 0
        for (path, text) in files {
            let ours = try ShellAssignments(configBytes(text), name: path)
            for (place, value) in tree where place.hasPrefix(path + "/") {
                let name = place.dropFirst(path.utf8.count + 1)
                guard !name.contains("/"), !name.hasPrefix("#"), !name.contains("[") else { continue }
                // augeas keeps quotes and escapes as they stand; only whole quoted values can be compared.
                let plain = AsciiText.unquoted(value)
                guard ours[String(name)]?.isExact != false, !plain.contains(where: { "\\'\"$`".contains($0) })
                else {
                    continue
                }
                #expect(ours.value(String(name)) == plain, "\(place)")
                compared += 1
            }
        }
        #expect(compared >= 10)
    }

    @Test func interfaces() throws {
        let path = "/etc/network/interfaces"
        var texts = [
            """
            auto lo eth0
            allow-hotplug eth1
            iface lo inet loopback
            iface eth0 inet static
                address 10.0.0.2/24
                gateway 10.0.0.1
                up ip route add 10.1.0.0/16 via 10.0.0.254
            iface eth1 inet dhcp
            iface eth1 inet6 auto

            """
        ]
        texts += samples("NetworkManager/ifupdown/tests").map(\.text)
        var compared = 0
        for text in texts {
            let tree = try tree(of: [path: text])
            let ours = try InterfacesFile(configFile(path, text)) { (_) throws(ImageFault) in [] }
            func value(_ list: String, _ index: Int, _ key: String) -> String? {
                tree["\(path)/\(list)[\(index)]\(key)"] ?? (index == 1 ? tree["\(path)/\(list)\(key)"] : nil)
            }
            // Stanzas that augeas does not know make it refuse the file, or leave them out.
            let count = (1...64).prefix { value("iface", $0, "") != nil }.count
            guard count == ours.stanzas.count else { continue }
            for (index, stanza) in ours.stanzas.enumerated() {
                #expect(value("iface", index + 1, "") == stanza.name)
                if let family = value("iface", index + 1, "/family") { #expect(family == stanza.family) }
                if let method = value("iface", index + 1, "/method") { #expect(method == stanza.method) }
                if let address = value("iface", index + 1, "/address") {
                    #expect(address == stanza.value("address"))
                }
                compared += 1
            }
        }
        #expect(compared >= 4)
    }

    @Test func keyfiles() throws {
        let directory = "/etc/NetworkManager/system-connections"
        var files = [
            "\(directory)/eth0":
                "[connection]\nid=eth0\ntype=ethernet\ninterface-name=eth0\nautoconnect-priority=5\n\n[ipv4]\nmethod=manual\naddress1=10.0.0.2/24,10.0.0.1\n"
        ]
        for sample in samples("NetworkManager/keyfile/tests/keyfiles") {
            files["\(directory)/\(sample.path)"] = sample.text
        }
        let tree = try tree(of: files)
        var compared = 0
        for (path, text) in files {
            let ours = try KeyFile(configBytes(text), name: path)
            for (place, value) in tree where place.hasPrefix(path + "/") && !value.contains("\\") {
                let parts = place.dropFirst(path.utf8.count + 1).split(separator: "/").map(String.init)
                guard parts.count == 2, !parts[1].hasPrefix("#"), !place.contains("[") else { continue }
                #expect(ours.last(parts[0], parts[1])?.value == value, "\(place)")
                compared += 1
            }
        }
        #expect(compared >= 6)
    }
}
