extension ParsedCertificate {
    /// Every certificate variable that has a value, by what follows `iot:Certificate.` in its name:
    /// `SerialNumber`, `Subject.CommonName`, `Issuer.AlternativeName.DNSName` (policies.md section 4). Limits on the
    /// number and the characters of values are the policy language's business.
    package var policyVariables: [String: [String]] {
        var variables = ["SerialNumber": [serialNumberHex]]
        for (holder, name, alternatives) in [
            ("Subject", subject, subjectAlternativeNames), ("Issuer", issuer, issuerAlternativeNames),
        ] {
            for attribute in CertificateName.Attribute.allCases where !name.values(attribute).isEmpty {
                variables["\(holder).\(attribute.rawValue)"] = name.values(attribute)
            }
            for kind in AlternativeNames.Kind.allCases where !alternatives.values(kind).isEmpty {
                variables["\(holder).AlternativeName.\(kind.rawValue)"] = alternatives.values(kind)
            }
        }
        return variables
    }
}
