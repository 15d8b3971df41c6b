import BlockIO
import ByteReading
import FileSystemCore

/// What a volume says of itself, gathered while it is opened. What cannot be read becomes a condition: a
/// damaged label does not keep anyone from the files.
struct NTFSVolumeState {
    private let volume: NTFSVolume
    private(set) var label: String?
    private(set) var features: [String] = []
    private(set) var conditions: [FileSystemCondition] = []

    /// `VOLUME_INFORMATION` flags at 0x0A.
    private enum VolumeFlag {
        static let dirty: UInt16 = 0x0001
        static let underCheck: UInt16 = 0x4000
    }

    init(_ volume: NTFSVolume, _ boot: NTFSBootSector.Found, deviceSize: UInt64) {
        self.volume = volume
        if let damage = boot.damage {
            conditions.append(
                FileSystemCondition(
                    .backupSuperblockUsed,
                    "the boot sector is damaged (\(damage.message)); its copy at \(boot.place) was read. Windows does not boot from this volume",
                    at: 0))
        }
        if let damage = volume.tableDamage {
            conditions.append(
                FileSystemCondition(
                    .backupSuperblockUsed,
                    "the first record of the MFT is damaged (\(damage.message)); its copy in $MFTMirr was read. Boot code does not do that",
                    at: damage.offset))
        }
        if volume.geometry.volumeSize > deviceSize {
            conditions.append(
                FileSystemCondition(
                    .largerThanDevice, "\(volume.geometry.volumeSize) bytes on a device of \(deviceSize)",
                    at: 0x28))
        }
        readVolumeRecord()
        readLog()
    }

    private mutating func note(_ code: FileSystemCondition.Code, _ what: String, _ fault: ImageFault) {
        conditions.append(FileSystemCondition(code, "\(what): \(fault.message)", at: fault.offset))
    }

    /// A file of the system itself; from the copy of the MFT's start where its record is damaged.
    private mutating func systemFile(_ number: UInt64, _ name: String) throws(ImageFault) -> NTFSFile {
        do throws(ImageFault) {
            return try volume.file(NTFSReference(number))
        } catch let damage {
            guard let copy = try? mirroredFile(number) else { throw damage }
            note(.inconsistent, "\(name): its record is damaged, the copy in $MFTMirr was read", damage)
            return copy
        }
    }

    /// A file from the copy of the MFT's start.
    private func mirroredFile(_ number: UInt64) throws(ImageFault) -> NTFSFile {
        let geometry = volume.geometry
        guard number < NTFSRecord.Number.mirrored, geometry.mirrorCluster < geometry.clusterCount else {
            throw ImageFault(.notFound, "record \(number) has no copy")
        }
        let place = geometry.mirrorCluster * geometry.clusterSize + number * UInt64(geometry.recordSize)
        let raw = try volume.streams.source.read(at: place, count: geometry.recordSize)
        let record = try NTFSRecord(parsing: raw, number: number)
        guard record.isInUse else { throw ImageFault(.corrupt, "record \(number) is not in use", at: place) }
        return NTFSFile(record: record, list: try NTFSAttributeList(of: record, geometry, volume.streams))
    }

    /// `$Volume`: label, version, flags.
    private mutating func readVolumeRecord() {
        do throws(ImageFault) {
            let file = try systemFile(NTFSRecord.Number.volume, "$Volume")
            if let name = try volume.value(.volumeName, of: file), !name.isEmpty {
                label = NTFSName.text(try NTFSName.units(name))
            }
            guard let information = try volume.value(.volumeInformation, of: file) else {
                throw ImageFault(.corrupt, "no $VOLUME_INFORMATION", at: file.record.place)
            }
            features.append("\(try information.byte(at: 8)).\(try information.byte(at: 9))")
            let flags: UInt16 = try information.little(at: 10)
            if flags & VolumeFlag.dirty != 0 {
                conditions.append(
                    FileSystemCondition(
                        .notClean, "marked dirty: Windows checks it when it starts next",
                        at: information.origin &+ 10))
            }
            if flags & VolumeFlag.underCheck != 0 {
                conditions.append(
                    FileSystemCondition(
                        .notClean, "a check of the volume (chkdsk) did not end", at: information.origin &+ 10)
                )
            }
        } catch {
            note(.inconsistent, "$Volume", error)
        }
    }

    /// `$UpCase`. Without it names compare by the letters of ASCII.
    mutating func readUpcase() -> NTFSUpcase {
        do throws(ImageFault) {
            let file = try volume.file(NTFSReference(NTFSRecord.Number.upcase))
            guard let table = try volume.value(.data, of: file, limit: 128 << 10), !table.isEmpty else {
                throw ImageFault(.corrupt, "empty", at: file.record.place)
            }
            return NTFSUpcase(table)
        } catch {
            note(.inconsistent, "$UpCase cannot be read, names compare by the letters of ASCII", error)
            return NTFSUpcase()
        }
    }

    // MARK: Log

    private mutating func readLog() {
        do throws(ImageFault) {
            let file = try systemFile(NTFSRecord.Number.logFile, "$LogFile")
            guard let stream = try volume.stream(.data, of: file) else {
                throw ImageFault(.corrupt, "no content", at: file.record.place)
            }
            if let finding = try NTFSLogFile.finding(stream, volume.streams) {
                conditions.append(FileSystemCondition(.journalNotReplayed, finding, at: stream.place))
            }
        } catch {
            note(.inconsistent, "$LogFile", error)
        }
    }

    // MARK: Hibernation

    /// `hiberfil.sys` starts with a signature while it holds a system, with zeros otherwise.
    mutating func readHibernation(in root: NTFSDirectory, _ upcase: NTFSUpcase) {
        do throws(ImageFault) {
            guard let entry = try root.entry(Array("hiberfil.sys".utf16), upcase) else { return }
            let file = try volume.file(entry.reference)
            guard let content = try volume.stream(.data, of: file), content.size >= 4096 else { return }
            let head = try volume.streams.read(content, at: 0, count: 4096)
            let signature = head.prefix(4).text.lowercased()
            switch signature {
            case "hibr", "rstr":
                conditions.append(
                    FileSystemCondition(
                        .hibernated,
                        "hiberfil.sys holds a system: hibernated or shut down with fast start-up",
                        at: content.place))
            case "wake": break
            default:
                guard !head.isAllZero else { return }
                conditions.append(
                    FileSystemCondition(
                        .hibernated,
                        "hiberfil.sys is in use with an unknown header: perhaps hibernated or shut down with fast start-up",
                        at: content.place))
            }
        } catch {
            note(.inconsistent, "whether a system is hibernated cannot be told, hiberfil.sys", error)
        }
    }
}
