/// What to change, exactly.
public struct Fix: Sendable, Hashable, Codable {
    /// Where a fix is carried out.
    public enum Place: String, Sendable, Hashable, Codable {
        /// In the image, without starting it.
        case offline
        /// In the running source system.
        case online
    }

    /// How a fix can be applied (catalogue 0.3).
    public enum Kind: String, Sendable, Hashable, Codable {
        /// Text edit or removal of a file in the image; no guest code runs.
        case autoEdit = "auto-edit"
        /// Values of the registry in the image; no guest code runs.
        case autoHive = "auto-hive"
        /// Needs programs of the guest: in a chroot or an appliance.
        case autoChroot = "auto-chroot"
        /// Has to run in the live source machine.
        case online
        /// Needs a decision.
        case manual
    }

    /// How much can go wrong.
    public enum Risk: String, Sendable, Hashable, Codable {
        case low, medium, high
    }

    /// What the change does.
    public var title: String
    /// Where it is carried out.
    public var `where`: Place
    /// How it can be applied.
    public var kind: Kind
    /// How much can go wrong.
    public var risk: Risk
    /// Commands as they are to be typed, with the values of this image.
    public var commands: [String]
    /// An edit of a file, when that is what it takes.
    public var edit: Edit?
    /// A change of the registry, when that is what it takes; the commands merge it as `fix.reg`.
    public var registry: RegistryEdit?

    enum CodingKeys: String, CodingKey {
        case title, `where`, kind = "class", risk, commands, edit, registry
    }

    /// A change of one file of the guest.
    public struct Edit: Sendable, Hashable, Codable {
        /// The file in the guest.
        public var path: String
        /// The line to replace, counted from 1; absent for a new file or an addition at the end.
        public var line: Int?
        /// What stands there now.
        public var old: String?
        /// What should stand there; absent to delete the line.
        public var new: String?

        /// Makes an edit.
        public init(path: String, line: Int? = nil, old: String? = nil, new: String? = nil) {
            self.path = path
            self.line = line
            self.old = old
            self.new = new
        }
    }

    /// Makes a fix.
    public init(
        _ title: String, where place: Place = .offline, kind: Kind, risk: Risk = .low,
        commands: [String] = [], edit: Edit? = nil, registry: RegistryEdit? = nil
    ) {
        self.title = title
        self.where = place
        self.kind = kind
        self.risk = risk
        self.commands = commands
        self.edit = edit
        self.registry = registry
    }
}
