package import MartletBase

/// An HTTP response ready to be sent. The request id and the length are added by whoever sends it.
package struct RawResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package init(status: Int = 200, json: JSONObject, contentType: String = "application/json") {
        self.init(
            status: status, headers: [(name: "content-type", value: contentType)],
            body: JSONWriter.bytes(.object(json)))
    }

    /// The first header of that name, in whatever case.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}
