import ByteReading
import GuestFacts
import GuestFormats

/// Whether programs of the guest find the accounts of `/etc/passwd` (nsswitch.conf(5)).
final class AccountLookup {
    private let reader: GuestReader
    /// The answer, with the line that decides.
    private(set) lazy var readsFiles = find()
    /// The accounts of that file themselves.
    private(set) lazy var accounts = reader.parse("/etc/passwd") { (bytes) throws(ImageFault) in
        try PasswdFile(bytes)
    }

    init(reader: GuestReader) { self.reader = reader }

    private func find() -> (answer: Answer, place: Evidence?) {
        let table = reader.parse("/etc/nsswitch.conf") { (bytes) throws(ImageFault) in
            try NameServiceSwitch(bytes)
        }
        guard let database = table.value?["passwd"] else {
            return (table.gap == nil ? .yes : .unknown, nil)
        }
        if database.sources.contains(where: NameServiceSwitch.local.contains) { return (.yes, nil) }
        // A directory may know the accounts of the system too, if its library is there.
        let libraries = database.sources.map { source in
            reader.glob("/lib*/libnss_\(source).so.2") + reader.glob("/usr/lib*/libnss_\(source).so.2")
                + reader.glob("/lib/*-linux-*/libnss_\(source).so.2")
                + reader.glob("/usr/lib/*-linux-*/libnss_\(source).so.2")
        }
        let others = zip(database.sources, libraries).filter { $0.0 != "systemd" && !$0.1.isEmpty }
        return (others.isEmpty ? .no : .unknown, Evidence(database.source))
    }
}
