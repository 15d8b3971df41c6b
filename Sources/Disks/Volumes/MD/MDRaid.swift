import BlockIO
import ByteReading

/// Finds members of arrays of Linux MD among devices and puts the arrays together (md(4); Linux, drivers/md).
package enum MDRaid {
    /// Arrays in the order in which their first member came.
    ///
    /// Never throws: what cannot be read is a finding, or the fault of one array. An array may lie on others, as
    /// RAID 0 over RAID 1 does: pass those in as devices once more.
    package static func assemble(_ devices: [BlockDevice]) -> [RaidArray] {
        var found: [FoundMember] = []
        var damaged: [(device: BlockDevice, fault: ImageFault)] = []
        for device in devices {
            do {
                var best: MDSuperblock?
                var fault: ImageFault?
                for result in try MDSuperblock.all(on: device.source) {
                    switch result {
                    case .success(let superblock):
                        if best.map({ superblock.created > $0.created }) ?? true { best = superblock }
                    case .failure(let error): fault = fault ?? error
                    }
                }
                if let best {
                    found.append(FoundMember(device: device, superblock: best))
                } else if let fault {
                    damaged.append((device, fault))
                }
            } catch {
                // A device that cannot be read at all is the caller's finding; here it is one only with a signature.
                guard device.signatures.contains(where: { $0.kind == "linux_raid_member" }) else { continue }
                damaged.append((device, error))
            }
        }
        var order: [String] = []
        for member in found where !order.contains(member.superblock.uuid) {
            order.append(member.superblock.uuid)
        }
        var arrays: [RaidArray] = []
        for uuid in order {
            var builder = RaidArrayBuilder(found.filter { $0.superblock.uuid == uuid })
            if let array = builder.array() { arrays.append(array) }
        }
        for (device, fault) in damaged { add(device, fault, to: &arrays) }
        return arrays
    }

    /// A member whose superblock is damaged may be the one an array lacks; without one it is an array of its own.
    private static func add(_ device: BlockDevice, _ fault: ImageFault, to arrays: inout [RaidArray]) {
        let uuid = device.signatures.first { $0.kind == "linux_raid_member" }?.uuid?.filter { $0 != "-" }
        let finding = VolumeFinding(.labelDamaged, fault.message, device: device.id, at: fault.offset)
        let member = RaidMember(
            deviceID: device.id, role: nil, state: .damaged, events: 0, superblockOffset: fault.offset ?? 0,
            dataOffset: 0)
        if let index = arrays.firstIndex(where: { $0.uuid.filter { $0 != ":" } == uuid }) {
            arrays[index].members.append(member)
            arrays[index].findings.append(finding)
            return
        }
        var array = RaidArray(
            uuid: "", level: "unknown", metadataVersion: "unknown", raidDisks: 0, members: [member],
            chunkSize: 0, isClean: false)
        array.fault = fault.inLayer(device.id)
        array.findings = [finding]
        arrays.append(array)
    }
}

/// A device and its superblock.
struct FoundMember {
    var device: BlockDevice
    var superblock: MDSuperblock
}
