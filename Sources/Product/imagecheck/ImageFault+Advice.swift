import ByteReading
import FoundationEssentials

extension CommandFailure {
    /// A fault met on an image, with what the user can do about it.
    init(_ fault: ImageFault, image: String, guestPath: String? = nil) {
        let text = fault.description
        let message = text.hasPrefix(image) ? text : "\(image): \(text)"
        self.init(message, hint: CommandFailure.advice(fault, image: image, guestPath: guestPath))
    }

    private static func advice(_ fault: ImageFault, image: String, guestPath: String?) -> String? {
        var isDirectory = false
        let exists = FileManager.default.fileExists(atPath: image, isDirectory: &isDirectory)
        if isDirectory { return "Check every image in it with: imagecheck batch \(image)" }
        if !exists { return "Check the name; a relative path starts from the current directory." }
        if let guestPath, fault.kind == .notFound {
            let parent = guestPath.split(separator: "/").dropLast().joined(separator: "/")
            return "See what is there with: imagecheck ls \(image):/\(parent)"
        }
        // The image is fine; it is the file in it that cannot be shown.
        if guestPath != nil, fault.message.hasPrefix("it is ") { return nil }
        switch fault.kind {
        case .io where fault.message.contains("permission"):
            return "Run it as a user who may read the file; nothing more than reading is needed."
        case .io where fault.message.contains("pipe"):
            return "Save it to a file first; an image is read at many places, not front to back."
        case .truncated: return "The file is shorter than it says; copy or download it again."
        case .corrupt: return "The image is damaged; for a qcow2, qemu-img check says more."
        case .unsupported where fault.message.hasPrefix("this is "):
            return "If it is a raw disk that happens to begin like one, say so: --image-format raw"
        case .unsupported:
            return "If the format was recognised wrongly, name it with --image-format; else convert it: "
                + "qemu-img convert -O qcow2 \(image) converted.qcow2"
        case .notAllowed: return "Name the directory of the files it refers to with --allow-backing DIR."
        default: return nil
        }
    }
}
