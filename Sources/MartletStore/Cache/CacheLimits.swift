/// What a document cache may hold. What is above either limit is evicted, least recently used first as far as one bit
/// per entry tells.
package struct CacheLimits: Hashable, Sendable {
    /// `cache.documents`: entries, absent documents included.
    package var documents: Int
    /// `cache.bytes`: keys and bodies together.
    package var bytes: Int

    package init(documents: Int = 100_000, bytes: Int = 64 * 1024 * 1024) {
        self.documents = max(1, documents)
        self.bytes = bytes
    }
}
