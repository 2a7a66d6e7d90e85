internal import MartletBase

extension ShadowRecord {
    /// What the last change publishes besides the answer to the request, from the record alone: delta (if there is one)
    /// and documents after an update, accepted after a delete. Consumers drop versions that they have seen, so sending
    /// these twice is harmless.
    package func repairMessages() -> [ShadowMessage] {
        switch self {
        case .updated(let document, let previous, let token):
            let documents = Self.documents(document, previous, token)
            guard let delta = Self.delta(document, token) else { return [documents] }
            return [delta, documents]
        case .deleted(let tombstone, let token):
            return [ShadowMessage(.deleteAccepted, Self.deleteAccepted(tombstone, token))]
        }
    }

    /// shadows.md section 5.3; nil when desired and reported agree.
    private static func delta(_ document: ShadowDocument, _ token: String?) -> ShadowMessage? {
        let delta = document.delta
        guard !delta.isEmpty else { return nil }
        var payload: JSONObject = [
            "version": .int(document.version), "timestamp": .int(document.timestampSeconds), "state": delta.state,
            "metadata": delta.metadata,
        ]
        payload["clientToken"] = token.map(JSONValue.string)
        return ShadowMessage(.updateDelta, payload)
    }

    /// shadows.md section 5.4
    private static func documents(
        _ current: ShadowDocument, _ previous: ShadowDocument?, _ token: String?
    ) -> ShadowMessage {
        let none = ShadowDocument(version: 0, timestampSeconds: 0)
        var payload: JSONObject = [
            "previous": half(previous ?? none), "current": half(current), "timestamp": .int(current.timestampSeconds),
        ]
        payload["clientToken"] = token.map(JSONValue.string)
        return ShadowMessage(.updateDocuments, payload)
    }

    private static func half(_ document: ShadowDocument) -> JSONValue {
        ["state": document.state, "metadata": document.metadata, "version": .int(document.version)]
    }

    /// shadows.md section 5.5
    static func deleteAccepted(_ tombstone: ShadowTombstone, _ token: String?) -> JSONObject {
        var payload: JSONObject = [
            "version": .int(tombstone.version), "timestamp": .int(tombstone.deletedAtSeconds),
        ]
        payload["clientToken"] = token.map(JSONValue.string)
        return payload
    }
}
