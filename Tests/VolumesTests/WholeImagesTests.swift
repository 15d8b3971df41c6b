import BlockIO
import ByteReading
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import Volumes

/// Raw disk images in the directory that `IMAGECHECK_IMAGES` names, held against sfdisk and blkid.
@Suite(.enabled(if: unsafe getenv("IMAGECHECK_IMAGES") != nil))
struct WholeImagesTests {
    @Test func tablesAndVolumes() async throws {
        guard let value = unsafe getenv("IMAGECHECK_IMAGES") else { return }
        let folder = unsafe String(cString: value)
        let list = try await HostTool.shell("ls '\(folder)'/*.raw")
        for path in list.split(separator: "\n").map(String.init) {
            let disk = try FileSource(FilePath(path))
            let table = try PartitionTable(of: disk)
            let expected = try await HostTool.shell("sfdisk -d '\(path)'").split(separator: "\n")
            let lines = expected.filter { $0.contains("start=") }
            #expect(table.partitions.count == lines.count, "\(path)")
            for (partition, line) in zip(table.partitions, lines) {
                let words = line.split { " ,=".contains($0) }
                func field(_ name: String) -> String? {
                    guard let index = words.firstIndex(where: { $0 == name }), index + 1 < words.count else {
                        return nil
                    }
                    return String(words[index + 1])
                }
                #expect(field("start") == "\(partition.start / 512)", "\(path)")
                #expect(field("size") == "\(partition.size / 512)", "\(path)")
                if let identity = field("uuid") {
                    #expect(identity.lowercased() == partition.partUUID, "\(path)")
                }
                let text = try await HostTool.shell(
                    "blkid -p -o export --offset \(partition.start) --size \(partition.size) '\(path)' || true"
                )
                func tag(_ name: String) -> String? {
                    text.split(separator: "\n").first { $0.hasPrefix(name + "=") }
                        .map { String($0.dropFirst(name.count + 1).filter { $0 != "\\" }) }
                }
                let found = try VolumeProbe.identify(partition.source(on: disk))
                #expect(found.first?.kind == tag("TYPE"), "\(path) \(partition.number)")
                #expect(found.first?.uuid == tag("UUID"), "\(path) \(partition.number)")
                #expect(found.first?.label == tag("LABEL"), "\(path) \(partition.number)")
            }
        }
    }
}
