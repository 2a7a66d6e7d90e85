extension ThingRecord {
    /// A new thing's attributes are those of the request that have a value.
    package static func attributes(
        requested: [String: String], over present: [String: String] = [:], merge: Bool = false
    ) -> [String: String] {
        (merge ? present : [:]).merging(requested) { _, new in new }.filter { !$0.value.isEmpty }
    }

    /// CreateThing repeated with the same configuration answers with the first thing (api-wire.md section 10).
    package func hasSameConfiguration(as other: ThingRecord) -> Bool {
        name == other.name && typeName == other.typeName && attributes == other.attributes
            && billingGroupName == other.billingGroupName
    }

    package func checkLimits(_ limits: ThingAttributeLimits) throws(RegistryRefusal) {
        let limit = typeName == nil ? limits.withoutType : limits.withType
        guard attributes.count <= limit else {
            throw .tooManyAttributes(thing: name, count: attributes.count, limit: limit)
        }
    }

    package func checkVersion(expected: Int?) throws(RegistryRefusal) {
        guard let expected, expected != version else { return }
        throw .versionConflict(thing: name, expected: expected, current: version)
    }

    /// The thing after UpdateThing, one version further.
    package func applying(_ change: ThingChange, limits: ThingAttributeLimits) throws(RegistryRefusal) -> ThingRecord {
        try checkVersion(expected: change.expectedVersion)
        var changed = self
        if let requested = change.attributes {
            changed.attributes = Self.attributes(requested: requested, over: attributes, merge: change.merge)
        }
        if change.removeType { changed.typeName = nil }
        if let typeName = change.typeName { changed.typeName = typeName }
        try changed.checkLimits(limits)
        changed.version += 1
        return changed
    }

    /// DeleteThing needs the expected version and no attached principals (api-wire.md section 11).
    package func checkDelete(expectedVersion: Int?, hasPrincipals: Bool) throws(RegistryRefusal) {
        try checkVersion(expected: expectedVersion)
        guard !hasPrincipals else { throw .thingHasPrincipals(thing: name) }
    }
}
