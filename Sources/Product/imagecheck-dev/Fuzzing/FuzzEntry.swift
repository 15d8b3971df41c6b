import ByteReading

/// A parser that can be fed with files: it takes any bytes and comes back, with a value or a fault.
struct FuzzEntry: Sendable {
    /// What it is called on the command line.
    let name: String
    /// A small well-formed input, from which changed ones are made.
    let seed: [UInt8]
    private let parse: @Sendable (Bytes) throws -> Void

    init(_ name: String, seed: [UInt8], _ parse: @escaping @Sendable (Bytes) throws -> Void) {
        self.name = name
        self.seed = seed
        self.parse = parse
    }

    init(_ name: String, seed: String, _ parse: @escaping @Sendable (Bytes) throws -> Void) {
        self.init(name, seed: Array(seed.utf8), parse)
    }

    /// Feeds the parser. Any error but a fault of the image is a defect and ends the process.
    func feed(_ bytes: [UInt8]) {
        do { try parse(Bytes(bytes)) } catch {
            precondition(error is ImageFault, "\(name) threw \(error)")
        }
    }
}

/// One entry for every parser of the product.
enum FuzzEntries {
    /// All of them, by name.
    static let all: [FuzzEntry] = [
        bytes, compression, disks, containers, hyperV, volumes, fileSystems, xfs, btrfs, windowsBoot, grub,
        boot, otherLoaders, text, storage, network, networkPrograms, executables, kernel, modules, windows,
        inits, packages,
        registry, windowsSetup, squashFS, access, gates, systemd, system, windowsAccess, policies,
    ].flatMap { $0 }.sorted { $0.name < $1.name }

    /// The entry of this name.
    static func entry(_ name: String) -> FuzzEntry? { all.first { $0.name == name } }
}
