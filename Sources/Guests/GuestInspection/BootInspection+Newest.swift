import FileSystemCore
import GuestFacts
import GuestFormats

extension BootInspection {
    /// The newest kernel that is installed, when the default entry starts an older one: what the next run of the
    /// loader's generator, or the removal of the old kernel, makes the default. Its files are looked for under the names
    /// that the default entry's have, with the other version in them; nil when they are not there.
    func newestKernel(beside entry: Entry, _ facts: BootFacts) -> KernelFacts? {
        guard let kernel = entry.kernel, kernel.range == nil,
            let version = facts.kernels[kernel.guestPath]?.version, kernel.path.contains(version),
            let newest = facts.moduleVersions.max(by: { DebianVersion($0) < DebianVersion($1) }),
            DebianVersion(version) < DebianVersion(newest)
        else { return nil }
        func sibling(_ file: BootFile) -> BootFile {
            files.file(file.device, file.path.replacing(version, with: newest))
        }
        let image = sibling(kernel)
        guard case .found = files.open(image) else { return nil }
        let archives = entry.archives.filter { $0.path.contains(version) }.map(sibling)
        let early =
            archives.isEmpty
            ? nil
            : InitramfsInspection(reader: reader, files: files, resolver: resolver, image: layout.image)
                .inspect(archives, commandLine: entry.commandLine)
        return KernelInspection(reader: reader, files: files)
            .inspect(image, early: early, commandLine: entry.commandLine)
    }
}
