import MartletBase
import NIOHTTP1

/// Why a request for `/mqtt` becomes no WebSocket. The answer is HTTP, with a JSON body of `message` and `traceId`
/// (mqtt-broker.md section 3).
enum WebSocketRefusal: Error, Reason {
    case malformed(String)
    case headersTooLarge(limit: Int)
    case notAnUpgrade
    case versionUnsupported(String)
    case keyInvalid
    case subprotocolMissing(offered: [String])
    case notAuthenticated
    case signatureNotVerified
    case customAuthorizerNotBuilt

    var status: HTTPResponseStatus {
        switch self {
        case .malformed, .keyInvalid, .subprotocolMissing: .badRequest
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        case .notAnUpgrade, .versionUnsupported: .upgradeRequired
        case .notAuthenticated, .signatureNotVerified, .customAuthorizerNotBuilt: .forbidden
        }
    }

    var code: String {
        switch self {
        case .malformed: "httpMalformed"
        case .headersTooLarge: "httpHeaderTooLarge"
        case .notAnUpgrade: "notAWebSocketUpgrade"
        case .versionUnsupported: "webSocketVersionUnsupported"
        case .keyInvalid: "webSocketKeyInvalid"
        case .subprotocolMissing: "webSocketSubprotocolMissing"
        case .notAuthenticated: "NOT_AUTHENTICATED"
        case .signatureNotVerified: "signatureVerificationNotBuilt"
        case .customAuthorizerNotBuilt: "customAuthorizerNotBuilt"
        }
    }

    /// What the client reads.
    var message: String {
        switch self {
        case .malformed: "The request is no HTTP/1.1."
        case .headersTooLarge: "The header fields are too large."
        case .notAnUpgrade: "/mqtt is for WebSocket: the request must be an HTTP/1.1 GET that asks to upgrade to it."
        case .versionUnsupported: "Sec-WebSocket-Version must be 13."
        case .keyInvalid: "Sec-WebSocket-Key must be 16 bytes in Base64."
        case .subprotocolMissing: "Sec-WebSocket-Protocol must offer mqtt."
        case .notAuthenticated: "The request shows no identity."
        case .signatureNotVerified: "Signatures are not verified yet: signed WebSocket requests are refused in this profile."
        case .customAuthorizerNotBuilt: "Custom authorizers are not built yet."
        }
    }

    var evidence: [Evidence] {
        switch self {
        case .malformed(let detail): [Evidence("detail", detail)]
        case .headersTooLarge(let limit): [Evidence("limit", "http.headerBytes"), Evidence("allowed", limit)]
        case .versionUnsupported(let version): [Evidence("version", version)]
        case .subprotocolMissing(let offered): [Evidence("offered", offered.joined(separator: ","))]
        case .notAnUpgrade, .keyInvalid, .notAuthenticated, .signatureNotVerified, .customAuthorizerNotBuilt: []
        }
    }

    /// What the answer says beside its body.
    var headers: HTTPHeaders {
        switch self {
        case .notAnUpgrade: ["upgrade": "websocket"]
        case .versionUnsupported: ["upgrade": "websocket", "sec-websocket-version": "13"]
        default: [:]
        }
    }
}
