internal import IoTDomain
internal import IoTPolicy
internal import MartletBase
internal import MartletPKI

/// What policies may ask of stored things and certificates.
extension ThingFacts {
    init(_ thing: ThingRecord, isAttached: Bool) {
        self.init(
            name: thing.name, typeName: thing.typeName, attributes: thing.attributes, isAttached: isAttached)
    }
}

extension CertificateFacts {
    init(_ certificate: ParsedCertificate) {
        self.init(
            certificateID: certificate.certificateID.text, serialNumberHex: certificate.serialNumberHex,
            subject: Self.values(certificate.subject), issuer: Self.values(certificate.issuer),
            subjectAlternativeNames: Self.values(certificate.subjectAlternativeNames),
            issuerAlternativeNames: Self.values(certificate.issuerAlternativeNames))
    }

    private static func values(_ name: CertificateName) -> [String: [String]] {
        var values: [String: [String]] = [:]
        for attribute in CertificateName.Attribute.allCases where !name.values(attribute).isEmpty {
            values[attribute.rawValue] = name.values(attribute)
        }
        return values
    }

    private static func values(_ names: AlternativeNames) -> [String: [String]] {
        var values: [String: [String]] = [:]
        for kind in AlternativeNames.Kind.allCases where !names.values(kind).isEmpty {
            values[kind.rawValue] = names.values(kind)
        }
        return values
    }
}
