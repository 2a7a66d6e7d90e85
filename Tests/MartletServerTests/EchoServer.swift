import MartletBase
import NIOCore
import NIOHTTP1
import NIOPosix

extension String {
    /// As the echo server puts it into its message: with the quotes changed, so that it is a JSON string as it is.
    var asMessage: JSONValue { .string(String(map { $0 == "\"" ? "'" : $0 })) }
}

/// An HTTP server for the time of the closure that answers 404 and tells back what it was asked.
func withEchoServer<Result>(_ body: (_ port: Int) async throws -> Result) async throws -> Result {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                try channel.pipeline.syncOperations.addHandler(EchoHandler())
            }
        }
        .bind(host: "127.0.0.1", port: 0).get()
    do {
        let result = try await body(server.localAddress?.port ?? 0)
        try await server.close()
        return result
    } catch {
        try? await server.close()
        throw error
    }
}

private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private var seen = ""

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            seen = "\(head.method) \(head.uri) \(head.headers.first(name: "x-amzn-principal") ?? "") "
        case .body(let part): seen += String(buffer: part)
        case .end:
            let text = JSONWriter.text(["message": seen.asMessage])
            let headers: HTTPHeaders = [
                "x-amzn-ErrorType": "ResourceNotFoundException", "content-length": String(text.utf8.count),
            ]
            let head = HTTPResponseHead(version: .http1_1, status: .notFound, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
