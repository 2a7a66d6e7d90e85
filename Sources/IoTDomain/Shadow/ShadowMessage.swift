internal import MartletBase

/// One message of the shadow service; `ShadowName.topic(_:)` says where it goes.
package struct ShadowMessage: Hashable, Sendable {
    package let response: ShadowResponse
    package let payload: [UInt8]

    package init(_ response: ShadowResponse, payload: [UInt8]) {
        self.response = response
        self.payload = payload
    }

    init(_ response: ShadowResponse, _ document: JSONObject) {
        self.init(response, payload: JSONWriter.bytes(.object(document)))
    }
}
