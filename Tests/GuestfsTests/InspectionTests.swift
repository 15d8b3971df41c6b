import BlockIO
import Foundation
import GuestFacts
import GuestInspection
import SystemPackage
import TestSupport
import Testing

@testable import ImageCheck

/// Real images as libguestfs sees them, held against what is found here. Each takes a start of its appliance.
@Suite(.serialized, .enabled(if: !healthyImages.isEmpty, "IMAGECHECK_IMAGES names no directory with images"))
struct InspectionTests {
    /// What a volume is called when its disk is the only one of the appliance; nil when that is chance, as for
    /// an array.
    static func device(_ id: VolumeID, of image: ImageFacts) -> String? {
        guard let volume = image.volume(id), volume.array == nil else { return nil }
        if let logical = volume.logicalVolume { return "/dev/\(logical.group)/\(logical.name)" }
        return "/dev/sda" + (volume.partitionNumber.map(String.init) ?? "")
    }

    /// A device of the appliance without the subvolume: `btrfsvol:/dev/sda2/@/home` is on `/dev/sda2`.
    static func plain(_ device: String) -> String {
        guard device.hasPrefix("btrfsvol:") else { return device }
        let path = device.dropFirst("btrfsvol:".count)
        let parts = path.split(separator: "/")
        return "/" + parts.prefix(2).joined(separator: "/")
    }

    /// Whether the device is an array, whose number the appliance chooses.
    static func isArray(_ device: String) -> Bool { device.hasPrefix("/dev/md") }

    static func look(_ path: String) throws -> ScanFacts {
        let layout = try LayoutOpener(options: ScanOptions()).open(FileSource(FilePath(path)))
        return GuestInspector(layout, now: 1_795_400_000).inspect()
    }

    @Test(.timeLimit(.minutes(60)), arguments: healthyImages)
    func isSeenAlike(_ path: String) throws {
        let theirs = try GuestfsView(path)
        let ours = try InspectionTests.look(path)
        volumesAgree(theirs, ours.image)
        let systems: [LinuxFacts] = ours.systems.compactMap { system in
            if case .linux(let facts) = system { return facts }
            return nil
        }
        #expect(systems.count == ours.systems.count)
        #expect(systems.count == theirs.roots.count, "\(theirs.roots.map(\.device))")
        for system in systems {
            let name = InspectionTests.device(system.rootVolume, of: ours.image)
            let root = try #require(
                theirs.roots.first { root in
                    name.map { $0 == InspectionTests.plain(root.device) }
                        ?? InspectionTests.isArray(root.device)
                }, "\(theirs.roots.map(\.device)) and \(system.rootVolume)")
            identitiesAgree(root, system.identity)
            mountPointsAgree(root, system.mounts, ours.image)
        }
    }

    /// The same file systems on the same devices. The appliance does not tell what it cannot mount, so only what
    /// it names is looked up.
    private func volumesAgree(_ theirs: GuestfsView, _ image: ImageFacts) {
        var arrays = image.volumes.filter { $0.array != nil }.compactMap(\.kind)
        for (device, kind) in theirs.fileSystems where kind != "unknown" {
            if InspectionTests.isArray(device) {
                let index = arrays.firstIndex(of: kind)
                #expect(index != nil, "\(device) is \(kind)")
                if let index { arrays.remove(at: index) }
                continue
            }
            let volume = image.volumes.first {
                InspectionTests.device($0.id, of: image) == InspectionTests.plain(device)
            }
            #expect(volume?.kind == kind, "\(device)")
        }
    }

    private func identitiesAgree(_ root: GuestfsView.Root, _ identity: OSIdentity) {
        #expect(root.type == "linux")
        #expect(root.distribution == identity.distribution)
        #expect(root.hostname == identity.hostname)
        #expect(root.architecture == identity.architecture)
        // It takes the one line of debian_version where there is such a file.
        #expect([identity.name, identity.version].contains(root.productName))
        let version = (identity.version ?? "").split(separator: ".").map { Int($0) }
        #expect(version.first == root.majorVersion)
        // It has 0 for the minor version where os-release is all it goes by.
        #expect(root.minorVersion == 0 || version.dropFirst().first == root.minorVersion)
    }

    private func mountPointsAgree(_ root: GuestfsView.Root, _ mounts: MountFacts, _ image: ImageFacts) {
        guard case .known(let fstab) = mounts.fstab else {
            Issue.record("fstab was not read")
            return
        }
        for (mountPoint, device) in root.mountPoints {
            let entry = fstab.first { $0.mountPoint == mountPoint }
            guard case .volume(let id)? = entry?.resolution else {
                Issue.record("\(mountPoint) is on \(device), here: \(String(describing: entry?.resolution))")
                continue
            }
            let name = InspectionTests.device(id, of: image)
            #expect(name == nil ? InspectionTests.isArray(device) : name == InspectionTests.plain(device))
        }
        for entry in fstab where entry.mountPoint.hasPrefix("/") {
            guard case .volume = entry.resolution else { continue }
            #expect(root.mountPoints[entry.mountPoint] != nil, "\(entry.mountPoint)")
        }
    }
}

/// The images nothing is broken in.
let healthyImages: [String] = {
    guard let folder = FixtureTool.environment("IMAGECHECK_IMAGES") else { return [] }
    return FixtureTool.list(folder).filter { $0.hasSuffix(".raw") }.map { "\(folder)/\($0)" }
}()
