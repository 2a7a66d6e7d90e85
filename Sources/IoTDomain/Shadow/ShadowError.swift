package import MartletBase

/// A refusal with the request's client token, so that the client can tell which request was refused.
package struct ShadowError: Error, Hashable, Sendable, Reason {
    package let refusal: ShadowRefusal
    /// The request's token, if the request was understood far enough to have a valid one.
    package let clientToken: String?

    package init(_ refusal: ShadowRefusal, clientToken: String? = nil) {
        self.refusal = refusal
        self.clientToken = clientToken
    }

    package var code: String { refusal.code }
    package var evidence: [Evidence] { refusal.evidence }

    /// What is published on the rejected topic (shadows.md section 8).
    package func payload(nowSeconds: Int64) -> [UInt8] {
        var document: JSONObject = [
            "code": .int(refusal.messageCode), "message": .string(refusal.message), "timestamp": .int(nowSeconds),
        ]
        document["clientToken"] = clientToken.map(JSONValue.string)
        return JSONWriter.bytes(.object(document))
    }
}
