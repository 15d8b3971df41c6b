import BlockIO
import ByteReading
import FileSystemCore

extension BtrfsPool {
    private static let mostDevices = 1024

    /// Brings the devices together: the newest superblock speaks for all. Also the number of the device that was
    /// given first.
    static func open(_ sources: [any BlockSource]) throws(ImageFault) -> (pool: BtrfsPool, first: UInt64) {
        let log = ConditionLog()
        var members: [(superblock: BtrfsSuperblock, source: any BlockSource)] = []
        for (index, source) in sources.enumerated() {
            let (superblock, damage) = try inLayer(sources.count > 1 ? "device \(index)" : "superblock") {
                () throws(ImageFault) in try BtrfsSuperblock.best(on: source)
            }
            if let damage {
                log.record(
                    .backupSuperblockUsed,
                    "device \(superblock.device.id): \(damage.message); its copy at "
                        + "\(superblock.raw.origin) was read, the kernel does not look there",
                    at: damage.offset)
            }
            members.append((superblock, source))
        }
        guard
            let newest = members.max(by: { $0.superblock.generation < $1.superblock.generation })?.superblock
        else { throw ImageFault(.notFound, "no device") }
        try newest.requireReadable()
        var devices: [UInt64: Device] = [:]
        var generations: [UInt64: UInt64] = [:]
        for (superblock, source) in members {
            guard superblock.fsid == newest.fsid else {
                throw ImageFault(
                    .corrupt, "devices of two file systems: \(superblock.fsid) and \(newest.fsid)")
            }
            let id = superblock.device.id
            if let known = generations[id] {
                log.record(.inconsistent, "device \(id) is here twice; the newer one is read")
                if known >= superblock.generation { continue }
            }
            generations[id] = superblock.generation
            devices[id] = Device(source: source, uuid: superblock.device.uuid)
        }
        for (id, generation) in generations.sorted(by: { $0.key < $1.key })
        where generation < newest.generation {
            log.record(
                .inconsistent,
                "device \(id) stands at generation \(generation), the newest at \(newest.generation)",
                at: BtrfsSuperblock.places[0] + 72)
        }
        let pool = try BtrfsPool(superblock: newest, devices: devices, log: log)
        pool.noteState()
        try pool.noteDevices()
        return (pool, members[0].superblock.device.id)
    }

    /// Notes what the superblock says of the file system's state.
    private func noteState() {
        let flagsPlace = superblock.raw.origin + 56
        if let change = superblock.interruptedChange {
            log.record(
                .inconsistent, "\(change) was interrupted; the kernel refuses to mount it", at: flagsPlace)
        }
        if superblock.hasErrorFlag {
            log.record(.recordedErrors, "marked as having errors", at: flagsPlace)
        }
        if superblock.isMetadataDump {
            log.record(
                .inconsistent, "made by btrfs-image: the contents of files are not there", at: flagsPlace)
        }
    }

    /// Holds the devices that are here against those the chunk tree names.
    private func noteDevices() throws(ImageFault) {
        var budget = Budget(BtrfsPool.mostDevices, of: "devices")
        var known: Set<UInt64> = []
        let range =
            BtrfsKey(BtrfsObject.devices, .device, 0)...BtrfsKey(BtrfsObject.devices, .device, .max)
        try chunkTree.scan(range) { item throws(ImageFault) in
            try budget.spend()
            let expected = try BtrfsDeviceItem(parsing: item.data)
            known.insert(expected.id)
            // A file system grown from a seed reads the seed's blocks, which carry the seed's id.
            accept(expected.fsid)
            guard let device = devices[expected.id], device.uuid == expected.uuid else {
                log.record(
                    .deviceMissing,
                    "device \(expected.id) (\(expected.uuid)) of \(superblock.deviceCount) is not "
                        + "here; the kernel does not mount it without “degraded”", at: item.data.origin)
                return true
            }
            if expected.totalBytes > device.source.size {
                log.record(
                    .largerThanDevice,
                    "\(expected.totalBytes) bytes on device \(expected.id) of \(device.source.size) bytes",
                    at: item.data.origin + 8)
            }
            return true
        }
        for id in devices.keys.sorted() where !known.contains(id) {
            log.record(.inconsistent, "device \(id) is not one of this file system any more")
        }
    }
}
