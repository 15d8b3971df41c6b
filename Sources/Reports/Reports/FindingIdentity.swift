import Checks
import GuestFacts

/// By what a finding is known again from run to run, also when the image has been built anew, its lines have moved
/// or it lies in another directory. SARIF's fingerprints and the baseline are made of it.
package struct FindingIdentity: Sendable, Hashable {
    /// The last component of the image's path.
    package var image: String
    /// The volume of the system's root; nil for the image itself.
    package var root: String?
    /// The id of the item.
    package var id: String
    /// What became of the item.
    package var status: String
    /// The reason code; of a fail.
    package var code: String?
    /// The file or the layer of the first evidence.
    package var place: String?
    /// What stands there.
    private var excerpt: String?

    /// The identity of a result of an image.
    package init(_ item: ScanReport.CheckItem, image path: String, root: String?) {
        let evidence = item.evidence?.first
        image = FindingIdentity.name(ofImageAt: path)
        self.root = root
        id = item.id
        status = item.status.rawValue
        code = item.code
        place = evidence?.path ?? evidence?.layer
        excerpt = evidence?.excerpt
    }

    /// What an image is called wherever it lies.
    package static func name(ofImageAt path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? ""
    }

    /// The name of the finding in SARIF, version 1: 16 digits. Lines and messages are no part of it.
    var fingerprint: String {
        SARIFText.fingerprint([image, root ?? "", id, status, code ?? "", place ?? ""])
    }

    // MARK: What an update leaves alone

    /// The place without the versions in it: `/boot/initrd.img-#` for `/boot/initrd.img-6.1.0-50-amd64`.
    var steadyPlace: String? { place.map(FindingIdentity.withoutVersions).flatMap { $0.isEmpty ? nil : $0 } }

    /// What tells two findings in one place apart: the words that stand there, without numbers, dates and ids.
    /// `UUID=# /data # defaults # #` for `UUID=0000-1111 /data ext4 defaults 0 2`.
    var detail: String? {
        guard let excerpt else { return nil }
        let words = excerpt.unicodeScalars.prefix(FindingIdentity.detailLimit).split {
            $0.properties.isWhitespace
        }.map { FindingIdentity.steady(String($0)) }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    private static let detailLimit = 200

    private static func steady(_ word: String) -> String {
        if word.hasPrefix("/") { return withoutVersions(word) }
        guard word.utf8.contains(where: isDigit) else { return word }
        guard let equals = word.unicodeScalars.firstIndex(of: "="),
            !word.unicodeScalars[..<equals].contains(where: { ("0"..."9").contains($0) })
        else { return "#" }
        return String(word.unicodeScalars[...equals]) + "#"
    }

    /// Each component of a path up to where a version, an id or a date begins in it.
    private static func withoutVersions(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).map { component in
            let bytes = Array(component.utf8)
            guard let start = startOfVersion(bytes) else { return String(component) }
            return String(decoding: bytes[..<start], as: UTF8.self) + "#"
        }.joined(separator: "/")
    }

    /// Where digits begin that have a dot and a digit behind them, or a run of hexadecimal digits that is too long to
    /// be a name.
    private static func startOfVersion(_ bytes: [UInt8]) -> Int? {
        for index in bytes.indices {
            let before = index > 0 ? bytes[index - 1] : 0
            if isHexadecimal(bytes[index]), !isHexadecimal(before) {
                let run = bytes[index...].prefix(while: isHexadecimal)
                if run.count >= 6, run.contains(where: isDigit) { return index }
            }
            if isDigit(bytes[index]), !isDigit(before) {
                let end = bytes[index...].prefix(while: isDigit).endIndex
                if end + 1 < bytes.count, bytes[end] == 0x2E, isDigit(bytes[end + 1]) { return index }
            }
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
    }
}
