import MartletBase

/// Writes an operation's output as its model says: JSON, the bare document where a member is the payload, and the
/// status where a member is bound to it (api-wire.md section 3).
package enum ResponseEncoder {
    package static func encode(_ operation: OperationDescriptor, output: ModelObject) -> RawResponse {
        let table = ShapeTable.of(operation.service)
        let shape = table.shape(operation.outputShape.name)
        let status = boundStatus(output, shape) ?? operation.successStatus
        // RFC 9110 section 15.3.5: such an answer has no content.
        if status == 204 { return RawResponse(status: 204) }
        if let payload = shape.payload, case .blob(let bytes) = output[payload] {
            return RawResponse(
                status: status, headers: [(name: "content-type", value: operation.service.contentType)], body: bytes)
        }
        let members = shape.members.filter { $0.location == .body && $0.name != shape.payload }
        return RawResponse(
            status: status, json: ModelJSON.object(output, members, table), contentType: operation.service.contentType)
    }

    package static func encode<Operation: ModelOperation>(
        _ operation: Operation.Type, output: Operation.Output
    ) -> RawResponse {
        encode(operation.descriptor, output: output.model)
    }

    private static func boundStatus(_ output: ModelObject, _ shape: Shape) -> Int? {
        guard let member = shape.members.first(where: { $0.location == .status }),
            case .integer(let status) = output[member.name], (200...599).contains(status)
        else { return nil }
        return status
    }
}
