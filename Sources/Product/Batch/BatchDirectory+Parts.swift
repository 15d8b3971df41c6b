internal import BlockIO
internal import SystemPackage

extension BatchDirectory {
    /// Takes files that hold a part of another image (the base of an overlay, the pieces of a split disk) out of
    /// the images: what they hold is judged with the image that refers to them.
    ///
    /// - Parameter parts: of each image, in order, the files it refers to, links followed.
    public mutating func join(_ parts: [[String]]) {
        guard parts.contains(where: { !$0.isEmpty }) else { return }
        var byPlace: [String: Int] = [:]
        for (index, image) in images.enumerated() {
            if let place = try? HostPath.resolve(FilePath(image.path)) { byPlace[place.string] = index }
        }
        let pieces = images.indices.map { index in
            (index < parts.count ? parts[index] : []).compactMap { byPlace[$0] }.filter { $0 != index }
        }
        var owners: [Int: [Int]] = [:]
        for (index, own) in pieces.enumerated() {
            for piece in Set(own) { owners[piece, default: []].append(index) }
        }

        // Files that refer to each other in a circle have no outermost one: the first by name stands for them.
        var reached: Set<Int> = []
        var outermost: Set<Int> = []
        func reach(from index: Int) {
            outermost.insert(index)
            var pending = [index]
            while let next = pending.popLast() {
                if reached.insert(next).inserted { pending += pieces[next] }
            }
        }
        for index in images.indices where owners[index] == nil { reach(from: index) }
        for index in images.indices where !reached.contains(index) { reach(from: index) }

        var kept: [BatchImage] = []
        for (index, image) in images.enumerated() {
            if outermost.contains(index) {
                var image = image
                image.parts = index < parts.count ? parts[index] : []
                kept.append(image)
            } else {
                let names = (owners[index] ?? []).prefix(3).map { images[$0].path }
                skipped.append(
                    BatchSkip(path: image.path, reason: "part of \(names.joined(separator: ", "))"))
            }
        }
        images = kept
        skipped.sort { $0.path < $1.path }
    }
}
