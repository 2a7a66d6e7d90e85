import MartletBase

/// The routes of one service as a tree of path segments. The raw path is split on `/` first and decoded afterwards, so
/// that an escaped slash stays inside its label (api-wire.md section 2).
struct RouteNode: Sendable {
    private var literals: [String: RouteNode] = [:]
    /// What follows a label; at most one. (An array, because a struct cannot hold itself.)
    private var afterLabel: [RouteNode] = []
    /// By method: operations whose last label takes the rest of the path.
    private var greedy: [String: OperationDescriptor] = [:]
    /// By method: operations whose path ends here.
    private var ends: [String: OperationDescriptor] = [:]

    /// Clients without an SDK send these topics with plain slashes, though the model's labels are not greedy
    /// (mqtt-broker.md section 4).
    private static let acceptPlainSlashes: Set<String> = ["Publish", "GetRetainedMessage"]

    init(_ operations: [OperationDescriptor]) {
        for operation in operations {
            insert(operation, operation.uriTemplate.split(separator: "/")[...])
        }
    }

    private init() {}

    private mutating func insert(_ operation: OperationDescriptor, _ template: ArraySlice<Substring>) {
        guard let segment = template.first else {
            precondition(ends[operation.method] == nil, "two operations share \(operation.uriTemplate)")
            ends[operation.method] = operation
            return
        }
        let isLast = template.count == 1
        if segment.first != "{" {
            literals[String(segment), default: RouteNode()].insert(operation, template.dropFirst())
        } else if isLast, segment.hasSuffix("+}") || Self.acceptPlainSlashes.contains(operation.name) {
            greedy[operation.method] = operation
        } else {
            if afterLabel.isEmpty { afterLabel = [RouteNode()] }
            afterLabel[0].insert(operation, template.dropFirst())
        }
    }

    func route(method: String, rawPath: String) -> Route? {
        let segments = rawPath.split(separator: "/", omittingEmptySubsequences: false)
        guard segments.first?.isEmpty == true, segments.count > 1 else { return nil }
        return find(method, segments.dropFirst(), labels: [])
    }

    private func find(_ method: String, _ path: ArraySlice<Substring>, labels: [String]) -> Route? {
        let isTrailingSlash = path.count == 1 && path.first?.isEmpty == true
        if path.isEmpty || isTrailingSlash { return ends[method].map { Route($0, labels) } }
        guard let raw = path.first, let segment = PercentEncoding.decode(raw) else { return nil }
        if let found = literals[segment]?.find(method, path.dropFirst(), labels: labels) { return found }
        if !segment.isEmpty,
            let found = afterLabel.first?.find(method, path.dropFirst(), labels: labels + [segment])
        {
            return found
        }
        guard let operation = greedy[method], let rest = PercentEncoding.decode(path.joined(separator: "/")) else {
            return nil
        }
        return Route(operation, labels + [rest])
    }
}
