import GuestFacts

/// The artifacts of a SARIF run: each image, the disk in it, its volumes, and the files that results point to. A
/// nested one names its parent (SARIF 2.1.0, 3.24.3), so that a finding reads "line 3 of /etc/fstab in the first
/// partition of web01.qcow2".
struct SARIFArtifacts {
    /// Those that nobody has taken yet.
    private var all: [SARIF.Artifact] = []
    /// How many have been taken; the index of the first one in `all`.
    private var taken = 0
    /// Volumes of the image at hand by their name in evidence: `gpt:2`, `lvm:vg/root`, `md:data`.
    private var volumes: [String: Int] = [:]
    private var files: [File: Int] = [:]
    /// How often each image was named: two artifacts may not be the same.
    private var namings: [String: Int] = [:]
    private var image = 0
    private var disk = 0

    private struct File: Hashable {
        var parent: Int
        var path: String
    }

    private static let depthLimit = 32
    private static let volumeLimit = 1000

    /// The artifacts of the images that were added since the last time, in the order of their indices. Places of these
    /// images cannot be asked for any more.
    mutating func take() -> [SARIF.Artifact] {
        defer {
            taken += all.count
            all = []
        }
        return all
    }

    // MARK: Images

    /// Begins a further image with its volumes.
    mutating func add(_ report: ScanReport) {
        volumes = [:]
        files = [:]
        let path = report.image.path
        image = append(
            SARIF.Artifact(
                description: naming(of: path),
                location: SARIF.ArtifactLocation(uri: SARIFText.uri(hostPath: path)),
                length: report.image.fileSize, roles: ["analysisTarget"]))
        disk = append(
            SARIF.Artifact(
                description: SARIFText.message("the disk that the guest sees"),
                location: SARIF.ArtifactLocation(uri: "disk"), parentIndex: image,
                offset: report.image.format == "raw" ? 0 : nil, length: report.image.virtualSize))
        volumes["disk"] = disk
        for layer in report.image.layers { add(layer, in: disk, table: nil, group: nil, depth: 0) }
        for guest in report.guests {
            guard let index = volume(guest.root) else { continue }
            let text = [
                all[index - taken].description?.text,
                "root of \(guest.os.title); files below it are as that system sees them, its mounts included",
            ]
            all[index - taken].description = SARIFText.message(text.compactMap { $0 }.joined(separator: "; "))
        }
    }

    /// Begins an image of which nothing is known but its name.
    mutating func add(unreadable path: String) {
        volumes = [:]
        files = [:]
        image = append(
            SARIF.Artifact(
                description: naming(of: path),
                location: SARIF.ArtifactLocation(uri: SARIFText.uri(hostPath: path)),
                roles: ["analysisTarget"]))
        disk = image
    }

    private mutating func naming(of path: String) -> SARIF.Message? {
        let count = namings[path, default: 0] + 1
        namings[path] = count
        return count > 1 ? SARIFText.message("naming number \(count) of this file") : nil
    }

    private mutating func add(
        _ layer: ScanReport.Layer, in parent: Int, table: String?, group: String?, depth: Int
    ) {
        guard depth < SARIFArtifacts.depthLimit, volumes.count < SARIFArtifacts.volumeLimit else { return }
        var (parent, table, group) = (parent, table, group)
        switch layer.kind {
        case "mbr", "gpt": table = layer.kind
        case "volumeGroup": group = layer.name
        case "partition":
            parent = addVolume("\(table ?? "partition"):\(layer.number ?? 0)", layer, in: parent)
        case "logicalVolume":
            parent = addVolume("lvm:\(group ?? "")/\(layer.name ?? "")", layer, in: parent)
        case "array":
            // An array is named without its host, as evidence names it.
            let name = (layer.name ?? layer.identity?["uuid"] ?? "").split(separator: ":").last.map(
                String.init)
            let id = "md:\(name ?? "")"
            parent = addVolume(id, layer, in: parent)
            table = id
        default: break
        }
        for child in layer.children ?? [] {
            add(child, in: parent, table: table, group: group, depth: depth + 1)
        }
    }

    private mutating func addVolume(_ id: String, _ layer: ScanReport.Layer, in parent: Int) -> Int {
        // Only a partition of the disk itself has its offset counted from there.
        let isOnDisk = layer.kind == "partition" && parent == disk
        let index = append(
            SARIF.Artifact(
                description: SARIFText.message(
                    [layer.kind, layer.name, layer.children?.first?.kind].compactMap { $0 }.joined(
                        separator: " ")),
                location: SARIF.ArtifactLocation(uri: URIText.encoded(id)), parentIndex: parent,
                offset: isOnDisk ? layer.offset : nil, length: layer.size))
        if volumes[id] == nil { volumes[id] = index }
        return index
    }

    private mutating func append(_ artifact: SARIF.Artifact) -> Int {
        all.append(artifact)
        return taken + all.count - 1
    }

    // MARK: Places

    /// The image itself.
    var imageLocation: SARIF.Location { SARIF.Location(physicalLocation: place(image)) }

    /// Where evidence stands; a file is seen from the root of the guest, its mounts included.
    mutating func location(of evidence: Evidence, root: String?) -> SARIF.Location {
        guard let path = evidence.path else { return layerLocation(of: evidence) }
        guard let uri = SARIFText.uri(guestPath: path) else {
            let isKey = path.hasPrefix("HK")
            var location = SARIF.Location(physicalLocation: place(root.flatMap(volume) ?? image))
            location.logicalLocations = [
                SARIF.LogicalLocation(fullyQualifiedName: path, kind: isKey ? "registryKey" : nil)
            ]
            location.message = evidence.excerpt.map(SARIFText.message)
            return location
        }
        let index = file(path, uri: uri, root: root)
        var location = SARIF.Location(physicalLocation: place(index))
        if let line = evidence.line, line >= 1 {
            location.physicalLocation.region = SARIF.Region(
                startLine: line, snippet: evidence.excerpt.map { SARIF.Content(text: $0) })
        } else {
            location.message = evidence.excerpt.map(SARIFText.message)
        }
        return location
    }

    /// A file of the guest; it is entered when it is first asked for.
    mutating func file(_ path: String, uri: String, root: String?) -> Int {
        let parent = root.flatMap(volume) ?? disk
        if let known = files[File(parent: parent, path: uri)] { return known }
        let index = append(
            SARIF.Artifact(location: SARIF.ArtifactLocation(uri: uri), parentIndex: parent))
        files[File(parent: parent, path: uri)] = index
        return index
    }

    /// A place by its index.
    func place(_ index: Int) -> SARIF.PhysicalLocation {
        SARIF.PhysicalLocation(
            artifactLocation: SARIF.ArtifactLocation(uri: all[index - taken].location.uri, index: index))
    }

    private func layerLocation(of evidence: Evidence) -> SARIF.Location {
        let layer = evidence.layer ?? ""
        var location = SARIF.Location(physicalLocation: place(volume(layer) ?? image))
        if let offset = evidence.offset {
            location.physicalLocation.region = SARIF.Region(byteOffset: offset)
        }
        let text = [layer, evidence.excerpt ?? ""].filter { !$0.isEmpty }.joined(separator: ": ")
        if !text.isEmpty { location.message = SARIFText.message(text) }
        return location
    }

    /// The volume a place names: `gpt:1` of `gpt:1 › vfat`; the innermost that is known.
    private func volume(_ place: String) -> Int? {
        for part in place.split(separator: "›").reversed() {
            let name = part.trimmingSpaces
            if let index = volumes[name] { return index }
        }
        return nil
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
