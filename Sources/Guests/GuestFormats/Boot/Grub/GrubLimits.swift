/// Bounds on what one evaluation may cost. Each is far above what generators of configurations write.
package struct GrubLimits: Sendable {
    /// Commands executed.
    package var commands = 200_000
    /// Questions to the host.
    package var lookups = 20_000
    /// Bytes that expansion of words may produce.
    package var expandedBytes = 64 << 20
    /// Bytes of one variable or word.
    package var wordBytes = 1 << 20
    /// Bytes of one configuration file.
    package var fileBytes = 8 << 20
    /// Configuration files inside each other.
    package var nestedFiles = 16
    /// Menu entries.
    package var entries = 10_000

    /// The usual bounds.
    package init() {}
}
