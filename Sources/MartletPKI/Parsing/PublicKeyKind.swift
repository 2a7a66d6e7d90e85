internal import Crypto
internal import CryptoExtras
internal import X509

/// What kind of key a certificate certifies.
package enum PublicKeyKind: Hashable, Sendable, CustomStringConvertible {
    case rsa(bits: Int)
    case p256
    case p384
    case p521
    case ed25519

    init(_ key: Certificate.PublicKey) {
        if let rsa = _RSA.Signing.PublicKey(key) {
            self = .rsa(bits: rsa.keySizeInBits)
        } else if P256.Signing.PublicKey(key) != nil {
            self = .p256
        } else if P384.Signing.PublicKey(key) != nil {
            self = .p384
        } else if P521.Signing.PublicKey(key) != nil {
            self = .p521
        } else {
            self = .ed25519
        }
    }

    /// RSA of 2048 bits or more and the three NIST curves (mqtt-broker.md section 2).
    package var isAcceptedForDevices: Bool {
        switch self {
        case .rsa(let bits): bits >= 2048
        case .p256, .p384, .p521: true
        case .ed25519: false
        }
    }

    package var description: String {
        switch self {
        case .rsa(let bits): "RSA \(bits)"
        case .p256: "ECDSA P-256"
        case .p384: "ECDSA P-384"
        case .p521: "ECDSA P-521"
        case .ed25519: "Ed25519"
        }
    }
}
