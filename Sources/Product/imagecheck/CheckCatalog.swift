import Checks

/// The checks this program knows.
enum CheckCatalog {
    static let all: [any Check.Type] = []
}
