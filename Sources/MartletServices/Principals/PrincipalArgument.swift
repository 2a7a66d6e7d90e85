internal import AWSModel
internal import IoTDomain
internal import MartletBase

/// A `principal` or `target` argument, read.
struct PrincipalArgument: Hashable, Sendable {
    /// What the API calls it: `principal`, `target`.
    let name: String
    /// As it was given, as far as messages repeat it.
    let text: String
    let principal: Principal

    private static let shownCharacters = 256

    /// - Throws: InvalidRequestException that says what is wrong with the text.
    init(_ name: String, _ text: String, _ realm: Realm) throws(ServiceFailure) {
        self.name = name
        self.text = String(text.prefix(Self.shownCharacters))
        do throws(Principal.ParseError) {
            principal = try Principal(text, in: realm)
        } catch {
            throw .invalidRequest("\(name) '\(self.text)' \(Self.problem(error, realm))")
        }
    }

    /// The certificate that is meant.
    /// - Throws: ResourceNotFoundException for a thing group, of which there is none; InvalidRequestException for a
    ///   Cognito identity, which nothing here could honour.
    var certificate: CertificateID {
        get throws(ServiceFailure) {
            switch principal {
            case .certificate(let id): return id
            case .thingGroup(let group):
                guard name == "target" else {
                    throw .invalidRequest("\(name) '\(text)' is a thing group; a certificate is expected")
                }
                throw .missing("Thing group", group)
            case .cognitoIdentity:
                throw .invalidRequest("\(name) '\(text)' is a Cognito identity; these are not built yet")
            }
        }
    }

    private static func problem(_ error: Principal.ParseError, _ realm: Realm) -> String {
        switch error {
        case .malformed: "is not the ARN of a certificate (arn:PARTITION:iot:REGION:ACCOUNT:cert/64 hexadecimal digits)"
        case .foreign(let owner):
            "belongs to \(owner); this call acts on \(realm.partition):iot:\(realm.region):\(realm.account)"
        case .unsupportedType(let type): "is an ARN of type '\(type)'; a certificate is expected"
        }
    }
}
