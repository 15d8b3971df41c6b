import BlockIO
import ByteReading
import FileSystemCore
import Foundation
import GuestFacts
import Testing

@testable import GuestInspection

@Suite struct SecretsTests {
    @Test("Trap 106: of keys, histories and tokens only the names become facts")
    func namesOnly() throws {
        let secret = "hunter2"
        var disk = MemoryFileSystem()
        disk.system()
        let paths = [
            "/root/.bash_history", "/root/.ssh/id_rsa", "/root/.aws/credentials",
            "/etc/pki/consumer/cert.pem",
            "/var/lib/ubuntu-advantage/private/machine-token.json", "/etc/zypp/credentials.d/SCCcredentials",
            "/var/lib/cloud/instance/user-data.txt", "/etc/yum.repos.d/redhat-rhui.repo",
            "/etc/regionserverclnt.cfg",
        ]
        for path in paths { disk.file(path, "password=\(secret)\n") }
        let facts = HygieneInspection(reader: GuestReader(tree: FileTree(root: disk)), homes: ["/root"])
            .inspect()
        let text = String(decoding: try JSONEncoder().encode(facts), as: UTF8.self)
        #expect(!text.contains(secret) && !text.contains("password"))
        let found = facts.secrets + facts.registrations + facts.licences.map(\.evidence)
        #expect(Set(found.compactMap(\.path)).isSuperset(of: paths))
        #expect(
            Set(facts.licences.map(\.value)) == [.cloudRepositories, .subscription, .cloudRegistration])
    }
}
