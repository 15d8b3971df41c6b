package import ByteReading

/// A boot configuration store: the file `BCD`, a registry hive with a key `Objects` (“Boot Configuration Data in
/// Windows Vista”, Microsoft, 2008).
package struct BCDStore: Sendable {
    /// All objects, by their GUID.
    package let objects: [GUID: BCDObject]
    /// Objects and elements that could not be read.
    package let damage: [ImageFault]

    private static let mostObjects = 4096
    private static let mostElements = 1024

    /// Reads all objects of a hive. `corrupt` if it is no boot configuration store.
    package init(_ hive: Hive) throws(ImageFault) {
        guard let list = try hive.key("Objects") else {
            throw ImageFault(.corrupt, "the hive has no key “Objects”, so it is no boot configuration store")
        }
        var objects: [GUID: BCDObject] = [:]
        var damage: [ImageFault] = []
        var budget = Budget(Self.mostObjects, of: "objects in the store")
        for key in try list.subkeys() {
            try budget.spend()
            let name = key.name
            guard name.hasPrefix("{"), name.hasSuffix("}"), let id = GUID(String(name.dropFirst().dropLast()))
            else { continue }
            do { objects[id] = try Self.object(id, key, &damage) } catch {
                damage.append(error.inLayer(name))
            }
        }
        self.objects = objects
        self.damage = damage
    }

    private static func object(
        _ id: GUID, _ key: RegistryKey, _ damage: inout [ImageFault]
    ) throws(ImageFault) -> BCDObject {
        guard let type = try key.subkey("Description")?.value("Type")?.integer,
            let type = UInt32(exactly: type)
        else { throw ImageFault(.corrupt, "the object has no type") }
        var elements: [BCDElementType: BCDValue] = [:]
        var budget = Budget(mostElements, of: "elements of an object")
        for element in try key.subkey("Elements")?.subkeys() ?? [] {
            try budget.spend()
            guard let elementType = BCDElementType(keyName: element.name) else { continue }
            do {
                guard let value = try element.value("Element") else { continue }
                elements[elementType] = BCDValue(value, format: elementType.format)
            } catch {
                // Known to be set, and not to what: a program that needs it cannot be followed.
                elements[elementType] = .raw(error)
            }
            if case .raw(let fault)? = elements[elementType] {
                damage.append(fault.inLayer("{\(id)}").inLayer(elementType.keyName))
            }
        }
        return BCDObject(id: id, type: BCDObjectType(rawValue: type), elements: elements)
    }

    /// The elements that hold for an object; nil if there is no such object.
    package func settings(of id: GUID) -> BCDSettings? {
        guard let object = objects[id] else { return nil }
        var elements: [BCDElementType: (value: BCDValue, owner: BCDObject)] = [:]
        var visited: Set<GUID> = []
        // Each object is looked at once, so cycles and repetition cost nothing.
        var pending = [id]
        while let next = pending.popLast() {
            guard visited.insert(next).inserted, let owner = objects[next] else { continue }
            for (type, value) in owner.elements where elements[type] == nil {
                elements[type] = (value, owner)
            }
            if case .objects(let inherited)? = owner.elements[.inherit] {
                pending.append(contentsOf: inherited.reversed())
            }
        }
        return BCDSettings(object, elements: elements)
    }

    /// The settings of the boot manager; nil if the store has none.
    package var bootManager: BCDSettings? {
        settings(of: WellKnownBCDObject.bootManager)
            ?? objects.values.filter { $0.type == .bootManager }
            .min { $0.id.description < $1.id.description }.flatMap { settings(of: $0.id) }
    }
}
