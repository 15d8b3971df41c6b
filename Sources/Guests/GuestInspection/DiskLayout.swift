package import BlockIO
package import FileSystemCore
package import GuestFacts
package import Volumes

/// An image taken apart as far as volumes: what guests are looked for on.
package struct DiskLayout: Sendable {
    /// The disk the guest would see.
    package var disk: any BlockSource
    /// Container, partitions and volumes as facts.
    package var image: ImageFacts
    /// The partition table; nil when it could not be read.
    package var table: PartitionTable?
    package var volumes: [OpenedVolume]

    package init(disk: any BlockSource, image: ImageFacts, table: PartitionTable?, volumes: [OpenedVolume]) {
        self.disk = disk
        self.image = image
        self.table = table
        self.volumes = volumes
    }

    /// The opened volume with this id.
    package func volume(_ id: VolumeID) -> OpenedVolume? { volumes.first { $0.id == id } }
}

/// A volume and, where it could be opened, the file system on it.
package struct OpenedVolume: Sendable {
    package var id: VolumeID
    package var source: any BlockSource
    package var fileSystem: (any FileSystemReader)?

    package init(id: VolumeID, source: any BlockSource, fileSystem: (any FileSystemReader)?) {
        self.id = id
        self.source = source
        self.fileSystem = fileSystem
    }
}
