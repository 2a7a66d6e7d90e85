import Crypto
import MartletBase
import NIOHTTP1

/// What the answer to an accepted upgrade says (RFC 6455 section 4.2).
struct WebSocketUpgrade: Hashable {
    let subprotocol: String
    /// `Sec-WebSocket-Accept`
    let accept: String

    static let path = "/mqtt"
    /// The names under which MQTT is spoken, in the server's order of preference `[MQTT-6.0.0-3]`.
    static let subprotocols = ["mqtt", "mqttv3.1"]

    /// Reads the request as far as the protocol goes; who may come in is `WebSocketCredentials`' matter.
    init(_ head: HTTPRequestHead) throws(WebSocketRefusal) {
        let headers = head.headers
        guard head.method == .GET, head.version == .http1_1,
            headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" }),
            headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" })
        else { throw .notAnUpgrade }
        let version = headers.first(name: "sec-websocket-version") ?? ""
        guard version == "13" else { throw .versionUnsupported(version) }
        let keys = headers["sec-websocket-key"]
        guard keys.count == 1, Base64.bytes(keys[0])?.count == 16 else { throw .keyInvalid }
        let offered = headers[canonicalForm: "sec-websocket-protocol"].map { String($0) }
        guard let subprotocol = Self.subprotocols.first(where: offered.contains) else {
            throw .subprotocolMissing(offered: offered)
        }
        self.subprotocol = subprotocol
        accept = Self.accept(keys[0])
    }

    /// RFC 6455 section 1.3: SHA-1 of the key and a fixed name.
    static func accept(_ key: String) -> String {
        Base64.text(Array(Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))))
    }

    var headers: HTTPHeaders {
        [
            "upgrade": "websocket", "connection": "upgrade", "sec-websocket-accept": accept,
            "sec-websocket-protocol": subprotocol,
        ]
    }
}
