import AWSModel
import Logging
import MartletGateway
import MartletObserve
import NIOPosix

/// What the API port says while the server reads what it keeps.
struct LoadingResponder: APIResponder {
    let health: Health

    func respond(to request: RawRequest, from caller: HTTPCaller) async -> RawResponse {
        switch request.rawPath {
        case "/livez": health.report(.liveness).response
        case "/readyz": health.report(.readiness).response
        default:
            ServiceFailure("ServiceUnavailableException", "The server is starting: it reads what it keeps; try again")
                .response(for: .iot)
        }
    }
}

extension LoadingDoor {
    /// nil where the port is not known before it is bound, or cannot be bound: the gateway says why.
    static func open(
        _ configuration: ServerConfiguration, _ health: Health, on group: MultiThreadedEventLoopGroup, _ logger: Logger
    ) async -> LoadingDoor? {
        // With a PROXY header in front, health checks come as they come to the gateway: later.
        guard configuration.ports.api != 0, !configuration.proxyProtocolListeners.contains("api") else { return nil }
        health.set("messages", failure: "loading")
        return try? await open(
            address: configuration.bindAddress, port: configuration.ports.api, responder: LoadingResponder(health: health),
            on: group, logger: logger)
    }
}

extension HealthReport {
    /// What `/livez` and `/readyz` answer.
    var response: RawResponse {
        RawResponse(
            status: httpStatus, headers: [(name: "content-type", value: "text/plain; charset=utf-8")],
            body: Array(body.utf8))
    }
}
