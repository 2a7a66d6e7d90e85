import NIOHTTP1
import Testing

@testable import MartletGateway

@Suite("The request for /mqtt")
struct WebSocketUpgradeTests {
    private func head(
        _ uri: String = "/mqtt", _ method: HTTPMethod = .GET, _ version: HTTPVersion = .http1_1,
        _ changes: [(String, String?)] = []
    ) -> HTTPRequestHead {
        var headers: HTTPHeaders = [
            "host": "localhost", "upgrade": "websocket", "connection": "keep-alive, Upgrade",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version": "13",
            "sec-websocket-protocol": "mqtt",
        ]
        for (name, value) in changes {
            headers.remove(name: name)
            if let value { headers.add(name: name, value: value) }
        }
        return HTTPRequestHead(version: version, method: method, uri: uri, headers: headers)
    }

    private func refusal(_ head: HTTPRequestHead) -> String? {
        do throws(WebSocketRefusal) {
            _ = try WebSocketUpgrade(head)
            return nil
        } catch {
            return "\(error.status.code) \(error.code)"
        }
    }

    @Test("The key is answered as RFC 6455 section 1.3 shows")
    func accept() throws {
        let upgrade = try WebSocketUpgrade(head())
        #expect(upgrade.accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(upgrade.headers["sec-websocket-protocol"] == ["mqtt"])
        #expect(upgrade.headers["sec-websocket-extensions"] == [])
    }

    @Test(
        "One subprotocol is chosen, mqtt before mqttv3.1",
        arguments: [
            ("mqtt", "mqtt"), ("mqttv3.1", "mqttv3.1"), ("mqttv3.1, mqtt", "mqtt"), ("chat,mqttv3.1 ,x", "mqttv3.1"),
        ])
    func chosen(_ offered: String, _ chosen: String) throws {
        #expect(try WebSocketUpgrade(head("/mqtt", .GET, .http1_1, [("sec-websocket-protocol", offered)])).subprotocol == chosen)
    }

    @Test("Subprotocols may stand in several header fields")
    func severalFields() throws {
        var head = head("/mqtt", .GET, .http1_1, [("sec-websocket-protocol", "chat")])
        head.headers.add(name: "Sec-WebSocket-Protocol", value: "mqtt")
        #expect(try WebSocketUpgrade(head).subprotocol == "mqtt")
    }

    @Test(
        "Without an acceptable subprotocol it is 400", arguments: [nil, "", "MQTT", "mqtt5", "chat, soap"] as [String?])
    func noSubprotocol(_ offered: String?) {
        #expect(refusal(head("/mqtt", .GET, .http1_1, [("sec-websocket-protocol", offered)])) == "400 webSocketSubprotocolMissing")
    }

    @Test("What is no upgrade, another version, or has no key says what is missing")
    func incomplete() {
        #expect(refusal(head("/mqtt", .GET, .http1_1, [("upgrade", nil)])) == "426 notAWebSocketUpgrade")
        #expect(refusal(head("/mqtt", .GET, .http1_1, [("connection", "close")])) == "426 notAWebSocketUpgrade")
        #expect(refusal(head("/mqtt", .GET, .http1_0)) == "426 notAWebSocketUpgrade")
        #expect(refusal(head("/mqtt", .GET, .http1_1, [("sec-websocket-version", "8")])) == "426 webSocketVersionUnsupported")
        for key in [nil, "short", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZSEh"] as [String?] {
            #expect(refusal(head("/mqtt", .GET, .http1_1, [("sec-websocket-key", key)])) == "400 webSocketKeyInvalid")
        }
    }

    @Test("Credentials are known by their query or header fields")
    func credentials() {
        #expect(WebSocketCredentials(head()) == .none)
        #expect(WebSocketCredentials(head("/mqtt?client=1")) == .none)
        let query = "/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0f"
        #expect(WebSocketCredentials(head(query)) == .signature)
        let field = ("authorization", "AWS4-HMAC-SHA256 Credential=A/20260301/us-east-1/iotdevicegateway/aws4_request")
        #expect(WebSocketCredentials(head("/mqtt", .GET, .http1_1, [field])) == .signature)
        #expect(WebSocketCredentials(head("/mqtt?x-amz-customauthorizer-name=a")) == .customAuthorizer)
        #expect(WebSocketCredentials(head("/mqtt", .GET, .http1_1, [("X-Amz-CustomAuthorizer-Name", "a")])) == .customAuthorizer)
    }

    @Test("Who shows no identity comes in only where such clients are allowed")
    func admitted() {
        func code(_ shown: WebSocketCredentials, certificate: Bool, anonymous: Bool) -> String? {
            do throws(WebSocketRefusal) {
                try shown.check(hasCertificate: certificate, allowsAnonymous: anonymous)
                return nil
            } catch {
                return "\(error.status.code) \(error.code)"
            }
        }
        #expect(code(.none, certificate: false, anonymous: true) == nil)
        #expect(code(.signature, certificate: false, anonymous: true) == nil)
        #expect(code(.none, certificate: true, anonymous: false) == nil)
        #expect(code(.none, certificate: false, anonymous: false) == "403 NOT_AUTHENTICATED")
        #expect(code(.signature, certificate: false, anonymous: false) == "403 signatureVerificationNotBuilt")
        #expect(code(.customAuthorizer, certificate: false, anonymous: true) == "403 customAuthorizerNotBuilt")
    }

    @Test("The first bytes tell MQTT, WebSocket and HTTP apart, and wait while they cannot")
    func firstBytes() {
        func choice(_ text: String, mayBeMQTT: Bool = true) -> FirstBytes? {
            FirstBytes(Array(text.utf8.prefix(FirstBytes.byteCount)), mayBeMQTT: mayBeMQTT)
        }
        let request = "GET /mqtt"
        for count in 0...request.count { #expect(choice(String(request.prefix(count))) == nil) }
        #expect(choice("GET /mqtt HTTP/1.1") == .webSocket)
        #expect(choice("GET /mqtt?X-Amz") == .webSocket)
        for other in ["G\r", "POST", "GET /mqtts ", "GET /mqtt/", "get /mqtt ", "GET /MQTT "] { #expect(choice(other) == .http) }
        #expect(choice("\u{10}") == .mqtt)
        #expect(choice("\u{10}", mayBeMQTT: false) == .http)
    }
}
