/// What a condition key or a variable is about (policies.md sections 4 and 5). Names do not depend on case; the name
/// of a thing attribute does.
enum ContextKey: Hashable, Sendable {
    case clientID, sourceIP, domainName, secureTransport
    case thingName, thingTypeName, thingIsAttached
    case thingAttribute(String)
    case certificateID, certificateSerialNumber, certificateAvailableKeys
    case certificate(CertificateFacts.Attribute, CertificateSelection)
    case currentTime, epochTime
    case connectAttributes, lastWillTopic
    /// Any other key, in lower case.
    case other(String)

    /// Which values of a certificate attribute are meant.
    enum CertificateSelection: Hashable, Sendable {
        /// 0 is the bare name, 1 the suffix `.1`.
        case index(Int)
        /// The suffix `.List`.
        case all
    }

    init(_ name: String) {
        let lowered = name.lowercased()
        if let known = Self.table[lowered] {
            self = known
        } else if lowered.hasPrefix(Self.attributesPrefix), lowered.hasSuffix("]") {
            let attribute = Array(name.utf8).dropFirst(Self.attributesPrefix.utf8.count).dropLast()
            self = .thingAttribute(String(decoding: attribute, as: UTF8.self))
        } else if lowered.hasPrefix(Self.certificatePrefix),
            let key = Self.certificateKey(lowered.dropFirst(Self.certificatePrefix.count))
        {
            self = key
        } else {
            self = .other(lowered)
        }
    }

    /// The value is the time of the decision.
    var dependsOnTime: Bool { self == .currentTime || self == .epochTime }

    private static let attributesPrefix = "iot:connection.thing.attributes["
    private static let certificatePrefix = "iot:certificate."

    private static let table: [String: ContextKey] = [
        "iot:clientid": .clientID,
        "aws:sourceip": .sourceIP,
        "iot:domainname": .domainName,
        "aws:securetransport": .secureTransport,
        "iot:connection.thing.thingname": .thingName,
        "iot:connection.thing.thingtypename": .thingTypeName,
        "iot:connection.thing.isattached": .thingIsAttached,
        "iot:certificateid": .certificateID,
        "iot:certificate.serialnumber": .certificateSerialNumber,
        "iot:certificate.availablekeys": .certificateAvailableKeys,
        "aws:currenttime": .currentTime,
        "aws:epochtime": .epochTime,
        "iot:connectattributes": .connectAttributes,
        "iot:lastwilltopic": .lastWillTopic,
    ]

    private static func certificateKey(_ name: Substring) -> ContextKey? {
        if let attribute = CertificateFacts.Attribute(lowercased: String(name)) {
            return .certificate(attribute, .index(0))
        }
        guard let dot = name.lastIndex(of: "."),
            let attribute = CertificateFacts.Attribute(lowercased: String(name[..<dot]))
        else { return nil }
        let suffix = name[name.index(after: dot)...]
        if suffix == "list" { return .certificate(attribute, .all) }
        guard let index = Int(suffix), index > 0, String(index) == suffix else { return nil }
        return .certificate(attribute, .index(index))
    }
}
