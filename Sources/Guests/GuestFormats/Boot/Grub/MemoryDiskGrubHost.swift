package import ByteReading

/// A host that also answers for the device `memdisk`.
package struct MemoryDiskGrubHost: GrubHost {
    private static let device = GrubDevice("memdisk")
    private let host: any GrubHost
    private let bytes: Bytes

    /// Adds the memory disk in `bytes` to `host`.
    package init(_ host: any GrubHost, memoryDisk bytes: Bytes) {
        self.host = host
        self.bytes = bytes
    }

    /// The device of that name.
    package func device(named name: String) throws(ImageFault) -> GrubDevice? {
        name == Self.device.name ? Self.device : try host.device(named: name)
    }

    /// The first device that matches. A file is looked for on the disks first, as `search` meets them first.
    package func device(
        matching key: GrubSearchKey, hints: [String], where sees: (GrubDevice) -> Bool
    ) throws(ImageFault) -> GrubDevice? {
        try host.device(matching: key, hints: hints, where: sees)
    }

    /// The modules the device needs.
    package func modules(of device: GrubDevice) -> Set<String> {
        device == Self.device ? [] : host.modules(of: device)
    }

    /// The default subvolume of the device.
    package func defaultSubvolume(of device: GrubDevice) throws(ImageFault) -> String? {
        device == Self.device ? nil : try host.defaultSubvolume(of: device)
    }

    /// What is at `path`.
    package func file(at path: String, on device: GrubDevice) throws(ImageFault) -> GrubFile? {
        guard device == Self.device else { return try host.file(at: path, on: device) }
        return try GrubMemoryDisk(parsing: bytes).file(at: path).map { GrubFile(size: UInt64($0.count)) }
    }

    /// The bytes of a file.
    package func contents(of path: String, on device: GrubDevice, limit: Int) throws(ImageFault) -> Bytes? {
        guard device == Self.device else { return try host.contents(of: path, on: device, limit: limit) }
        guard let file = try GrubMemoryDisk(parsing: bytes).file(at: path) else { return nil }
        guard file.count <= limit else { throw ImageFault(.limit, "\(path) has \(file.count) bytes") }
        return file
    }

    /// The names in a directory.
    package func names(inDirectory path: String, on device: GrubDevice) throws(ImageFault) -> [String]? {
        guard device == Self.device else { return try host.names(inDirectory: path, on: device) }
        throw ImageFault(.unsupported, "listing a GRUB memory disk")
    }

    /// A property of a device.
    package func property(_ property: GrubDeviceProperty, of device: GrubDevice) throws(ImageFault) -> String?
    {
        device == Self.device ? nil : try host.property(property, of: device)
    }
}
