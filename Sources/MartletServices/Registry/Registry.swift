internal import AWSModel
internal import IoTDomain
internal import MartletBase
internal import MartletStore

/// Reads and changes the records of an account. Services see records, never documents.
struct Registry: Sendable {
    /// Attempts at one change before the caller is told to try again.
    static let attempts = 16

    let documents: any DocumentStore
    let barrier: any AppliedBarrier
    /// `list.examinedPerPage`: records that one call of a list looks at.
    let examinedPerPage: Int

    func keys(_ call: CallContext) -> RegistryKeys { RegistryKeys(account: call.account) }

    func read<Record>(_ key: RecordKey<Record>) async throws -> Record? {
        try await documents.get(key.bytes).map { try Record(body: $0.body) }
    }

    /// - Throws: ResourceNotFoundException when there is no such record.
    func require<Record>(_ key: RecordKey<Record>) async throws -> Record {
        guard let record = try await read(key) else { throw ServiceFailure.missing(key.kind, key.name) }
        return record
    }

    /// Runs a change until it meets no other one, commits it and waits until it is in force everywhere on this node.
    func commit<Output>(
        _ call: CallContext, _ body: (inout Transaction) async throws -> Output
    ) async throws -> Output {
        for _ in 0..<Self.attempts {
            var transaction = Transaction(keys: keys(call), documents: documents)
            let output = try await body(&transaction)
            let writes = transaction.writes
            guard !writes.isEmpty else { return output }
            let position: ChangePosition
            do {
                position = try await documents.commit(writes)
            } catch .conflict {
                continue
            }
            try await barrier.applied(through: position)
            return output
        }
        throw ServiceFailure.busy
    }
}
