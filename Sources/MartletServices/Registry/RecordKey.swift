internal import IoTDomain
internal import MartletStore

/// Where one record is, and what people call it.
struct RecordKey<Record: RegistryRecord>: Hashable, Sendable {
    let bytes: KeyBytes
    /// `Thing`, `Certificate`, `Policy`: the first word of a message about it.
    let kind: String
    let name: String
}

/// Where the records of one list are.
struct RecordPrefix<Record: RegistryRecord>: Hashable, Sendable {
    let bytes: KeyBytes
}
