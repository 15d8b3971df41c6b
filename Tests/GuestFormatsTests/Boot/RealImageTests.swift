import ByteReading
import Foundation
import GuestFormats
import Testing

/// Raw images of whole systems, when a directory of them is named.
private let imageDirectory = ProcessInfo.processInfo.environment["IMAGECHECK_IMAGES"]

private func images() -> [String] {
    guard let imageDirectory else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: imageDirectory)) ?? []
    return names.filter { $0.hasSuffix(".raw") }.sorted().map { "\(imageDirectory)/\($0)" }
}

func fileSource(_ path: String) throws -> BootSource {
    let handle = try #require(FileHandle(forReadingAtPath: path))
    let size = try handle.seekToEnd()
    let lock = NSLock()
    return BootSource(size: size) { (offset, count) throws(ImageFault) in
        lock.lock()
        defer { lock.unlock() }
        do {
            try handle.seek(toOffset: offset)
            return Bytes(Array(try handle.read(upToCount: count) ?? Data()), origin: offset)
        } catch {
            throw ImageFault(.io, "\(error)")
        }
    }
}

@Suite(.enabled(if: imageDirectory != nil)) struct RealImageTests {
    @Test(arguments: images()) func theFirstSectorLeadsSomewhere(path: String) throws {
        let trace = BIOSBoot.trace(try fileSource(path))
        guard path.contains("bios"), !path.contains("+") else {
            print(path, trace.steps)
            return
        }
        let core = try #require(trace.coreImage)
        let start = try #require(trace.grubStart)
        #expect(core.hasRedundancy)
        #expect(core.repairedBytes == 0)
        #expect(core.modules.moduleNames.contains("biosdisk"))
        print(path, trace.steps, start, core.modules.moduleNames, core.sectors)
    }
}
