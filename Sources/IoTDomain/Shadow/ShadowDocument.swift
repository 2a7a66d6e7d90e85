package import MartletBase

/// A shadow at one version. A shadow without either section exists all the same.
package struct ShadowDocument: Hashable, Sendable {
    package internal(set) var desired: ShadowSection?
    package internal(set) var reported: ShadowSection?
    /// 1 after the first update, one more with each (shadows.md section 7).
    package internal(set) var version: Int
    /// When this version came to be, in whole seconds since the epoch.
    package internal(set) var timestampSeconds: Int64

    package init(
        desired: ShadowSection? = nil, reported: ShadowSection? = nil, version: Int, timestampSeconds: Int64
    ) {
        self.desired = desired
        self.reported = reported
        self.version = version
        self.timestampSeconds = timestampSeconds
    }

    /// `{"desired":{…},"reported":{…}}`, each section only if there is one.
    package var state: JSONValue { sections(\.state) }
    package var metadata: JSONValue { sections(\.metadata) }

    private func sections(_ value: (ShadowSection) -> JSONValue) -> JSONValue {
        var object = JSONObject()
        object["desired"] = desired.map(value)
        object["reported"] = reported.map(value)
        return .object(object)
    }

    /// What `desired` has and `reported` has not, or has otherwise; empty when they agree.
    package var delta: ShadowSection { desired?.difference(from: reported ?? ShadowSection()) ?? ShadowSection() }

    /// The size that counts against the limit: the compact JSON of either section, without metadata.
    package var bytes: Int {
        [desired, reported].compactMap { $0 }.reduce(0) { $0 + JSONWriter.bytes($1.state).count }
    }

    /// The document after an accepted update, one version further.
    func applying(_ request: ShadowUpdateRequest, rules: ShadowRules, nowSeconds: Int64) -> ShadowDocument {
        func changed(_ section: ShadowSection?, _ change: ShadowSectionChange) -> ShadowSection? {
            switch change {
            case .keep: return section
            case .remove: return nil
            case .merge(let patch):
                var merged = section ?? ShadowSection()
                merged.merge(patch, rules: rules, nowSeconds: nowSeconds)
                return merged.isEmpty && !rules.keepsEmptyObjects ? nil : merged
            }
        }
        return ShadowDocument(
            desired: changed(desired, request.desired), reported: changed(reported, request.reported),
            version: version + 1, timestampSeconds: nowSeconds)
    }
}
