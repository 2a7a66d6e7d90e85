internal import AWSModel
internal import MartletBase

/// Where devices connect to.
struct EndpointService: Sendable {
    let names: EndpointNames

    /// Without a type the answer is that of `iot:Data` (api-wire.md section 6).
    func describe(_ input: IoT.DescribeEndpoint.Input, _ call: CallContext) async throws
        -> IoT.DescribeEndpoint.Output
    {
        let type = input.endpointType ?? "iot:Data"
        guard let host = names.host(type: type, in: call.realm) else {
            throw ServiceFailure.invalidRequest(
                "endpointType '\(type)' is not one of " + EndpointNames.types.joined(separator: ", "))
        }
        return IoT.DescribeEndpoint.Output(endpointAddress: host)
    }
}
