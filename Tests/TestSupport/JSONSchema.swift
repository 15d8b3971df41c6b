/// Holds JSON against a JSON Schema (draft 2020-12), as far as the keywords that our schemas use. A keyword it
/// does not know is an error: a schema must not promise what nobody checks.
package struct JSONSchema {
    private let root: JSONValue
    private let others: [String: JSONValue]

    /// A schema; `others` are those it refers to by their `$id`.
    package init(_ root: JSONValue, others: [JSONValue] = []) {
        self.root = root
        var byId: [String: JSONValue] = [:]
        for other in others {
            if case .string(let id)? = other["$id"] { byId[id] = other }
        }
        self.others = byId
    }

    /// Where and why `value` does not fit; empty when it does.
    package func violations(of value: JSONValue) -> [String] {
        check(value, root, at: "$", in: root)
    }

    private static let annotations: Set<String> = ["$schema", "$id", "$defs", "title", "description"]

    private func check(_ value: JSONValue, _ schema: JSONValue, at place: String, in document: JSONValue)
        -> [String]
    {
        if case .bool(let allowed) = schema { return allowed ? [] : ["\(place): not allowed here"] }
        guard case .object(let keywords) = schema else {
            return ["\(place): the schema is neither object nor boolean"]
        }
        var found: [String] = []
        for (keyword, argument) in keywords.sorted(by: { $0.key < $1.key }) {
            found += apply(keyword, argument, keywords, to: value, at: place, in: document)
        }
        return found
    }

    private func apply(
        _ keyword: String, _ argument: JSONValue, _ keywords: [String: JSONValue], to value: JSONValue,
        at place: String, in document: JSONValue
    ) -> [String] {
        switch (keyword, argument, value) {
        case ("$ref", .string(let reference), _):
            return follow(reference, value, at: place, in: document)
        case ("type", .string(let name), _):
            return JSONSchema.fits(value, name) ? [] : ["\(place): not of type \(name)"]
        case ("const", let wanted, _):
            return value == wanted ? [] : ["\(place): \(value) is not \(wanted)"]
        case ("enum", .array(let values), _):
            return values.contains(value) ? [] : ["\(place): \(value) is none of the values allowed"]
        case ("required", .array(let names), .object(let members)):
            return names.compactMap {
                if case .string(let name) = $0, members[name] == nil {
                    "\(place): \(name) is missing"
                } else {
                    nil
                }
            }
        case ("properties", .object(let properties), .object(let members)):
            return properties.sorted { $0.key < $1.key }.flatMap { name, schema in
                members[name].map { check($0, schema, at: "\(place).\(name)", in: document) } ?? []
            }
        case ("additionalProperties", let schema, .object(let members)):
            var known: Set<String> = []
            if case .object(let properties)? = keywords["properties"] { known = Set(properties.keys) }
            return members.filter { !known.contains($0.key) }.flatMap {
                check($0.value, schema, at: "\(place).\($0.key)", in: document)
            }
        case ("items", let schema, .array(let items)):
            return items.enumerated().flatMap { check($1, schema, at: "\(place)[\($0)]", in: document) }
        case ("minItems", .number(let least), .array(let items)):
            return Double(items.count) >= least ? [] : ["\(place): too few items"]
        case ("minLength", .number(let least), .string(let text)):
            return Double(text.unicodeScalars.count) >= least ? [] : ["\(place): too short"]
        case ("minimum", .number(let least), .number(let number)):
            return number >= least ? [] : ["\(place): \(number) is too small"]
        case ("pattern", .string(let pattern), .string(let text)):
            let regex = try? Regex(pattern)
            return regex.flatMap { text.firstMatch(of: $0) } != nil
                ? [] : ["\(place): “\(text)” does not match"]
        case ("anyOf", .array(let schemas), _):
            let fits = schemas.contains { check(value, $0, at: place, in: document).isEmpty }
            return fits ? [] : ["\(place): fits none of the alternatives"]
        case ("if", let condition, _):
            let branch = check(value, condition, at: place, in: document).isEmpty ? "then" : "else"
            return keywords[branch].map { check(value, $0, at: place, in: document) } ?? []
        case ("then", _, _), ("else", _, _):
            return []
        case ("required", _, _), ("properties", _, _), ("additionalProperties", _, _), ("items", _, _),
            ("minItems", _, _), ("minLength", _, _), ("minimum", _, _), ("pattern", _, _):
            // Each speaks of one type only; `type` says whether another is wrong.
            return []
        default:
            return JSONSchema.annotations.contains(keyword)
                ? [] : ["\(place): keyword \(keyword) is not known here"]
        }
    }

    private func follow(
        _ reference: String, _ value: JSONValue, at place: String, in document: JSONValue
    ) -> [String] {
        let prefix = "#/$defs/"
        if reference.hasPrefix(prefix),
            let schema = document["$defs"]?[String(reference.dropFirst(prefix.count))]
        {
            return check(value, schema, at: place, in: document)
        }
        if let other = others[reference] { return check(value, other, at: place, in: other) }
        return ["\(place): \(reference) leads nowhere"]
    }

    private static func fits(_ value: JSONValue, _ type: String) -> Bool {
        switch (type, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("number", .number),
            ("boolean", .bool),
            ("null", .null):
            true
        case ("integer", .number(let number)): number == number.rounded()
        default: false
        }
    }
}
