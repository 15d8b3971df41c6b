internal import Mustache

/// The templates of the program's pages (Mustache). What they show is escaped as `MarkupText` says.
package struct PageTemplates: Sendable {
    private let library: MustacheLibrary

    /// Templates under the names by which they include each other.
    package init(_ sources: [String: [UInt8]]) {
        MustacheContentTypes.register(MarkupText(), named: "GUEST")
        var library = MustacheLibrary()
        for (name, source) in sources {
            do {
                try library.register(String(decoding: source, as: UTF8.self), named: name)
            } catch {
                // They are part of the program: no image and no user reaches this.
                fatalError("the template \(name) of the program is wrong: \(error)")
            }
        }
        self.library = library
    }

    /// The template called `name`, filled in from the properties of `page`.
    package func render(_ page: Any, with name: String) -> String {
        library.render(PageTemplates.properties(of: page) ?? [:], withTemplate: name) ?? ""
    }

    /// A structure as a dictionary, at every depth; nil for nil. The library would look through the properties of a
    /// structure, and of all around it, at each name that stands in a template.
    private static func properties(of value: Any) -> Any? {
        if let text = value as? String { return text }
        if let list = value as? [Any] { return list.compactMap(properties) }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional: return mirror.children.first.flatMap { properties(of: $0.value) }
        case .struct:
            var found: [String: Any] = [:]
            for child in mirror.children {
                if let name = child.label, let inner = properties(of: child.value) { found[name] = inner }
            }
            return found
        default: return value
        }
    }
}
