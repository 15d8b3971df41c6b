import ArgumentParser

/// A path of the guest in an image: `web.qcow2:/etc/fstab`. A host path may hold colons, so the last `:/` splits.
struct GuestLocation: ExpressibleByArgument {
    var image: String
    var path: String

    init?(argument: String) {
        let bytes = Array(argument.utf8)
        guard
            let colon = bytes.indices.dropLast().last(where: {
                bytes[$0] == UInt8(ascii: ":") && bytes[$0 + 1] == UInt8(ascii: "/")
            }), colon > 0
        else { return nil }
        image = String(decoding: bytes[..<colon], as: UTF8.self)
        path = String(decoding: bytes[(colon + 1)...], as: UTF8.self)
    }

    init(image: String, path: String) {
        self.image = image
        self.path = path
    }

    static let help = ArgumentHelp(
        "An image and a path in its guest: web.qcow2:/etc/fstab. The last “:/” separates them.",
        valueName: "image:/path")
}
