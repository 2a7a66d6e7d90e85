package import AWSModel
internal import MartletBase

/// The operations that are built. To add one: write its service function and register it where its area does.
package struct OperationTable: Sendable {
    package typealias Handler = @Sendable (Route, RawRequest, CallContext) async throws -> RawResponse

    private struct Name: Hashable {
        let service: Service
        let operation: String
    }

    private var handlers: [Name: Handler] = [:]

    package init() {}

    /// Registers a function that takes the decoded, validated input and gives the output. It may throw anything; a
    /// `ServiceFailure` is the caller's answer, what is no refusal becomes 500.
    package mutating func on<Operation: ModelOperation>(
        _ operation: Operation.Type,
        _ run: @escaping @Sendable (Operation.Input, CallContext) async throws -> Operation.Output
    ) {
        handlers[Name(service: Operation.service, operation: Operation.name)] = { route, request, call in
            let input = try RequestDecoder.decode(Operation.self, labels: route.labels, request: request)
            return ResponseEncoder.encode(Operation.self, output: try await run(input, call))
        }
    }

    /// Registers a function that makes its own answer, for the operations whose body is in no model, such as Publish.
    package mutating func onRaw<Operation: ModelOperation>(
        _ operation: Operation.Type,
        _ run: @escaping @Sendable (Operation.Input, CallContext) async throws -> RawResponse
    ) {
        handlers[Name(service: Operation.service, operation: Operation.name)] = { route, request, call in
            try await run(try RequestDecoder.decode(Operation.self, labels: route.labels, request: request), call)
        }
    }

    package func handler(of operation: OperationDescriptor) -> Handler? {
        handlers[Name(service: operation.service, operation: operation.name)]
    }

    package func isBuilt(_ operation: OperationDescriptor) -> Bool { handler(of: operation) != nil }
}
