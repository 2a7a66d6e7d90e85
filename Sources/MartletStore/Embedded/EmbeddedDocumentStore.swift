internal import Dispatch
internal import GRDB

/// The document engine for one machine: SQLite in write-ahead mode with full syncs. One writer joins commits; reads go
/// to a few connections of their own. Both have threads of their own, so nothing here blocks an event loop or Swift's
/// cooperative pool.
package final class EmbeddedDocumentStore: DocumentStore {
    package static let fileName = "documents.sqlite"
    static let readers = 4

    /// Held so that the directory's lock outlives the database.
    private let directory: DataDirectory
    private let pool: DatabasePool
    private let limits: StoreLimits
    private let signal: PositionSignal
    private let holds = FeedHolds()
    private let queue: CommitQueue

    init(_ directory: DataDirectory, _ pool: DatabasePool, _ limits: StoreLimits, bounds: FeedBounds) {
        self.directory = directory
        self.pool = pool
        self.limits = limits
        signal = PositionSignal(at: bounds.last)
        queue = CommitQueue(pool, limits, signal, holds, trimmed: bounds.trimmed)
    }

    package var statistics: StoreStatistics { queue.statistics }

    package func get(_ key: KeyBytes) async throws(EngineError) -> Document? {
        try await read { db in try DocumentDatabase.get(key, db) }
    }

    package func scan(prefix: KeyBytes, after: KeyBytes?, limit: Int) async throws(EngineError) -> [Document] {
        try await read { db in try DocumentDatabase.scan(prefix: prefix, after: after, limit: limit, db) }
    }

    package func commit(_ writes: [DocumentWrite]) async throws(EngineError) -> ChangePosition {
        try checkSizes(writes)
        return try await queue.commit(writes).get()
    }

    package func changes(prefix: KeyBytes, since: ChangePosition) -> AsyncThrowingStream<Change, any Error> {
        let source = ChangeSource(signal: signal, holds: holds) {
            [self] (prefix, since) async throws(EngineError) -> DocumentDatabase.ChangePage in
            try await read { [limits] db in
                try DocumentDatabase.changes(prefix: prefix, since: since, limits: limits, db)
            }
        }
        let reader = ChangeReader(source, prefix: prefix, since: since)
        return AsyncThrowingStream { try await reader.next() }
    }

    package func currentPosition() async throws(EngineError) -> ChangePosition { signal.reached }

    /// Answers the commits that were taken, ends the open feeds and closes the database. What is called later fails
    /// with `.unavailable`.
    package func close() async {
        await queue.close()
        signal.end(with: .unavailable(because: "the store is closed"))
        await withCheckedContinuation { done in
            DispatchQueue.global().async { [pool] in
                // Nothing is lost when closing fails: every commit that was answered is on disk.
                try? pool.close()
                done.resume()
            }
        }
    }

    private func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(EngineError) -> Value {
        let result: Result<Value, EngineError> = await withCheckedContinuation { continuation in
            pool.asyncRead { database in
                let result = Result { try body(database.get()) }
                continuation.resume(
                    returning: result.mapError { $0 as? EngineError ?? .unavailable(because: "\($0)") })
            }
        }
        return try result.get()
    }

    private func checkSizes(_ writes: [DocumentWrite]) throws(EngineError) {
        guard writes.count <= limits.commitWrites else {
            throw .tooLarge(limit: "store.commitWrites", maximum: limits.commitWrites)
        }
        for write in writes {
            guard write.key.bytes.count <= limits.keyBytes else {
                throw .tooLarge(limit: "store.keyBytes", maximum: limits.keyBytes)
            }
            if case .put(let body) = write.operation, body.count > limits.documentBytes {
                throw .tooLarge(limit: "store.documentBytes", maximum: limits.documentBytes)
            }
        }
    }
}
