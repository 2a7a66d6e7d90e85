import AWSModel
import MartletBase
import Testing

@Suite struct ShapeTableTests {
    @Test("The models have 296 operations: 272 iot, 8 and 3 newer ones iot-data, 5 iot-jobs-data, 8 tunneling")
    func operationCounts() {
        let counts = Service.allCases.map { ShapeTable.of($0).operations.count }
        #expect(counts == [272, 8 + 3, 5, 8])
        #expect(
            Set(ShapeTable.of(.iotData).operations.map(\.name)).isSuperset(of: [
                "GetConnection", "ListSubscriptions", "SendDirectMessage",
            ]))
    }

    @Test("Every shape that a table names is in it, and every modelled error has a status")
    func references() {
        for service in Service.allCases {
            let table = ShapeTable.of(service)
            for name in table.shapeNames {
                guard let shape = table.shape(named: name) else { continue }
                let targets: [String] =
                    switch shape.kind {
                    case .list(let element): [element]
                    case .map(let key, let value): [key, value]
                    case .structure(let members): members.map(\.shape)
                    default: []
                    }
                #expect(targets.allSatisfy { table.shape(named: $0) != nil }, "\(name)")
                if let payload = shape.payload { #expect(shape.members.contains { $0.name == payload }) }
            }
            for operation in table.operations {
                #expect(table.shape(named: operation.inputShape.name) != nil)
                #expect(table.shape(named: operation.outputShape.name) != nil)
                #expect(operation.errorCodes.allSatisfy { table.errorStatuses[$0] != nil }, "\(operation.name)")
            }
        }
    }

    @Test("Every label of a template is a required member of its input")
    func labels() {
        for operation in Service.allCases.flatMap({ ShapeTable.of($0).operations }) {
            let shape = ShapeTable.of(operation.service).shape(named: operation.inputShape.name)
            for member in shape?.members ?? [] {
                guard case .uri(let name) = member.location else { continue }
                #expect(member.isRequired)
                #expect(
                    operation.uriTemplate.contains("{\(name)}") || operation.uriTemplate.contains("{\(name)+}"),
                    "\(operation.name) \(name)")
            }
        }
    }

    @Test("A generated structure and its tree are the same value")
    func roundTrip() throws {
        let response = IoT.DescribeThingResponse(
            defaultClientId: "pump7", thingName: "pump7", attributes: ["site": "north"], version: 3)
        #expect(IoT.DescribeThingResponse(model: response.model) == response)
        #expect(try IoT.DescribeThingResponse(json: response.json) == response)
        #expect(
            response.json == [
                "defaultClientId": "pump7", "thingName": "pump7", "attributes": ["site": "north"], "version": 3,
            ])
    }

    @Test("A structure that is stored as JSON comes back with blobs, times, lists and maps in it")
    func storedStructure() throws {
        let command = IoT.GetCommandResponse(
            commandId: "c", payload: IoT.CommandPayload(content: [0, 255, 10], contentType: "application/json"),
            createdAt: WallInstant(millisecondsSinceEpoch: 1_767_225_600_125), deprecated: false)
        #expect(try IoT.GetCommandResponse(json: command.json) == command)
        #expect(command.json["payload"]?["content"] == "AP8K")
        #expect(command.json["createdAt"] == .double(1_767_225_600.125))
        #expect(throws: ConstraintViolations.self) {
            _ = try IoT.GetCommandResponse(json: ["createdAt": "yesterday"])
        }
    }

    @Test("Generated types name the operation and shapes of their table")
    func generatedTypes() {
        #expect(IoT.CreateThing.descriptor.inputShape == IoT.CreateThing.Input.shape)
        #expect(IoT.CreateThing.descriptor.outputShape == IoT.CreateThing.Output.shape)
        #expect(IoTData.SendDirectMessage.descriptor.method == "POST")
        #expect(IoTJobsData.StartCommandExecution.descriptor.uriTemplate == "/command-executions")
        #expect(SecureTunneling.OpenTunnel.descriptor.inputShape == SecureTunneling.OpenTunnelRequest.shape)
        #expect(IoT.CertificateStatus.pendingTransfer == "PENDING_TRANSFER")
    }
}
