internal import MartletBase
internal import SwiftASN1
internal import X509

/// Subject or issuer alternative names by the kinds that policies can name (policies.md section 4). Other kinds are
/// left out.
package struct AlternativeNames: Hashable, Sendable {
    /// The raw value is the suffix of the policy variable.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case rfc822Name = "RFC822Name"
        case dnsName = "DNSName"
        case directoryName = "DirectoryName"
        case uniformResourceIdentifier = "UniformResourceIdentifier"
        case ipAddress = "IPAddress"
    }

    private var names: [Kind: [String]] = [:]

    init() {}

    init(_ generalNames: SubjectAlternativeNames) throws {
        for name in generalNames {
            switch name {
            case .rfc822Name(let text): names[.rfc822Name, default: []].append(text)
            case .dnsName(let text): names[.dnsName, default: []].append(text)
            case .directoryName(let name): names[.directoryName, default: []].append(DirectoryString.text(name))
            case .uniformResourceIdentifier(let text): names[.uniformResourceIdentifier, default: []].append(text)
            case .ipAddress(let octets):
                guard let text = IPAddressText.text(octets.bytes) else {
                    throw PKIError.certificateMalformed(part: "IP address name")
                }
                names[.ipAddress, default: []].append(text)
            case .otherName, .x400Address, .ediPartyName, .registeredID: break
            }
        }
    }

    /// All names of a kind, in the certificate's order.
    package func values(_ kind: Kind) -> [String] { names[kind] ?? [] }
}
