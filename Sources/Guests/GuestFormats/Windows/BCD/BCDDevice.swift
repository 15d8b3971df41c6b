package import ByteReading

/// A device element: where something lies that the boot manager, a loader or the resume program reads.
///
/// An element starts with the GUID of an object with further settings, then come descriptors that may hold each
/// other: type (0x00), flags (0x04), size (0x08), and what the type asks for from 0x10 on (`BCD_DEVICE_OPTION` and
/// `BL_DEVICE_DESCRIPTOR` in ReactOS, boot/environ/include; DiscUtils, Library/DiscUtils.BootConfig; seen in stores
/// that Windows 7 to 11 wrote).
package indirect enum BCDDevice: Hashable, Sendable {
    /// The partition the boot manager itself was started from.
    case boot
    /// A partition of a disk.
    case partition(BCDPartition)
    /// A disk as a whole.
    case disk
    /// A file on another device.
    case file(BCDFile)
    /// A file that is read into memory and used as a disk, such as a WIM.
    case ramDisk(BCDFile)
    /// A virtual hard disk in a file.
    case virtualDisk(BCDDevice)
    /// Whichever partition has the file that another element of the same object names. `parent` is where to look;
    /// everywhere if nil.
    case locate(element: BCDElementType, path: String, parent: BCDDevice?)
    /// The network, a serial line and what else there is: the type, and the payload as it stands.
    case other(type: UInt32, [UInt8])

    private static let deepest = 8

    /// Reads a whole element. `corrupt` and `truncated` faults mean that Windows cannot use it either.
    package init(parsing element: Bytes) throws(ImageFault) {
        self = try BCDDevice(descriptor: element.slice(16..<Swift.max(16, element.count)), depth: 0)
    }

    /// The object with further settings of a device, as a RAM disk has one; nil for none.
    package static func options(of element: Bytes) throws(ImageFault) -> GUID? {
        let id = try GUID(mixedEndian: element)
        return id.isZero ? nil : id
    }

    /// The size of a descriptor, which decides where the next thing starts.
    private static func size(of descriptor: Bytes) throws(ImageFault) -> Int {
        let size = try descriptor.little(UInt32.self, at: 8).bounded(
            to: descriptor.count, "the size of a device")
        guard size >= 16 else {
            throw ImageFault(.corrupt, "a device of \(size) bytes", at: descriptor.origin)
        }
        return size
    }

    private init(descriptor: Bytes, depth: Int) throws(ImageFault) {
        guard depth < Self.deepest else {
            throw ImageFault(.limit, "devices inside each other", at: descriptor.origin)
        }
        let type: UInt32 = try descriptor.little(at: 0)
        let whole = try descriptor.slice(at: 0, count: try Self.size(of: descriptor))
        let payload = whole.dropFirst(16)
        switch type {
        case 0: self = try Self.local(payload, depth: depth)
        case 5: self = .boot
        case 6:
            // The medium the partition is on; the layout of others than hard disks is not public.
            let medium: UInt32 = try payload.little(at: 0x10)
            self =
                medium == 0
                ? .partition(try BCDPartition(parsing: payload)) : .other(type: type, payload.array)
        case 8: self = try Self.locate(whole, depth: depth)
        default: self = .other(type: type, payload.array)
        }
    }

    /// A device without partition (`BL_LOCAL_DEVICE`): what it is stands at 0.
    private static func local(_ payload: Bytes, depth: Int) throws(ImageFault) -> BCDDevice {
        switch try payload.little(UInt32.self, at: 0) {
        case 0: .disk
        // Base, size and offset in memory are filled in when the file has been read: 20 bytes.
        case 3: .ramDisk(try BCDFile(parsing: payload.dropFirst(0x18), depth: depth))
        case 5: .file(try BCDFile(parsing: payload.dropFirst(4), depth: depth))
        // Scheme and identity of the virtual disk: 20 bytes, then the file it is in.
        case 6: .virtualDisk(try BCDDevice(descriptor: payload.dropFirst(0x18), depth: depth + 1))
        default: .other(type: 0, payload.array)
        }
    }

    /// How to find the device at 0x10, the element that names the file at 0x14, the device to look on at 0x18 (from
    /// the descriptor's start, 0 for all), a path of its own from 0x1C on. The parent lies behind the descriptor.
    private static func locate(_ whole: Bytes, depth: Int) throws(ImageFault) -> BCDDevice {
        let element = BCDElementType(try whole.little(at: 0x14))
        let parent = Int(try whole.little(UInt32.self, at: 0x18))
        let path = whole.prefix(parent == 0 ? whole.count : parent).dropFirst(0x1C)
        return .locate(
            element: element, path: path.utf16Text(),
            parent: parent == 0
                ? nil
                : try BCDDevice(
                    descriptor: whole.slice(parent..<Swift.max(parent, whole.count)), depth: depth + 1))
    }

    fileprivate static func nested(_ bytes: Bytes, depth: Int) throws(ImageFault) -> (BCDDevice, Int) {
        (try BCDDevice(descriptor: bytes, depth: depth + 1), try size(of: bytes))
    }
}

/// A file on a device (`BL_FILE_PATH_DESCRIPTOR`): version, length, kind of path, a device and a path.
package struct BCDFile: Hashable, Sendable {
    package let device: BCDDevice
    /// With `\`.
    package let path: String

    fileprivate init(parsing bytes: Bytes, depth: Int) throws(ImageFault) {
        let length = try bytes.little(UInt32.self, at: 4).bounded(
            to: bytes.count, "the length of a file path")
        let body = try bytes.slice(at: 0, count: length).dropFirst(12)
        let (device, size) = try BCDDevice.nested(body, depth: depth)
        self.device = device
        path = body.dropFirst(size).utf16Text()
    }
}

extension BCDDevice: CustomStringConvertible {
    /// As `bcdedit` would, with identities in place of drive letters.
    package var description: String {
        switch self {
        case .boot: "boot"
        case .partition(let partition): "\(partition)"
        case .disk: "a whole disk"
        case .file(let file): "file=[\(file.device)]\(file.path)"
        case .ramDisk(let file): "ramdisk=[\(file.device)]\(file.path)"
        case .virtualDisk(let device): "vhd=\(device)"
        case .locate(let element, let path, let parent):
            "locate=" + (path.isEmpty ? "custom:\(element.keyName)" : path)
                + (parent.map { " on \($0)" } ?? "")
        case .other(let type, _): "device of type \(type)"
        }
    }
}
