import MartletBase

/// `martlet connections`: the live connections as a table, a page at a time, so that a million of them need no more
/// memory than a hundred.
package struct ConnectionsScreen: Sendable {
    private let api: APIClient
    private let prefix: String
    private let tell: @Sendable (String) -> Void

    package init(api: APIClient, prefix: String, tell: @escaping @Sendable (String) -> Void) {
        self.api = api
        self.prefix = prefix
        self.tell = tell
    }

    package func run() async throws(ServerFailure) {
        var token: String?
        var count = 0
        tell(Self.line(Self.titles) + "\n")
        repeat {
            let answer = try await page(after: token)
            let connections = answer["connections"]?.arrayValue ?? []
            tell(connections.map { Self.line(Self.cells($0)) + "\n" }.joined())
            count += connections.count
            token = answer["nextToken"]?.stringValue
        } while token != nil
        tell("\(count) connected\n")
    }

    private func page(after token: String?) async throws(ServerFailure) -> JSONValue {
        var target = "/martlet/connections?maxResults=200&prefix=\(PercentEncoding.encode(prefix))"
        if let token { target += "&nextToken=\(PercentEncoding.encode(token))" }
        let answer = try await api.send(APIRequest("GET", target))
        guard answer.status == 200, let json = answer.json else { throw .runtime(answer.failureText) }
        return json
    }

    private static let titles = [
        "CLIENT ID", "PRINCIPAL", "ADDRESS", "SINCE", "MQTT", "KEEP-ALIVE", "SUBSCRIPTIONS", "SESSION", "IN FLIGHT/QUEUED",
    ]
    private static let widths = [32, 12, 21, 20, 5, 10, 13, 7, 0]

    static func cells(_ connection: JSONValue) -> [String] {
        func text(_ name: String) -> String { connection[name]?.stringValue ?? "" }
        func number(_ name: String) -> Int { connection[name]?.numberValue?.int ?? 0 }
        let since = WallInstant(millisecondsSinceEpoch: Int64(number("connectedSince")))
        return [
            printable(text("clientId")), String(text("principal").prefix(12)), "\(text("address")):\(number("port"))",
            since.iso8601, text("version"), number("keepAliveSeconds") == 0 ? "none" : "\(number("keepAliveSeconds")) s",
            "\(number("subscriptions"))", connection["sessionKept"]?.boolValue == true ? "kept" : "clean",
            "\(number("inflight"))/\(number("queued"))",
        ]
    }

    /// A client chooses its id: what could steer a terminal is shown as a question mark.
    static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0 }))
    }

    static func line(_ cells: [String]) -> String {
        zip(cells, widths).map { cell, width in
            cell + String(repeating: " ", count: max(0, width - cell.count))
        }.joined(separator: "  ")
    }
}
