import MQTTCodec
import MartletBase
import MartletBroker
import MartletTesting
import Testing

/// How a client's bytes reach the server: TCP keeps none of the writer's boundaries.
enum Feeding: Equatable, CustomStringConvertible {
    case whole
    case byteByByte
    /// Every write arrives in two pieces, the first of this length.
    case cut(Int)

    var description: String {
        switch self {
        case .whole: "whole"
        case .byteByByte: "byte by byte"
        case .cut(let length): "cut after \(length)"
        }
    }
}

/// Writes longer than this are cut at the places before it and at the last ones, not at every place.
private let longestCutThroughout = 96

/// Runs a scenario again and again on new servers: with its bytes whole, byte by byte, and cut at every place.
func conform(
    _ configure: (inout Server.Configuration) -> Void = { _ in }, _ scenario: (Server) throws -> Void
) throws {
    var configuration = Server.Configuration()
    configure(&configuration)
    let longest = try run(.whole, configuration, scenario)
    _ = try run(.byteByByte, configuration, scenario)
    guard longest > 1 else { return }
    for length in 1..<longest where length <= longestCutThroughout || length >= longest - 4 {
        _ = try run(.cut(length), configuration, scenario)
    }
}

/// Runs a scenario once: for packets so long that cutting them says nothing new.
func conformWhole(
    _ configure: (inout Server.Configuration) -> Void = { _ in }, _ scenario: (Server) throws -> Void
) throws {
    var configuration = Server.Configuration()
    configure(&configuration)
    _ = try run(.whole, configuration, scenario)
}

private func run(
    _ feeding: Feeding, _ configuration: Server.Configuration, _ scenario: (Server) throws -> Void
) throws -> Int {
    let server = Server(configuration, feeding)
    defer { server.stop() }
    try scenario(server)
    return server.longestWrite
}

/// One client, connected in the given version; it sends, and exactly these bytes come back.
func exchange(
    _ version: ProtocolVersion, _ sent: String, answer: String = "", closes: Bool = false,
    _ configure: (inout Server.Configuration) -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    try conform(configure) { server in
        let client = try server.connected("c", version)
        try client.send(sent)
        client.expect(answer, sourceLocation: sourceLocation)
        client.expectClosed(closes, sourceLocation: sourceLocation)
    }
}

/// The same before any CONNECT.
func firstPackets(
    _ sent: String, answer: String = "", closes: Bool,
    _ configure: (inout Server.Configuration) -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    try conform(configure) { server in
        let client = try server.client()
        try client.send(sent)
        client.expect(answer, sourceLocation: sourceLocation)
        client.expectClosed(closes, sourceLocation: sourceLocation)
    }
}
