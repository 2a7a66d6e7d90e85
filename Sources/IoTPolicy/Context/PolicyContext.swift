package import MartletBase

/// What is known of one caller when it connects, and does not change while it is connected.
package struct PolicyContext: Sendable {
    package let realm: Realm
    /// Nil for a caller over HTTP: client id and thing variables then have no values.
    package let clientID: String?
    package let sourceIP: String
    /// The server name that the client asked for.
    package let domainName: String?
    package let secureTransport: Bool
    package let thing: ThingFacts?
    package let certificate: CertificateFacts?
    /// Further keys such as `cognito-identity.amazonaws.com:sub`, by name in lower case.
    let extra: [String: [String]]

    package init(
        realm: Realm, clientID: String?, sourceIP: String, domainName: String? = nil, secureTransport: Bool,
        thing: ThingFacts? = nil, certificate: CertificateFacts? = nil, extra: [String: [String]] = [:]
    ) {
        self.realm = realm
        self.clientID = clientID
        self.sourceIP = sourceIP
        self.domainName = domainName?.lowercased()
        self.secureTransport = secureTransport
        self.thing = thing
        self.certificate = certificate
        self.extra = extra.isEmpty ? [:] : extra.loweringNames
    }

    /// The values of a key that belongs to the caller; nil for one that belongs to the request.
    func values(_ key: ContextKey) -> [String]? {
        switch key {
        case .clientID: return clientID.map { [$0] } ?? []
        case .sourceIP: return sourceIP.isEmpty ? [] : [sourceIP]
        case .domainName: return domainName.map { [$0] } ?? []
        case .secureTransport: return [secureTransport ? "true" : "false"]
        case .thingName: return attachedThing.map { [$0.name] } ?? []
        case .thingTypeName: return attachedThing?.typeName.map { [$0] } ?? []
        case .thingAttribute(let name): return attachedThing?.attributes[name].map { [$0] } ?? []
        case .thingIsAttached: return clientID == nil ? [] : [attachedThing == nil ? "false" : "true"]
        case .certificateID: return certificate.map { [$0.certificateID] } ?? []
        case .certificateSerialNumber: return certificate.map { [$0.serialNumberHex] } ?? []
        case .certificateAvailableKeys: return certificate?.availableKeys ?? []
        case .certificate(let attribute, let selection):
            return certificateValues(attribute, selection).map { CertificateFacts.escaped($0, attribute) }
        case .other(let name): return extra[name]
        case .currentTime, .epochTime, .connectAttributes, .lastWillTopic: return nil
        }
    }

    /// What stands in the place of a variable. A key with several values is no variable, nor is one of the request.
    func substitution(_ variable: PolicyVariable) -> PolicyVariable.Substitution {
        if case .certificate(let attribute, .index(let index)) = variable.key,
            let raw = certificateValues(attribute, .index(index)).first, !CertificateFacts.maySubstitute(raw)
        {
            return .value("${\(variable.name)}")
        }
        let isList = if case .certificate(_, .all) = variable.key { true } else { false }
        guard let values = values(variable.key), values.count == 1, !isList, let value = values.first,
            variable.key != .certificateAvailableKeys
        else { return variable.fallback.map { .value($0) } ?? .unresolved }
        return value.utf8.count <= PolicyVariable.valueByteLimit ? .value(value) : .unresolved
    }

    private var attachedThing: ThingFacts? {
        guard clientID != nil, let thing, thing.isAttached else { return nil }
        return thing
    }

    private func certificateValues(
        _ attribute: CertificateFacts.Attribute, _ selection: ContextKey.CertificateSelection
    ) -> [String] {
        guard let values = certificate?.rawValues(attribute) else { return [] }
        switch selection {
        case .all: return Array(values)
        case .index(let index): return index < values.count ? [values[index]] : []
        }
    }
}

extension [String: [String]] {
    var loweringNames: [String: [String]] {
        Dictionary(map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: +)
    }
}
