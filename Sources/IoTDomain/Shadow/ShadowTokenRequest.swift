internal import MartletBase

/// A request to get or to delete a shadow. Its payload may carry a client token; whatever else it is does not matter
/// (shadows.md section 3).
package struct ShadowTokenRequest: Hashable, Sendable {
    package let clientToken: String?

    package init(clientToken: String? = nil) { self.clientToken = clientToken }

    /// Takes any payload. One that is no JSON, or whose token is none, has no token.
    package static func parse(_ bytes: [UInt8]) -> ShadowTokenRequest {
        guard !bytes.isEmpty, let root = try? JSONParser.parse(bytes) else { return ShadowTokenRequest() }
        return ShadowTokenRequest(clientToken: root["clientToken"].flatMap(token))
    }

    /// The token that this value is: text of up to 64 bytes.
    static func token(_ value: JSONValue) -> String? {
        guard let text = value.stringValue, text.utf8.count <= ShadowLimits.clientTokenBytes else { return nil }
        return text
    }
}
