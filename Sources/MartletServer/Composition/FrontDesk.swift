import AWSModel
import Logging
import MartletBase
import MartletGateway
import MartletObserve
import MartletServices
import Synchronization

/// The one responder of every HTTP listener: health and metrics on the API port, AWS's services everywhere.
struct FrontDesk: APIResponder {
    let dispatcher: Dispatcher
    let selector: ServiceSelector
    let metrics: ServerMetrics
    let health: Health
    let connections: ConnectionsPage
    let clock: any WallClock
    let random: any RandomSource
    let logger: Logger
    private let foreignRegions = OnceEach()

    init(
        dispatcher: Dispatcher, selector: ServiceSelector, metrics: ServerMetrics, health: Health,
        connections: ConnectionsPage,
        clock: any WallClock, random: any RandomSource, logger: Logger
    ) {
        self.dispatcher = dispatcher
        self.selector = selector
        self.metrics = metrics
        self.health = health
        self.connections = connections
        self.clock = clock
        self.random = random
        self.logger = logger
        health.set("listeners", failure: "not open yet")
    }

    func respond(to request: RawRequest, from caller: HTTPCaller) async -> RawResponse {
        if !caller.isEncrypted, request.method == "GET", let page = await operationsPage(request, caller) {
            return page
        }
        let response = await callService(request, caller)
        metrics.requests.increment(request.method, String(response.status))
        if response.status >= 400 { log(response, to: request, from: caller) }
        return response
    }

    /// One line for each request that was not done, so that a refusal can be found from the server's side too.
    private func log(_ response: RawResponse, to request: RawRequest, from caller: HTTPCaller) {
        logger.info(
            "api request refused",
            metadata: [
                "reason": "\(response.header("x-amzn-errortype") ?? "none")", "status": "\(response.status)",
                "request": "\(request.method) \(request.rawPath.prefix(Self.loggedPathCharacters))",
                "address": "\(caller.address)", "requestId": "\(response.header("x-amzn-requestid") ?? "")",
            ])
    }

    private static let loggedPathCharacters = 256

    private func operationsPage(_ request: RawRequest, _ caller: HTTPCaller) async -> RawResponse? {
        switch request.rawPath {
        case ConnectionsPage.path: return await connections.answer(request, from: caller.address)
        case "/livez": return health.report(.liveness).response
        case "/readyz": return health.report(.readiness).response
        case "/metrics":
            return RawResponse(
                status: 200, headers: [(name: "content-type", value: OpenMetricsText.contentType)],
                body: Array(OpenMetricsText.render(await metrics.families()).utf8))
        default: return nil
        }
    }

    private func callService(_ request: RawRequest, _ caller: HTTPCaller) async -> RawResponse {
        let requestID = random.uuid()
        let peer = caller.certificate.map { ServiceSelector.Peer.certificate($0.id, $0.account) } ?? .none
        do throws(ServiceFailure) {
            let selection = try selector.select(authorization: request.header("authorization"), peer: peer)
            if let region = selection.foreignRegion, foreignRegions.isNew(region) {
                logger.info(
                    "requests signed for another region are answered as this server's",
                    metadata: ["signedFor": "\(region)", "region": "\(selector.realm.region)"])
            }
            return await dispatcher.handle(
                selection, request: request, requestID: requestID, now: clock.now(), sourceAddress: caller.address)
        } catch {
            return error.response(for: .iot, requestID: requestID)
        }
    }
}

/// Remembers which names were seen, up to a bound, so that each is logged once.
private final class OnceEach: Sendable {
    private static let limit = 100
    private let seen = Mutex<Set<String>>([])

    func isNew(_ name: String) -> Bool {
        seen.withLock { $0.count < Self.limit && $0.insert(name).inserted }
    }
}
