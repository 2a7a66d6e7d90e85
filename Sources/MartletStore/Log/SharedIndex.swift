import NIOConcurrencyHelpers

/// The index, changed by the writer's thread and read by all.
///
/// `@unchecked Sendable` because the compiler cannot see the rule that makes it true: only the writer's thread changes
/// it, with the lock held. So that thread may read it without the lock, and everybody else reads with it.
final class SharedIndex: @unchecked Sendable {
    private let lock = NIOLock()
    /// For the writer's thread alone.
    private(set) var writers: LogIndex

    init(_ index: LogIndex) { writers = index }

    func withLock<Result>(_ body: (inout LogIndex) -> Result) -> Result { lock.withLock { body(&writers) } }
}
