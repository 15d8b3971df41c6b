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
        library.render(page, withTemplate: name) ?? ""
    }
}
