import CGuestfs
import Foundation

/// What libguestfs says about an image: its own kernel mounts it, its own code inspects it.
struct GuestfsView: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// A system it found.
    struct Root: Sendable {
        /// As libguestfs calls it: `/dev/sda1`, `/dev/vg/root`, `btrfsvol:/dev/sda2/@`.
        var device: String
        var type: String
        var distribution: String
        var productName: String
        var majorVersion: Int
        var minorVersion: Int
        var hostname: String
        var architecture: String
        /// Mount point → device, of the lines of fstab that it could resolve.
        var mountPoints: [String: String]
        /// Every device that belongs to the system.
        var fileSystems: Set<String>
    }

    /// Device → kind, of everything that could be mounted, and swap.
    private(set) var fileSystems: [String: String] = [:]
    private(set) var roots: [Root] = []

    /// Starts the appliance with the raw image at `path` as its only disk, read-only.
    init(_ path: String) throws {
        guard let handle = unsafe guestfs_create() else { throw Failure(description: "no handle") }
        defer { unsafe guestfs_close(handle) }
        unsafe guestfs_set_error_handler(handle, nil, nil)
        // No service manager and no hardware virtualisation is asked for.
        try unsafe GuestfsView.check(handle, guestfs_set_backend(handle, "direct"))
        try unsafe GuestfsView.check(handle, guestfs_set_backend_setting(handle, "force_tcg", "1"))
        try unsafe GuestfsView.check(handle, guestfs_add_raw_read_only(handle, path))
        try unsafe GuestfsView.check(handle, guestfs_launch(handle))
        fileSystems = try unsafe GuestfsView.table(handle, guestfs_list_filesystems(handle))
        for device in try unsafe GuestfsView.list(handle, guestfs_inspect_os(handle)) {
            roots.append(
                Root(
                    device: device,
                    type: try unsafe GuestfsView.text(handle, guestfs_inspect_get_type(handle, device)),
                    distribution: try unsafe GuestfsView.text(
                        handle, guestfs_inspect_get_distro(handle, device)),
                    productName: try unsafe GuestfsView.text(
                        handle, guestfs_inspect_get_product_name(handle, device)),
                    majorVersion: Int(unsafe guestfs_inspect_get_major_version(handle, device)),
                    minorVersion: Int(unsafe guestfs_inspect_get_minor_version(handle, device)),
                    hostname: try unsafe GuestfsView.text(
                        handle, guestfs_inspect_get_hostname(handle, device)),
                    architecture: try unsafe GuestfsView.text(
                        handle, guestfs_inspect_get_arch(handle, device)),
                    mountPoints: try unsafe GuestfsView.table(
                        handle, guestfs_inspect_get_mountpoints(handle, device)),
                    fileSystems: Set(
                        try unsafe GuestfsView.list(handle, guestfs_inspect_get_filesystems(handle, device))))
            )
        }
    }

    private static func failure(_ handle: OpaquePointer) -> Failure {
        Failure(
            description: unsafe guestfs_last_error(handle).map { unsafe String(cString: $0) } ?? "unknown")
    }

    private static func check(_ handle: OpaquePointer, _ status: Int32) throws {
        if status != 0 { throw unsafe failure(handle) }
    }

    /// Takes a string over from the library.
    private static func text(_ handle: OpaquePointer, _ text: UnsafeMutablePointer<CChar>?) throws -> String {
        guard let text = unsafe text else { throw unsafe failure(handle) }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// Takes a list of strings over from the library.
    private static func list(
        _ handle: OpaquePointer, _ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) throws -> [String] {
        guard let list = unsafe list else { throw unsafe failure(handle) }
        defer { unsafe free(list) }
        var texts: [String] = []
        while let next = unsafe list[texts.count] {
            texts.append(unsafe String(cString: next))
            unsafe free(next)
        }
        return texts
    }

    /// Takes over a list in which keys and values alternate.
    private static func table(
        _ handle: OpaquePointer, _ pairs: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) throws -> [String: String] {
        let texts = try unsafe list(handle, pairs)
        return Dictionary(
            stride(from: 0, to: texts.count - 1, by: 2).map { (texts[$0], texts[$0 + 1]) },
            uniquingKeysWith: { first, _ in first })
    }
}
