package import MartletBase

/// A name and what is stored under it: the three operations as pure functions (shadows.md sections 4 to 8).
package struct Shadow: Hashable, Sendable {
    package let name: ShadowName
    /// Nil when nothing is stored.
    package let record: ShadowRecord?

    package init(name: ShadowName, record: ShadowRecord?) {
        self.name = name
        self.record = record
    }

    private func existing(_ token: String?) throws(ShadowError) -> ShadowDocument {
        guard let document = record?.document else { throw ShadowError(.noShadow(name), clientToken: token) }
        return document
    }
}

extension Shadow {
    /// The whole document (section 5.1). Refused with `noShadow`.
    package func get(_ request: ShadowTokenRequest, nowSeconds: Int64) throws(ShadowError) -> [UInt8] {
        JSONWriter.bytes(try getDocument(request, nowSeconds: nowSeconds))
    }

    /// The same as a value, for `get_thing_shadow` of the rules' SQL. The timestamp is that of the answer.
    package func getDocument(_ request: ShadowTokenRequest, nowSeconds: Int64) throws(ShadowError) -> JSONValue {
        let document = try existing(request.clientToken)
        var state = document.state.objectValue ?? JSONObject()
        let delta = document.delta
        if !delta.isEmpty { state["delta"] = delta.state }
        var answer: JSONObject = [
            "state": .object(state), "metadata": document.metadata, "version": .int(document.version),
            "timestamp": .int(nowSeconds),
        ]
        answer["clientToken"] = request.clientToken.map(JSONValue.string)
        return .object(answer)
    }

    /// Leaves the version, so that a shadow of this name continues from it for 48 hours. Refused with `noShadow`.
    package func delete(_ request: ShadowTokenRequest, nowSeconds: Int64) throws(ShadowError) -> ShadowChange {
        let document = try existing(request.clientToken)
        let tombstone = ShadowTombstone(version: document.version, deletedAtSeconds: nowSeconds)
        return ShadowChange(
            record: .deleted(tombstone, clientToken: request.clientToken),
            accepted: JSONWriter.bytes(.object(ShadowRecord.deleteAccepted(tombstone, request.clientToken))))
    }
}

extension Shadow {
    /// Merges the request into the document, or makes the first one. Refused with `tooLarge` or `versionConflict`.
    package func update(
        _ request: ShadowUpdateRequest, rules: ShadowRules = ShadowRules(), nowSeconds: Int64
    ) throws(ShadowError) -> ShadowChange {
        let current = record?.document
        let base = current ?? ShadowDocument(version: lastVersion(nowSeconds: nowSeconds), timestampSeconds: nowSeconds)
        let next = base.applying(request, rules: rules, nowSeconds: nowSeconds)
        let bytes = next.bytes
        guard bytes <= rules.documentBytes else {
            throw ShadowError(.tooLarge(bytes: bytes, limit: rules.documentBytes), clientToken: request.clientToken)
        }
        let currentVersion = current?.version ?? 0
        if let expected = request.version, expected != currentVersion {
            throw ShadowError(
                .versionConflict(expected: expected, current: currentVersion), clientToken: request.clientToken)
        }
        return ShadowChange(
            record: .updated(next, previous: current, clientToken: request.clientToken),
            accepted: JSONWriter.bytes(Self.updateAccepted(request, version: next.version, rules, nowSeconds)))
    }

    /// The version that a new shadow continues from.
    private func lastVersion(nowSeconds: Int64) -> Int {
        guard let tombstone = record?.tombstone, !tombstone.isExpired(nowSeconds: nowSeconds) else { return 0 }
        return tombstone.version
    }

    /// Only what the request said, nulls too, and the timestamps of what it set (section 5.2).
    private static func updateAccepted(
        _ request: ShadowUpdateRequest, version: Int, _ rules: ShadowRules, _ nowSeconds: Int64
    ) -> JSONValue {
        func metadata(_ change: ShadowSectionChange) -> JSONValue? {
            guard case .merge(let patch) = change else { return nil }
            var section = ShadowSection()
            section.merge(patch, rules: rules, nowSeconds: nowSeconds)
            return section.metadata
        }
        var sections = JSONObject()
        sections["desired"] = metadata(request.desired)
        sections["reported"] = metadata(request.reported)
        var answer: JSONObject = [
            "state": request.state, "metadata": .object(sections), "version": .int(version),
            "timestamp": .int(nowSeconds),
        ]
        answer["clientToken"] = request.clientToken.map(JSONValue.string)
        return .object(answer)
    }
}
