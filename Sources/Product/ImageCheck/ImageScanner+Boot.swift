import BlockIO
package import ByteReading
import GuestFacts
import GuestInspection
import SystemPackage

extension ImageScanner {
    /// The initramfs files of the entry that the first Linux in the image starts by itself, as guest paths; empty
    /// when there are none.
    package func defaultInitramfs(_ path: String) throws(ImageFault) -> [String] {
        let file = try FileSource(FilePath(path))
        let layout = try LayoutOpener(options: options).open(file)
        let scan = GuestInspector(layout, now: HostProcess.secondsSince1970).inspect()
        for case .linux(let system) in scan.systems {
            let entries = system.boot.firmwares.compactMap { system.boot.path(for: $0).entry }
            if let paths = entries.first?.initramfsPaths, !paths.isEmpty { return paths }
        }
        return []
    }
}
