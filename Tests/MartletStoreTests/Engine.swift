import MartletBase
import MartletStore
import Testing

/// An engine that the contract tests run against. A new engine is one more entry in `all`.
struct Engine: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Runs the body on a store that keeps its data at this path; what was kept is there in the next run.
    let run: @Sendable (String, @Sendable (any DocumentStore) async throws -> Void) async throws -> Void

    static let all = [
        Engine(testDescription: "embedded") { path, body in
            try await withEmbeddedStore(at: path) { store in try await body(store) }
        }
    ]

    func fresh(_ body: @Sendable (any DocumentStore) async throws -> Void) async throws {
        try await withTemporaryDirectory { path in try await run(path, body) }
    }
}

func withEmbeddedStore(
    at path: String, limits: StoreLimits = StoreLimits(),
    _ body: @Sendable (EmbeddedDocumentStore) async throws -> Void
) async throws {
    let directory = try DataDirectory.open(path)
    defer { directory.release() }
    let store = try EmbeddedDocumentStore.open(in: directory, limits: limits)
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(store)) } catch { outcome = .failure(error) }
    await store.close()
    try outcome.get()
}

func key(_ name: String) -> KeyBytes { KeySpace.thing(.zero, name) }

func text(_ document: Document?) -> String? { document.map { String(decoding: $0.body, as: UTF8.self) } }

func body(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The first changes of a feed. The feed has to have them: a missing one shows as a test that does not end.
func first(_ count: Int, of store: any DocumentStore, since: ChangePosition, prefix: KeyBytes = .empty) async throws
    -> [Change]
{
    var changes: [Change] = []
    if count == 0 { return changes }
    for try await change in store.changes(prefix: prefix, since: since) {
        changes.append(change)
        if changes.count == count { break }
    }
    return changes
}
