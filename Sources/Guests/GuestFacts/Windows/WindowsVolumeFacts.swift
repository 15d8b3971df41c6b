/// State of the volumes and of the disk as Windows sees them.
package struct WindowsVolumeFacts: Sendable, Hashable, Codable {
    package init() {}
}
