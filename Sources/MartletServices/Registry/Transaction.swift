internal import AWSModel
internal import IoTDomain
internal import MartletBase
internal import MartletStore

/// One attempt at a change of the registry. Every record that was read one by one is expected to be as it was read
/// when the writes are committed, whether it is written or not; what a list showed is not. A change that must not
/// race with a list therefore also writes a record that those who extend the list write (`touch`).
struct Transaction {
    let keys: RegistryKeys
    private let documents: any DocumentStore
    private var read: [KeyBytes: Document?] = [:]
    private var changes: [DocumentWrite] = []

    init(keys: RegistryKeys, documents: any DocumentStore) {
        self.keys = keys
        self.documents = documents
    }

    mutating func read<Record>(_ key: RecordKey<Record>) async throws -> Record? {
        let document = try await documents.get(key.bytes)
        read[key.bytes] = .some(document)
        return try document.map { try Record(body: $0.body) }
    }

    /// - Throws: ResourceNotFoundException when there is no such record.
    mutating func require<Record>(_ key: RecordKey<Record>) async throws -> Record {
        guard let record = try await read(key) else { throw ServiceFailure.missing(key.kind, key.name) }
        return record
    }

    func first<Record>(_ limit: Int, _ prefix: RecordPrefix<Record>) async throws -> [Record] {
        try await documents.scan(prefix: prefix.bytes, after: nil, limit: limit).map { try Record(body: $0.body) }
    }

    /// Writes a record that was read before, or makes it when it was found absent.
    mutating func put<Record>(_ key: RecordKey<Record>, _ record: Record) {
        changes.append(.put(key.bytes, JSONWriter.bytes(record.json), expecting: expectation(key.bytes)))
        read[key.bytes] = nil
    }

    /// Writes a record as it is, so that of two changes that read it only one goes through.
    mutating func touch<Record>(_ key: RecordKey<Record>) {
        guard case .some(.some(let document)) = read[key.bytes] else { return }
        changes.append(.put(key.bytes, document.body, expecting: .version(document.version)))
        read[key.bytes] = nil
    }

    mutating func delete<Record>(_ key: RecordKey<Record>) {
        changes.append(.delete(key.bytes, expecting: expectation(key.bytes)))
        read[key.bytes] = nil
    }

    /// Writes the other end of an attachment: it is there exactly when the end that was read is.
    mutating func putUnread<Record>(_ key: RecordKey<Record>, _ record: Record) {
        changes.append(.put(key.bytes, JSONWriter.bytes(record.json)))
    }

    mutating func putEntry(_ key: KeyBytes) { changes.append(.put(key, [])) }
    mutating func deleteEntry(_ key: KeyBytes) { changes.append(.delete(key)) }

    /// What is to be committed; empty when nothing changes.
    var writes: [DocumentWrite] {
        guard !changes.isEmpty else { return [] }
        let checks = read.map { key, document in
            DocumentWrite.check(key, document.map { .version($0.version) } ?? .absent)
        }
        return checks.sorted { $0.key < $1.key } + changes
    }

    private func expectation(_ key: KeyBytes) -> DocumentExpectation {
        switch read[key] {
        case .none: .any
        case .some(.none): .absent
        case .some(.some(let document)): .version(document.version)
        }
    }
}

extension RegistryRecord {
    init(body: [UInt8]) throws { try self.init(json: try JSONParser.parse(body)) }
}
