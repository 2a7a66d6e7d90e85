internal import MartletBase
internal import SwiftASN1
internal import X509

/// A distinguished name as policies see it: each attribute with all its values, in the certificate's order
/// (policies.md section 4).
package struct CertificateName: Hashable, Sendable {
    /// The attributes that policies can name, in the order of policies.md section 4; the raw value is the suffix of
    /// the variable.
    package enum Attribute: String, Hashable, Sendable, CaseIterable {
        case distinguishedNameQualifier = "DistinguishedNameQualifier"
        case country = "Country"
        case organization = "Organization"
        case organizationalUnit = "OrganizationalUnit"
        case state = "State"
        case commonName = "CommonName"
        case serialNumber = "SerialNumber"
        case title = "Title"
        case surname = "Surname"
        case givenName = "GivenName"
        case initials = "Initials"
        case pseudonym = "Pseudonym"
        case generationQualifier = "GenerationQualifier"

        init?(_ type: ASN1ObjectIdentifier) {
            guard let attribute = Self.byType[type] else { return nil }
            self = attribute
        }

        private static let byType: [ASN1ObjectIdentifier: Attribute] = [
            [2, 5, 4, 46]: .distinguishedNameQualifier, [2, 5, 4, 6]: .country, [2, 5, 4, 10]: .organization,
            [2, 5, 4, 11]: .organizationalUnit, [2, 5, 4, 8]: .state, [2, 5, 4, 3]: .commonName,
            [2, 5, 4, 5]: .serialNumber, [2, 5, 4, 12]: .title, [2, 5, 4, 4]: .surname, [2, 5, 4, 42]: .givenName,
            [2, 5, 4, 43]: .initials, [2, 5, 4, 65]: .pseudonym, [2, 5, 4, 44]: .generationQualifier,
        ]
    }

    /// The whole name in the form of RFC 4514: last attribute first, special characters escaped.
    package let text: String
    /// The name's DER form, which decides whether two names are the same.
    package let der: [UInt8]
    private let attributes: [Attribute: [String]]

    init(_ name: DistinguishedName) throws {
        var attributes: [Attribute: [String]] = [:]
        for relative in name {
            for pair in relative {
                if let attribute = Attribute(pair.type) {
                    attributes[attribute, default: []].append(DirectoryString.text(pair.value))
                }
            }
        }
        self.attributes = attributes
        self.text = DirectoryString.text(name)
        var serializer = DER.Serializer()
        try serializer.serialize(name)
        self.der = serializer.serializedBytes
    }

    /// All values of an attribute, in the certificate's order, without escapes.
    package func values(_ attribute: Attribute) -> [String] { attributes[attribute] ?? [] }
}
