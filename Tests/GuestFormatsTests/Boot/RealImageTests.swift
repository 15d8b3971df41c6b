import ByteReading
import Foundation
import GuestFormats
import Testing

/// Raw images of whole systems, when a directory of them is named.
private let imageDirectory = ProcessInfo.processInfo.environment["IMAGECHECK_IMAGES"]

/// The images on ext4 alone, which `debugfs` reads; those on other stacks are judged by the tests of the product.
private func images() -> [String] {
    guard let imageDirectory else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: imageDirectory)) ?? []
    let plain = names.filter { $0.contains("-bios-") || $0.contains("-uefi-") }
    return plain.filter { $0.hasSuffix(".raw") }.sorted().map { "\(imageDirectory)/\($0)" }
}

/// A file, read where it is needed.
func fileSource(_ path: String) throws -> ContentSource {
    let handle = try #require(FileHandle(forReadingAtPath: path))
    let size = try handle.seekToEnd()
    let lock = NSLock()
    return ContentSource(size: size) { (offset, count) throws(ImageFault) in
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

/// What a program prints.
func output(_ program: String, _ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle(forWritingAtPath: "/dev/null")
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return data
}

/// A disk image through sfdisk, blkid, debugfs and mtools.
private struct ToolHost: GrubHost, EFISystemPartition {
    struct Partition {
        let name: String
        let offset: UInt64
        let uuid: String
        let isFAT: Bool
    }

    let image: String
    let partitions: [Partition]

    init(_ image: String) throws {
        self.image = image
        let json =
            try JSONSerialization.jsonObject(with: try output("sfdisk", ["-J", image])) as? [String: Any]
        let table = try #require(json?["partitiontable"] as? [String: Any])
        let isGPT = table["label"] as? String == "gpt"
        let entries = try #require(table["partitions"] as? [[String: Any]])
        partitions = try entries.enumerated().map { index, entry in
            let offset = UInt64(try #require(entry["start"] as? Int)) * 512
            let arguments = ["-p", "-O", "\(offset)", "-o", "value", "-s"]
            func value(_ tag: String) throws -> String {
                String(decoding: try output("blkid", arguments + [tag, image]), as: UTF8.self)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
            }
            return Partition(
                name: "hd0,\(isGPT ? "gpt" : "msdos")\(index + 1)", offset: offset,
                uuid: try value("UUID"), isFAT: try value("TYPE") == "vfat")
        }
    }

    private func partition(_ device: GrubDevice) -> Partition? { partitions.first { $0.name == device.name } }

    private func debugfs(_ command: String, _ partition: Partition) -> String {
        let target = "\(image)?offset=\(partition.offset)"
        return String(decoding: (try? output("debugfs", ["-R", command, target])) ?? Data(), as: UTF8.self)
    }

    func device(named name: String) throws(ImageFault) -> GrubDevice? {
        partitions.contains { $0.name == name } ? GrubDevice(name) : nil
    }

    func device(
        matching key: GrubSearchKey, hints: [String], where sees: (GrubDevice) -> Bool
    ) throws(ImageFault) -> GrubDevice? {
        guard case .fileSystemUUID(let uuid) = key else { return nil }
        return partitions.first { $0.uuid == uuid }.map { GrubDevice($0.name) }
    }

    func file(at path: String, on device: GrubDevice) throws(ImageFault) -> GrubFile? {
        guard let partition = partition(device) else { return nil }
        if partition.isFAT {
            if let file = try file(at: path) { return GrubFile(size: file.size) }
            return try names(inDirectory: path) == nil ? nil : GrubFile(isDirectory: true)
        }
        let text = debugfs("stat \(path)", partition)
        guard text.contains("Inode:") else { return nil }
        let size =
            text.components(separatedBy: "Size: ").dropFirst().first.flatMap {
                UInt64($0.prefix { $0.isWholeNumber })
            } ?? 0
        return GrubFile(isDirectory: text.contains("Type: directory"), size: size)
    }

    func contents(of path: String, on device: GrubDevice, limit: Int) throws(ImageFault) -> Bytes? {
        guard let partition = partition(device), try file(at: path, on: device) != nil else { return nil }
        if partition.isFAT { return try file(at: path)?.readAll(limit: limit) }
        return Bytes(Array(debugfs("cat \(path)", partition).utf8))
    }

    func names(inDirectory path: String, on device: GrubDevice) throws(ImageFault) -> [String]? { nil }
    func property(_ property: GrubDeviceProperty, of device: GrubDevice) throws(ImageFault) -> String? { nil }

    private var fat: String { "\(image)@@\(partitions.first { $0.isFAT }?.offset ?? 0)" }

    func file(at path: String) throws(ImageFault) -> ContentSource? {
        guard let data = try? output("mtype", ["-i", fat, "::\(path)"]), !data.isEmpty else { return nil }
        return ContentSource(Bytes(Array(data)))
    }

    func names(inDirectory path: String) throws(ImageFault) -> [String]? {
        guard let data = try? output("mdir", ["-b", "-i", fat, "::\(path)"]), !data.isEmpty else {
            return nil
        }
        let names = String(decoding: data, as: UTF8.self).split(separator: "\n").map { line in
            String(line.split(separator: "/").last ?? "")
        }
        return names
    }
}

@Suite(.enabled(if: imageDirectory != nil)) struct RealImageTests {
    @Test(arguments: images()) func fromFirmwareToKernel(path: String) throws {
        let host = try ToolHost(path)
        let trace: BootTrace
        if path.contains("uefi") {
            #expect(BIOSBoot.trace(try fileSource(path)).stop == .bootCodeMissing)
            trace = EFIBoot.trace(host, machine: .x64, device: GrubDevice("hd0,gpt1"))
            #expect(
                trace.steps.map(\.place) == [
                    "/EFI/BOOT/BOOTX64.EFI", "/EFI/debian/BOOTX64.CSV", "/EFI/BOOT/fbx64.efi",
                    "/EFI/debian/shimx64.efi", "/EFI/debian/grubx64.efi",
                ])
            #expect(trace.loader?.image.isSigned == true)
        } else {
            trace = BIOSBoot.trace(try fileSource(path))
            let core = try #require(trace.coreImage)
            #expect(core.hasRedundancy)
            #expect(core.repairedBytes == 0)
            #expect(core.modules.moduleNames.contains("biosdisk"))
        }
        let result = try #require(trace.runGrub(on: host))
        let selection = try #require(result.selection, "\(result.outcome) \(result.notes)")
        #expect(result.isCertain)
        #expect(selection.loader == .linux)
        #expect(selection.image.path.contains("/vmlinuz-"))
        #expect(selection.initrds.count == 1)
        #expect(selection.commandLine.hasPrefix("root="))
        #expect(result.menu?.entries.prefix(2).map(\.children.count) == [0, 2])
    }
}

/// Images broken on purpose, and how far their real starts got in QEMU.
@Suite(.enabled(if: imageDirectory != nil)) struct BrokenImageTests {
    static let expected: [(String, String)] = [
        ("bookworm-bios-gpt+bios-boot-zeroed", "coreImageDamaged"),
        ("bookworm-bios-mbr+core-img-damaged", "coreImageDamaged"),
        ("bookworm-bios-mbr+grub-cfg-empty", "prompt"),
        ("bookworm-bios-mbr+grub-cfg-missing", "prompt"),
        ("bookworm-bios-mbr+grub-cfg-search-wrong-uuid", "boots Debian GNU/Linux"),
        ("bookworm-bios-mbr+grub-cfg-syntax", "boots Advanced options for Debian GNU/Linux"),
        ("bookworm-bios-mbr+grub-default-out-of-range", "boots Debian GNU/Linux"),
        ("bookworm-bios-mbr+saved-entry-removed-kernel", "boots Debian GNU/Linux"),
        ("bookworm-bios-mbr+grub-normal-mod-missing", "rescue"),
        ("bookworm-bios-mbr+grub-wait-forever", "waits Debian GNU/Linux"),
        ("bookworm-bios-mbr+initrd-missing", "boots Debian GNU/Linux without initrd"),
        ("bookworm-bios-mbr+kernel-empty", "menu"),
        ("bookworm-bios-mbr+kernel-missing", "menu"),
        // GRUB does not notice that the end is missing.
        ("bookworm-bios-mbr+kernel-truncated", "boots Debian GNU/Linux"),
        ("bookworm-bios-mbr+mbr-code-zeroed", "bootCodeMissing"),
        ("bookworm-bios-mbr+mbr-signature-zeroed", "bootSignatureMissing"),
        ("bookworm-uefi-gpt+esp-fallback-without-grub", "boots Debian GNU/Linux"),
        ("bookworm-uefi-gpt+esp-loader-truncated", "programTruncated"),
        ("bookworm-uefi-gpt+esp-no-fallback", "removablePathMissing"),
        ("bookworm-uefi-gpt+esp-shim-without-grub", "secondStageMissing"),
        ("bookworm-uefi-gpt+esp-stub-missing", "prompt"),
        ("bookworm-uefi-gpt+esp-stub-wrong-uuid", "prompt"),
        ("bookworm-uefi-gpt+grub-normal-mod-missing", "boots Debian GNU/Linux"),
    ]

    @Test(arguments: expected) func endsAsItsRealStart(name: String, outcome: String) throws {
        let path = "\(imageDirectory ?? "")/broken/\(name).raw"
        guard FileManager.default.fileExists(atPath: path) else { return }
        let found: String
        if name.contains("signature") {
            found = BIOSBoot.trace(try fileSource(path)).stop.map { "\($0)" } ?? ""
        } else {
            let host = try ToolHost(path)
            let trace =
                name.contains("uefi")
                ? EFIBoot.trace(host, machine: .x64, device: GrubDevice("hd0,gpt1"))
                : BIOSBoot.trace(try fileSource(path))
            found = describe(trace, trace.runGrub(on: host))
        }
        #expect(found == outcome)
    }

    private func describe(_ trace: BootTrace, _ result: GrubEvaluation?) -> String {
        if let stop = trace.stop { return String("\(stop)".prefix { $0 != "(" }) }
        guard let result else { return "\(trace.destination)" }
        guard let selection = result.selection else { return result.outcome.name }
        let verb = result.notes.contains { $0.kind == .waitsForever } ? "waits" : "boots"
        return "\(verb) \(selection.titles.joined(separator: " > "))"
            + (selection.initrdFailure == nil ? "" : " without initrd")
    }
}
