/// An HTTP request as received: nothing decoded, header names in lower case.
package struct RawRequest: Sendable {
    package var method: String
    /// Still percent-encoded, without the query.
    package var rawPath: String
    /// What follows `?`, still percent-encoded; nil when there is no `?`.
    package var rawQuery: String?
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        method: String, rawPath: String, rawQuery: String? = nil, headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.rawPath = rawPath
        self.rawQuery = rawQuery
        self.headers = headers
        self.body = body
    }

    /// - Parameter uri: the request target in origin form, such as `/things?maxResults=5`.
    package init(
        method: String, uri: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) {
        let mark = uri.utf8.firstIndex(of: UInt8(ascii: "?"))
        self.init(
            method: method, rawPath: String(uri[..<(mark ?? uri.endIndex)]),
            rawQuery: mark.map { String(uri[uri.utf8.index(after: $0)...]) }, headers: headers, body: body)
    }

    /// The first header of that lower-case name.
    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
