/// Which contents to keep while an initramfs is read. Names are always kept.
package struct InitramfsRequest: Sendable {
    /// How much to keep of the regular file at this path with this size; 0 for nothing.
    package var keep: @Sendable (_ path: String, _ size: UInt64) -> Int
    /// Bytes kept in all; beyond it nothing more is kept.
    package var totalLimit = 24 << 20
    /// Members in all; more is a `limit` fault.
    package var memberLimit = 200_000
    /// Bytes that all segments together may unpack to; more is a `limit` fault.
    package var outputLimit: UInt64 = 4 << 30

    /// Keeps what `keep` says.
    package init(keep: @escaping @Sendable (_ path: String, _ size: UInt64) -> Int) {
        self.keep = keep
    }
}
