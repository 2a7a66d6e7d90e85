/// The documents of the server: registry, certificates, policies, and later shadows and jobs, with the feed of their
/// changes. Broker and services name no engine; `EmbeddedDocumentStore` is the one for a single machine.
///
/// The message side (`MessageBus`, `QueueStore`, `SessionStore`, `RetainedStore`) has protocols of its own. They come
/// with durable sessions.
package protocol DocumentStore: Sendable {
    /// The document as the latest commit that returned before this call left it, or later; nil when there is none.
    func get(_ key: KeyBytes) async throws(EngineError) -> Document?

    /// Applies all writes, or none of them: when the expectation of one does not hold, throws `.conflict` with its key.
    /// Writes are judged in order, so a later one sees what an earlier one of the same commit did.
    /// Returns once the commit is durable.
    /// - Returns: the position of the commit's last change, to be waited for with `FeedFollower.applied(through:)`. A
    ///   commit that changed nothing returns a position that everything before it has reached.
    func commit(_ writes: [DocumentWrite]) async throws(EngineError) -> ChangePosition

    /// At most `limit` documents whose keys begin with `prefix` and come after `after`, in key order. A shorter answer
    /// is the end. The prefix binds whatever `after` says, so a page token made up by a client leaves no prefix.
    func scan(prefix: KeyBytes, after: KeyBytes?, limit: Int) async throws(EngineError) -> [Document]

    /// Every change after `since` to a key that begins with `prefix`, in order of position, without gaps and at least
    /// once; then it waits for more. Ends with `.compacted` when the feed no longer reaches back to `since`: take
    /// `currentPosition()`, rebuild by scan, and follow from that position. Ends quietly when the task that reads it
    /// is cancelled.
    func changes(prefix: KeyBytes, since: ChangePosition) -> AsyncThrowingStream<Change, any Error>

    /// The position of the latest durable change.
    func currentPosition() async throws(EngineError) -> ChangePosition
}
