import AWSModel
import HTTPTypes
import HummingbirdCore
import Logging
import MartletBase
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// HTTP/1.1 of every listener: reads a whole request within its limits, asks the responder, writes the answer. The raw
/// path and query are handed on as they came, since signatures and routes are made of them (api-wire.md section 6).
struct HTTPFrontDoor: Sendable {
    struct Limits: Sendable {
        var headerBytes: Int
        var bodyBytes: Int
        /// Bodies that are payloads of messages: Publish.
        var publishBytes: Int
        var requestTimeoutSeconds: Int
    }

    let responder: any APIResponder
    let limits: Limits
    let logger: Logger
    let connections = HTTPConnections()

    init(responder: any APIResponder, limits: Limits, logger: Logger) {
        self.responder = responder
        self.limits = limits
        self.logger = logger
    }

    /// Takes over an accepted channel.
    func serve(_ channel: any Channel, caller: HTTPCaller, peer: PeerAddress) -> EventLoopFuture<Void> {
        let http = makeChannel(caller, peer)
        let logger = logger
        return http.setup(channel: channel, logger: logger).map { value in
            connections.add(channel, Task { await http.handle(value: value, logger: logger) })
        }
    }

    private func makeChannel(_ caller: HTTPCaller, _ peer: PeerAddress) -> HTTP1Channel {
        let seconds = limits.requestTimeoutSeconds
        let configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [HTTPLimitsHandler(requestTimeoutSeconds: seconds, peer: peer, logger: logger)],
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes))
        return HTTP1Channel(
            responder: { request, writer, _ in
                let response = await respond(to: request, caller)
                try await writer.write(response)
            }, configuration: configuration)
    }

    private func respond(to request: Request, _ caller: HTTPCaller) async -> RawResponse {
        let (limit, limitName) = bodyLimit(request.head.path ?? "/")
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            logger.notice(
                "http request refused",
                metadata: [
                    "reason": "httpBodyTooLarge", "limit": "\(limitName)", "allowed": "\(limit)",
                    "address": "\(caller.address)",
                ])
            return Self.tooLarge(limit, limitName)
        } catch {
            return ServiceFailure.invalidRequest("the request body was cut off").response(for: .iot)
        }
        let raw = RawRequest(
            method: request.head.method.rawValue, uri: request.head.path ?? "/", headers: Self.headers(of: request),
            body: Array(body.readableBytesView))
        return await responder.respond(to: raw, from: caller)
    }

    private func bodyLimit(_ path: String) -> (bytes: Int, name: String) {
        path.hasPrefix("/topics/") ? (limits.publishBytes, "mqtt.payloadMax") : (limits.bodyBytes, "http.bodyBytes")
    }

    private static func tooLarge(_ limit: Int, _ name: String) -> RawResponse {
        var response = ServiceFailure(
            code: "RequestEntityTooLargeException", status: 413,
            message: "the request body is larger than \(limit) bytes (\(name))", members: [:]
        ).response(for: .iotData)
        response.headers.append((name: "connection", value: "close"))
        return response
    }

    private static func headers(of request: Request) -> [(name: String, value: String)] {
        var headers = request.headers.map { (name: $0.name.canonicalName, value: $0.value) }
        if let host = request.head.authority { headers.append((name: "host", value: host)) }
        return headers
    }
}

extension ResponseWriter {
    fileprivate consuming func write(_ response: RawResponse) async throws {
        var head = HTTPResponse(status: .init(code: response.status))
        for header in response.headers {
            guard let name = HTTPField.Name(header.name) else { continue }
            head.headerFields.append(HTTPField(name: name, value: header.value))
        }
        if head.headerFields[.contentLength] == nil, response.status != 204 {
            head.headerFields[.contentLength] = String(response.body.count)
        }
        try await write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: response.body)))
    }
}
