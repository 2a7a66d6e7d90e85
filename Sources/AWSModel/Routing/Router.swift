/// Finds the operation of a request. The service comes from the SigV4 scope, the host or the client certificate,
/// because three pairs of routes are the same in two services (api-wire.md section 1).
package enum Router {
    /// - Parameters:
    ///   - rawPath: the path as received, still percent-encoded and without the query.
    ///   - target: the `X-Amz-Target` header, which alone names the operation in secure tunneling.
    /// - Returns: nil when the service has no such route (404 UnknownOperationException).
    package static func route(_ service: Service, method: String, rawPath: String, target: String? = nil) -> Route? {
        let table = ShapeTable.of(service)
        guard let prefix = service.targetPrefix else { return table.routes.route(method: method, rawPath: rawPath) }
        guard method == "POST", let target, target.hasPrefix(prefix + ".") else { return nil }
        return table.operation(named: target.dropFirst(prefix.count + 1)).map { Route($0, []) }
    }

    /// What a request without a scope could mean, over all services that route by path.
    package static func candidates(method: String, rawPath: String) -> [Route] {
        Service.allCases.compactMap { route($0, method: method, rawPath: rawPath) }
    }
}
