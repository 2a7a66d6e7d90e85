import MartletBase

/// Gathers an operation's input from path, query, headers and body, gives every member its type, and checks it against
/// the model (api-wire.md section 2).
package enum RequestDecoder {
    /// - Parameter labels: the labels of the path, from `Router`.
    /// - Throws: InvalidRequestException, or ValidationException where the operation has that in its place.
    package static func decode(
        _ operation: OperationDescriptor, labels: [String: String], request: RawRequest
    ) throws(ServiceFailure) -> ModelObject {
        let table = ShapeTable.of(operation.service)
        let shape = table.shape(operation.inputShape.name)
        guard let query = QueryString(request.rawQuery) else {
            throw invalid("The query string is not valid percent-encoded UTF-8.", operation)
        }
        var reader = ModelReader(table)
        var input = try body(request.body, shape, operation, &reader)
        for member in shape.members {
            let text: String? =
                switch member.location {
                case .uri(let name): labels[name]
                case .query(let name): query[name]
                case .header(let name): request.header(name)
                case .body, .status: nil
                }
            guard let text else { continue }
            input[member.name] =
                member.isJSONValue
                ? reader.jsonValue(text, at: member.name)
                : reader.value(text, table.shape(member.shape), at: member.name)
        }
        guard reader.violations.isEmpty else { throw invalid(reader.violations.description, operation) }
        var validator = Validator(table)
        validator.check(input, shape)
        guard validator.violations.isEmpty else { throw invalid(validator.violations.description, operation) }
        return input
    }

    package static func decode<Operation: ModelOperation>(
        _ operation: Operation.Type, labels: [String: String], request: RawRequest
    ) throws(ServiceFailure) -> Operation.Input {
        Operation.Input(model: try decode(operation.descriptor, labels: labels, request: request))
    }

    /// The members that travel in the body. An empty body has none; a body that no member travels in is not looked at.
    private static func body(
        _ bytes: [UInt8], _ shape: Shape, _ operation: OperationDescriptor, _ reader: inout ModelReader
    ) throws(ServiceFailure) -> ModelObject {
        var input = ModelObject()
        guard !bytes.isEmpty else { return input }
        guard let payload = shape.members.first(where: { $0.name == shape.payload }) else {
            let members = shape.members.filter { $0.location == .body }
            guard !members.isEmpty else { return input }
            return reader.structure(try object(bytes, operation), members, at: "")
        }
        if case .structure(let members) = reader.table.shape(payload.shape).kind {
            let object = try object(bytes, operation)
            input[payload.name] = .structure(reader.structure(object, members, at: payload.name))
        } else {
            input[payload.name] = .blob(bytes)
        }
        return input
    }

    private static func object(
        _ bytes: [UInt8], _ operation: OperationDescriptor
    ) throws(ServiceFailure) -> JSONObject {
        do {
            let json = try JSONParser.parse(bytes)
            if let object = json.objectValue { return object }
            throw invalid("The request body must be a JSON object, not a JSON \(json.kind).", operation)
        } catch let error as JSONParseError {
            throw invalid("The request body is not valid JSON: \(error).", operation)
        } catch let failure as ServiceFailure {
            throw failure
        } catch {
            throw invalid("The request body cannot be read: \(error).", operation)
        }
    }

    private static func invalid(_ message: String, _ operation: OperationDescriptor) -> ServiceFailure {
        ServiceFailure(operation.validationErrorCode, message, service: operation.service)
    }
}
