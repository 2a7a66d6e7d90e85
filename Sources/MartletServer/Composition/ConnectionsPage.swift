import AWSModel
import MartletBase
import MartletBroker
import MartletServices

/// `GET /martlet/connections?maxResults=&nextToken=&prefix=` of the API port: the live connections by client id, for
/// operators. Nothing of AWS's; the caller is whoever reaches the port.
struct ConnectionsPage: Sendable {
    static let path = "/martlet/connections"
    static let mostResults = 500
    static let usualResults = 100
    private static let scope = "martlet connections"

    let broker: Broker
    let account: AccountID
    /// Callers on other machines are refused: the production profile, until there is a login.
    let onlyFromHere: Bool

    func answer(_ request: RawRequest, from address: String) async -> RawResponse {
        guard !onlyFromHere || Self.isLoopback(address) else {
            return ServiceFailure.accessDenied("\(Self.path) answers this machine only in the production profile")
                .response(for: .iot)
        }
        do throws(ServiceFailure) {
            return try await page(request)
        } catch {
            return error.response(for: .iot)
        }
    }

    private func page(_ request: RawRequest) async throws(ServiceFailure) -> RawResponse {
        guard let query = QueryString(request.rawQuery) else { throw .invalidRequest("the query is not percent-encoded UTF-8") }
        let text = query["maxResults"] ?? String(Self.usualResults)
        guard let limit = Int(text), (1...Self.mostResults).contains(limit) else {
            throw .invalidRequest("maxResults must be 1 to \(Self.mostResults)")
        }
        var cursor: String?
        if let token = query["nextToken"] {
            guard let key = PageToken.lastKey(in: token, scope: Self.scope) else {
                throw .invalidRequest("nextToken is not one that this list has given out")
            }
            cursor = String(decoding: key, as: UTF8.self)
        }
        let page = await broker.connections(
            in: account, prefix: query["prefix"] ?? "", after: cursor, limit: limit)
        var answer: JSONObject = ["connections": .array(page.elements.map { .object(Self.json($0)) })]
        if page.hasMore, let last = page.elements.last {
            answer["nextToken"] = .string(PageToken.text(lastKey: Array(last.clientID.utf8), scope: Self.scope))
        }
        return RawResponse(json: answer)
    }

    private static func json(_ facts: ConnectionFacts) -> JSONObject {
        var json: JSONObject = [
            "clientId": .string(facts.clientID), "principal": .string(facts.principal),
            "address": .string(facts.address), "port": .int(facts.port),
            "connectedSince": .int(facts.connectedAt.millisecondsSinceEpoch),
            "version": .string(facts.protocolLevel == 5 ? "5" : "3.1.1"), "keepAliveSeconds": .int(facts.keepAliveSeconds),
            "subscriptions": .int(facts.subscriptionCount), "sessionKept": .bool(facts.sessionExpirySeconds != nil),
            "inflight": .int(facts.inflightCount), "queued": .int(facts.queuedCount),
        ]
        if let thing = facts.thingName { json["thingName"] = .string(thing) }
        if let seconds = facts.sessionExpirySeconds { json["sessionExpirySeconds"] = .int(seconds) }
        return json
    }

    private static func isLoopback(_ address: String) -> Bool { address.hasPrefix("127.") || address == "::1" }
}
