import AWSModel
import MartletBase
import Testing

/// One request through router and decoder, as the front door does it.
func decode(
    _ service: Service, _ method: String, _ uri: String, headers: [(name: String, value: String)] = [],
    body: String = ""
) throws -> (operation: String, input: ModelObject) {
    let request = RawRequest(method: method, uri: uri, headers: headers, body: Array(body.utf8))
    let route = try #require(
        Router.route(
            service, method: method, rawPath: request.rawPath, target: request.header("x-amz-target")))
    return (
        route.operation.name,
        try RequestDecoder.decode(route.operation, labels: route.labels, request: request)
    )
}

/// What refuses the request; nil when nothing does.
func refusal(
    _ service: Service, _ method: String, _ uri: String, headers: [(name: String, value: String)] = [],
    body: String = ""
) throws -> ServiceFailure? {
    do {
        _ = try decode(service, method, uri, headers: headers, body: body)
        return nil
    } catch let failure as ServiceFailure {
        return failure
    }
}

extension RawResponse {
    var json: JSONValue? { try? JSONParser.parse(body) }
}
