package import ByteReading

/// The value `Version` of a package in the driver database: class, date and version of its INF file.
///
/// Microsoft does not document it. As seen in real hives (and as virt-v2v writes it): two bytes of unknown use, the
/// processor (`PROCESSOR_ARCHITECTURE`: 0 x86, 5 ARM, 9 x64, 12 ARM64) in two, four zeros, the class as a GUID, the
/// date as FILETIME, the version as four numbers, eight zeros.
package struct DriverStamp: Sendable, Hashable {
    /// The processor; nil for a number that is not known.
    package let machine: PEImage.Machine?
    /// The class of its devices.
    package let deviceClass: GUID
    /// 100 ns since 1601.
    package let date: UInt64
    package let version: FileVersion

    /// Reads the data of the value.
    package init(parsing data: Bytes) throws(ImageFault) {
        machine =
            switch try data.little(UInt16.self, at: 2) {
            case 0: .x86
            case 5: .arm
            case 9: .x64
            case 12: .arm64
            default: nil
            }
        deviceClass = try GUID(mixedEndian: data, at: 8)
        date = try data.little(at: 24)
        version = FileVersion(packed: try data.little(at: 32))
    }
}
