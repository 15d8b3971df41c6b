package import ByteReading

/// The data of a value of `SYSTEM\MountedDevices`: the volume that a drive letter or a volume name stands for.
package enum MountedDevice: Sendable, Hashable {
    /// A partition of an MBR disk: the disk signature (eight lower-case digits) and the offset in bytes.
    case partition(signature: String, offset: UInt64)
    /// A GPT partition by its GUID, in lower case.
    case identifier(String)
    /// A device path, as removable drives and dynamic volumes have it.
    case other

    /// Reads the data; nil when it is none of the known forms.
    package init?(parsing data: Bytes) {
        do throws(ImageFault) {
            if data.count == 12 {
                self = .partition(
                    signature: Hexadecimal.lower(try data.little(UInt32.self, at: 0), width: 8),
                    offset: try data.little(at: 4))
            } else if data.starts(with: "DMIO:ID:"), data.count == 24 {
                self = .identifier(
                    try GUID(mixedEndian: data.slice(at: 8, count: 16)).description.lowercased())
            } else if data.count > 24 {
                self = .other
            } else {
                return nil
            }
        } catch { return nil }
    }
}
