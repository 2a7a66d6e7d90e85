package import MartletBase

/// Who made an API call.
package enum Caller: Hashable, Sendable, CustomStringConvertible {
    /// A request with a SigV4 signature. In the dev profile it is not verified and allows everything.
    case iam(accessKeyID: String)
    case certificate(CertificateID)
    case anonymous

    package var description: String {
        switch self {
        case .iam(let accessKeyID): "iam \(accessKeyID)"
        case .certificate(let id): "certificate \(id)"
        case .anonymous: "anonymous"
        }
    }
}
