import NIOCore
import NIOHTTP1
import NIOPosix

/// Sends one request over one connection. Enough for a command that makes a handful of calls to a server on this
/// machine; no TLS, no redirects, no reuse.
package struct APIClient: Sendable {
    static let timeoutSeconds: Int64 = 15
    static let bodyBytesMax = 1_048_576

    private let host: String
    private let port: Int

    /// `http://HOST:PORT`, nothing after it.
    package init(url: String) throws(ServerFailure) {
        let rest = url.dropFirst("http://".count)
        guard url.hasPrefix("http://"), let colon = rest.lastIndex(of: ":"),
            let port = Int(rest[rest.index(after: colon)...])
        else { throw .runtime("\(url) is not http://HOST:PORT") }
        self.host = rest[..<colon].filter { $0 != "[" && $0 != "]" }
        self.port = port
    }

    package func send(_ request: APIRequest) async throws(ServerFailure) -> APIAnswer {
        do {
            return try await exchange(request)
        } catch let failure as ServerFailure {
            throw failure
        } catch {
            throw .runtime("\(host):\(port) does not answer: \(error)")
        }
    }

    private func exchange(_ request: APIRequest) async throws -> APIAnswer {
        let group = MultiThreadedEventLoopGroup.singleton
        let answer = group.next().makePromise(of: APIAnswer.self)
        let bootstrap = ClientBootstrap(group: answer.futureResult.eventLoop)
            .connectTimeout(.seconds(Self.timeoutSeconds))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(APIAnswerCollector(answer))
                }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(host: host, port: port).get()
        } catch {
            answer.fail(error)
            throw ServerFailure.runtime("no server answers on \(host):\(port); is martlet serve running?")
        }
        let deadline = channel.eventLoop.scheduleTask(in: .seconds(Self.timeoutSeconds)) {
            answer.fail(ServerFailure.runtime("no answer within \(Self.timeoutSeconds) s"))
        }
        defer {
            deadline.cancel()
            channel.close(promise: nil)
        }
        write(request, to: channel)
        return try await answer.futureResult.get()
    }

    private func write(_ request: APIRequest, to channel: any Channel) {
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: request.target)
        let bracketed = host.contains(":") ? "[\(host)]" : host
        head.headers.add(name: "host", value: "\(bracketed):\(port)")
        head.headers.add(name: "connection", value: "close")
        head.headers.add(name: "content-length", value: String(request.body.utf8.count))
        for header in request.headers { head.headers.add(name: header.name, value: header.value) }
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(string: request.body))), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }
}

/// Puts the parts of one answer together; a connection that ends early is a failure.
private final class APIAnswerCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let promise: EventLoopPromise<APIAnswer>
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

    init(_ promise: EventLoopPromise<APIAnswer>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let part):
            body += part.readableBytesView
            if body.count > APIClient.bodyBytesMax {
                finish(
                    .failure(ServerFailure.runtime("the answer is larger than \(APIClient.bodyBytesMax) bytes")),
                    context)
            }
        case .end:
            guard let head else { return }
            let type = head.headers.first(name: "x-amzn-ErrorType")
            finish(.success(APIAnswer(status: Int(head.status.code), errorType: type, body: body)), context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { finish(.failure(error), context) }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failure(ServerFailure.runtime("the server closed the connection without an answer")), context)
    }

    private func finish(_ result: Result<APIAnswer, any Error>, _ context: ChannelHandlerContext) {
        promise.completeWith(result)
        context.close(promise: nil)
    }
}
