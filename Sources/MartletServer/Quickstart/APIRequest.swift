/// One HTTP request of the few that the command line makes.
package struct APIRequest: Hashable, Sendable {
    package let method: String
    /// Path and query, already percent-encoded.
    package let target: String
    package var headers: [Header]
    package let body: String

    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    package init(_ method: String, _ target: String, headers: [(String, String)] = [], body: String = "") {
        self.method = method
        self.target = target
        self.headers = headers.map { Header(name: $0, value: $1) }
        self.body = body
    }
}
