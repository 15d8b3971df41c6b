import TestSupport
import Testing

/// The program at work on whole images, from the command line to the exit code.
struct GuestImageTests {
    private static let folder = Snapshot.repository + "testimages/images/"
    private let healthy = GuestImageTests.folder + "healthy-bios-mbr.qcow2"

    @Test func scanSaysThatAHealthyGuestBoots() async throws {
        let answer = try await Tool.imagecheck.run("scan", "--target", "kvm", healthy)
        #expect(answer.code == 0 && answer.complaint.isEmpty)
        #expect(answer.output.contains("boots: yes   reachable: yes"))
        #expect(answer.output.contains("Debian GNU/Linux 12 (bookworm)"))
    }

    @Test(arguments: [("error", Int32(0)), ("warning", 1), ("never", 0)])
    func failOnDecidesTheExitCode(_ severity: String, _ code: Int32) async throws {
        let answer = try await Tool.imagecheck.run(
            "scan", "--target", "kvm", "--fail-on", severity, healthy)
        #expect(answer.code == code)
    }

    @Test func theJSONIsTheReport() async throws {
        let answer = try await Tool.imagecheck.run("scan", "--target", "kvm", "--format", "json", healthy)
        let report = try JSONValue(parsing: Array(answer.output.utf8))
        let schema = JSONSchema(try JSONValue(parsing: Snapshot.file("schema/report-1.schema.json")))
        #expect(schema.violations(of: report) == [])
        #expect(report["image"]?["path"] == .string(healthy))
        #expect(report["guests"]?[0]?["verdicts"]?[0]?["boots"] == .string("yes"))
    }

    @Test func diskWithoutASystem() async throws {
        let answer = try await Tool.imagecheck.run(
            "scan", "--fail-on", "error", GuestImageTests.folder + "data-disk.qcow2")
        #expect(answer.code == 1)
        #expect(answer.output.contains("SystemImage.DataDisk"))
    }

    @Test func lookingInside() async throws {
        let list = try await Tool.imagecheck.run("ls", healthy + ":/boot")
        #expect(list.code == 0 && list.output.contains("vmlinuz-6.1.0-50-amd64"))
        let content = try await Tool.imagecheck.run("cat", healthy + ":/etc/hostname")
        #expect(content.code == 0 && content.output == "debian\n")
        let absent = try await Tool.imagecheck.run("cat", healthy + ":/etc/nothing")
        #expect(absent.code != 0 && absent.output.isEmpty && !absent.complaint.isEmpty)
    }
}
