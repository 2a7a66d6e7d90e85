/// What policies may ask of the X.509 certificate that a caller presented (policies.md section 4).
package struct CertificateFacts: Sendable {
    /// Values that an attribute offers; more are ignored.
    package static let valuesPerAttribute = 5

    package var certificateID: String
    /// Hexadecimal, as in the certificate.
    package var serialNumberHex: String
    /// Attributes of the subject's distinguished name by the last part of the variable, such as `CommonName`.
    package var subject: [String: [String]]
    package var issuer: [String: [String]]
    /// By the last part of the variable, such as `DNSName`. A `DirectoryName` is the RFC 4514 text, in which special
    /// characters are escaped already.
    package var subjectAlternativeNames: [String: [String]]
    package var issuerAlternativeNames: [String: [String]]

    package init(
        certificateID: String, serialNumberHex: String, subject: [String: [String]] = [:],
        issuer: [String: [String]] = [:], subjectAlternativeNames: [String: [String]] = [:],
        issuerAlternativeNames: [String: [String]] = [:]
    ) {
        self.certificateID = certificateID
        self.serialNumberHex = serialNumberHex
        self.subject = subject
        self.issuer = issuer
        self.subjectAlternativeNames = subjectAlternativeNames
        self.issuerAlternativeNames = issuerAlternativeNames
    }

    /// Names that `subject` and `issuer` may have.
    package static let nameAttributes = [
        "DistinguishedNameQualifier", "Country", "Organization", "OrganizationalUnit", "State", "CommonName",
        "SerialNumber", "Title", "Surname", "GivenName", "Initials", "Pseudonym", "GenerationQualifier",
    ]

    /// Names that the alternative names may have.
    package static let alternativeNameAttributes = [
        "RFC822Name", "DNSName", "DirectoryName", "UniformResourceIdentifier", "IPAddress",
    ]

    /// One certificate variable without `iot:Certificate.` and suffix.
    struct Attribute: Hashable, Sendable {
        enum Holder: String, CaseIterable {
            case subject = "Subject"
            case issuer = "Issuer"
        }

        let holder: Holder
        let isAlternativeName: Bool
        let name: String

        init?(lowercased text: String) {
            guard let known = Self.table[text] else { return nil }
            self = known
        }

        private init(_ holder: Holder, _ isAlternativeName: Bool, _ name: String) {
            self.holder = holder
            self.isAlternativeName = isAlternativeName
            self.name = name
        }

        var variable: String {
            "iot:Certificate.\(holder.rawValue)." + (isAlternativeName ? "AlternativeName." : "") + name
        }

        static let all: [Attribute] = Holder.allCases.flatMap { holder in
            nameAttributes.map { Attribute(holder, false, $0) }
                + alternativeNameAttributes.map { Attribute(holder, true, $0) }
        }

        private static let table: [String: Attribute] = Dictionary(
            uniqueKeysWithValues: all.map { ($0.variable.dropFirst("iot:Certificate.".count).lowercased(), $0) })
    }

    /// The values of an attribute as they stand in the certificate, at most five.
    func rawValues(_ attribute: Attribute) -> ArraySlice<String> {
        let holder =
            switch (attribute.holder, attribute.isAlternativeName) {
            case (.subject, false): subject
            case (.issuer, false): issuer
            case (.subject, true): subjectAlternativeNames
            case (.issuer, true): issuerAlternativeNames
            }
        return (holder[attribute.name] ?? []).prefix(Self.valuesPerAttribute)
    }

    /// The certificate variables that have values: `iot:Certificate.AvailableKeys`.
    var availableKeys: [String] {
        ["iot:Certificate.SerialNumber"] + Attribute.all.filter { !rawValues($0).isEmpty }.map(\.variable)
    }

    /// The form in which a value is compared and substituted: in a distinguished name's attribute the special
    /// characters are escaped.
    static func escaped(_ value: String, _ attribute: Attribute) -> String {
        guard !attribute.isAlternativeName else { return value }
        var escaped = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            if ",\"\\+=<>;".unicodeScalars.contains(scalar) { escaped.append("\\") }
            escaped.append(scalar)
        }
        return String(escaped)
    }

    /// A value that would be mistaken for a part of a pattern or filter, or has over 1,024 characters, is not
    /// substituted.
    static func maySubstitute(_ value: String) -> Bool {
        value.unicodeScalars.count <= 1024 && !value.utf8.contains { "*$+?#".utf8.contains($0) }
    }
}
