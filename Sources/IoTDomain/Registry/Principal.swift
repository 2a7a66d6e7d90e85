package import MartletBase

/// Whom policies and things are attached to, as the `principal` and `target` arguments name it (api-wire.md section 8).
package enum Principal: Hashable, Sendable {
    case certificate(CertificateID)
    case thingGroup(String)
    /// `REGION:UUID`
    case cognitoIdentity(String)

    /// Why a text names no principal of this account and region.
    package enum ParseError: Error, Hashable, Sendable {
        case malformed
        /// An ARN of another partition, region or account, which the error carries.
        case foreign(String)
        case unsupportedType(String)
    }

    package init(_ text: String, in realm: Realm) throws(ParseError) {
        guard text.hasPrefix("arn:") else {
            self = .cognitoIdentity(try Self.checkedIdentity(text))
            return
        }
        guard let arn = ARN(text), arn.service == "iot" else { throw .malformed }
        guard arn.partition == realm.partition, arn.region == realm.region, arn.account == realm.account.text else {
            throw .foreign("\(arn.partition):\(arn.service):\(arn.region):\(arn.account)")
        }
        let name = arn.resourceName
        switch arn.resourceType {
        case "cert":
            guard let id = CertificateID(name) else { throw .malformed }
            self = .certificate(id)
        case "thinggroup":
            guard !name.isEmpty else { throw .malformed }
            self = .thingGroup(String(name))
        case let type: throw .unsupportedType(String(type))
        }
    }

    /// The one spelling under which attachments are stored and listed.
    package func text(in realm: Realm) -> String {
        switch self {
        case .certificate(let id): realm.arn("cert", id.text).description
        case .thingGroup(let name): realm.arn("thinggroup", name).description
        case .cognitoIdentity(let identity): identity
        }
    }

    private static func checkedIdentity(_ text: String) throws(ParseError) -> String {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let groups = parts.last?.split(separator: "-", omittingEmptySubsequences: false) ?? []
        guard parts.count == 2, !parts[0].isEmpty, groups.map(\.utf8.count) == [8, 4, 4, 4, 12],
            groups.joined().utf8.allSatisfy({ Hex.digit($0) != nil })
        else { throw .malformed }
        return text
    }
}
