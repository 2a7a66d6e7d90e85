package import MartletBase

/// The host names that DescribeEndpoint gives out (architecture.md "Ports and profiles").
package enum EndpointNames: Hashable, Sendable {
    /// One host for every type and account: `endpoint.host`.
    case host(String)
    /// AWS's form under a suffix of the operator's, `ID-ats.iot.REGION.SUFFIX`: `endpoint.suffix`.
    case suffix(String)

    /// The host for an endpoint type of DescribeEndpoint; nil for a type that there is not (api-wire.md section 6).
    package func host(type: String, in realm: Realm) -> String? {
        guard let form = Self.forms[type] else { return nil }
        switch self {
        case .host(let host): return host
        case .suffix(let suffix): return "\(Self.id(of: realm))\(form).\(realm.region).\(suffix)"
        }
    }

    package static let types = ["iot:Data", "iot:Data-ATS", "iot:CredentialProvider", "iot:Jobs"]

    private static let forms = [
        "iot:Data": ".iot", "iot:Data-ATS": "-ats.iot", "iot:CredentialProvider": ".credentials.iot",
        "iot:Jobs": ".jobs.iot",
    ]

    /// Fourteen lower-case letters and digits, always the same for an account and region.
    package static func id(of realm: Realm) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in "\(realm.account)/\(realm.region)".utf8 { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        var text: [UInt8] = []
        for position in 0..<14 {
            state = (state ^ state >> 29) &* 0xBF58_476D_1CE4_E5B9 &+ UInt64(position)
            let choices = position == 0 ? 26 : alphabet.count
            text.append(alphabet[Int(state >> 32) % choices])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
