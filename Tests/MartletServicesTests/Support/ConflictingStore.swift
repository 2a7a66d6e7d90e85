import MartletStore

/// A store in which someone else is always faster.
struct ConflictingStore: DocumentStore {
    let store: EmbeddedDocumentStore

    func get(_ key: KeyBytes) async throws(EngineError) -> Document? { try await store.get(key) }

    func commit(_ writes: [DocumentWrite]) async throws(EngineError) -> ChangePosition {
        throw .conflict(writes[0].key)
    }

    func scan(prefix: KeyBytes, after: KeyBytes?, limit: Int) async throws(EngineError) -> [Document] {
        try await store.scan(prefix: prefix, after: after, limit: limit)
    }

    func changes(prefix: KeyBytes, since: ChangePosition) -> AsyncThrowingStream<Change, any Error> {
        store.changes(prefix: prefix, since: since)
    }

    func currentPosition() async throws(EngineError) -> ChangePosition { try await store.currentPosition() }
}
