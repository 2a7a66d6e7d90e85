/// What the first bytes of a connection tell (mqtt-broker.md section 1): a CONNECT begins with 0x10, a request for MQTT
/// over WebSocket with `GET /mqtt`, and everything else is for the HTTP front door, which has answers for it.
enum FirstBytes: Hashable {
    case mqtt
    case webSocket
    case http

    /// So many bytes decide.
    static let byteCount = request.count + 1
    private static let request = Array("GET \(WebSocketUpgrade.path)".utf8)

    /// Nil while the bytes may still become one or the other.
    init?(_ bytes: [UInt8], mayBeMQTT: Bool) {
        guard let first = bytes.first else { return nil }
        if mayBeMQTT, first == 0x10 {
            self = .mqtt
        } else if bytes.count < Self.byteCount, Self.request.starts(with: bytes) {
            return nil
        } else {
            self = bytes.starts(with: Self.request) && Self.endsPath(bytes[Self.request.count]) ? .webSocket : .http
        }
    }

    private static func endsPath(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "?") }
}
