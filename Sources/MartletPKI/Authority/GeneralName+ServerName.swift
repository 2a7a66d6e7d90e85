internal import SwiftASN1
internal import X509

extension GeneralName {
    init(_ name: ServerName) {
        switch name {
        case .dns(let name): self = .dnsName(name)
        case .ip(let bytes): self = .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
        }
    }
}
