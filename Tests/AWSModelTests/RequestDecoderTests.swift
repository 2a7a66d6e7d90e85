import AWSModel
import MartletBase
import Testing

@Suite struct RequestDecoderTests {
    private static let certificate = "arn:aws:iot:us-east-1:000000000000:cert/" + String(repeating: "a", count: 64)

    @Test("AttachPolicy takes its name from the path and its target from the body")
    func attachPolicy() throws {
        let (operation, input) = try decode(
            .iot, "PUT", "/target-policies/p%40x", body: #"{"target":"\#(Self.certificate)"}"#)
        #expect(operation == "AttachPolicy")
        let request = IoT.AttachPolicyRequest(model: input)
        #expect(request == IoT.AttachPolicyRequest(policyName: "p@x", target: Self.certificate))
    }

    @Test("ListAttachedPolicies carries a whole ARN in one label, and its paging in the query")
    func listAttachedPolicies() throws {
        let (operation, input) = try decode(
            .iot, "POST",
            "/attached-policies/\(PercentEncoding.encode(Self.certificate))?recursive=true&pageSize=25&marker=YWJj")
        #expect(operation == "ListAttachedPolicies")
        let request = IoT.ListAttachedPoliciesRequest(model: input)
        #expect(request.target == Self.certificate)
        #expect(request.recursive == true && request.pageSize == 25 && request.marker == "YWJj")
    }

    @Test("AttachThingPrincipal takes the principal from a header and its type from the query")
    func attachThingPrincipal() throws {
        let (operation, input) = try decode(
            .iot, "PUT", "/things/pump7/principals?thingPrincipalType=EXCLUSIVE_THING",
            headers: [("x-amzn-principal", Self.certificate)])
        #expect(operation == "AttachThingPrincipal")
        let request = IoT.AttachThingPrincipalRequest(model: input)
        #expect(request.thingName == "pump7" && request.principal == Self.certificate)
        #expect(request.thingPrincipalType == "EXCLUSIVE_THING")
    }

    @Test("UpdateCertificate has its new status in the query and no body at all")
    func updateCertificate() throws {
        let id = String(repeating: "a", count: 64)
        let (operation, input) = try decode(.iot, "PUT", "/certificates/\(id)?newStatus=INACTIVE")
        #expect(operation == "UpdateCertificate")
        #expect(
            IoT.UpdateCertificateRequest(model: input)
                == IoT.UpdateCertificateRequest(certificateId: id, newStatus: "INACTIVE"))
    }

    @Test("The label of CA operations is called caCertificateId, their member certificateId")
    func caCertificate() throws {
        let (_, input) = try decode(.iot, "GET", "/cacertificate/\(String(repeating: "b", count: 64))")
        #expect(
            input
                == {
                    var model = ModelObject()
                    model.set("certificateId", String(repeating: "b", count: 64))
                    return model
                }())
    }

    @Test("The body of CreateTopicRule is the rule itself")
    func createTopicRule() throws {
        let (operation, input) = try decode(
            .iot, "POST", "/rules/r1", headers: [("x-amz-tagging", "a=b&c=d")],
            body: """
                {"sql":"SELECT * FROM 'a/#'","actions":[{"republish":{"roleArn":"r","topic":"b","qos":1}}],
                "ruleDisabled":false,"errorAction":null,"unknown":{"x":1}}
                """)
        #expect(operation == "CreateTopicRule")
        let request = IoT.CreateTopicRuleRequest(model: input)
        #expect(request.ruleName == "r1" && request.tags == "a=b&c=d")
        #expect(request.topicRulePayload.sql == "SELECT * FROM 'a/#'")
        #expect(request.topicRulePayload.actions.first?.republish?.qos == 1)
        #expect(request.topicRulePayload.ruleDisabled == false && request.topicRulePayload.errorAction == nil)
    }

    @Test("Publish takes any bytes without a content type, and user properties as Base64 of JSON")
    func publish() throws {
        let properties = Base64.text(Array(#"[{"deploy":"blue"}]"#.utf8))
        let (operation, input) = try decode(
            .iotData, "POST", "/topics/a%2Fb?qos=1&retain=TRUE&messageExpiry=60",
            headers: [
                ("x-amz-mqtt5-user-properties", properties),
                ("x-amz-mqtt5-payload-format-indicator", "UTF8_DATA"), ("x-amz-mqtt5-correlation-data", "AQI="),
            ], body: "not {json")
        #expect(operation == "Publish")
        let request = IoTData.PublishRequest(model: input)
        #expect(request.topic == "a/b" && request.qos == 1 && request.retain == true && request.messageExpiry == 60)
        #expect(request.payload == Array("not {json".utf8))
        #expect(request.userProperties == #"[{"deploy":"blue"}]"#)
        #expect(request.payloadFormatIndicator == "UTF8_DATA" && request.correlationData == "AQI=")
    }

    @Test("User properties that were encoded twice are decoded twice, and nonsense is refused")
    func userProperties() throws {
        let wrapped = Base64.text(JSONWriter.bytes(.string(#"[{"a":"1"}]"#)))
        let (_, input) = try decode(
            .iotData, "POST", "/topics/t", headers: [("x-amz-mqtt5-user-properties", wrapped)])
        #expect(IoTData.PublishRequest(model: input).userProperties == #"[{"a":"1"}]"#)
        #expect(IoTData.PublishRequest(model: input).payload == nil)
        for text in ["[{}]", "!!", Base64.text(Array("nonsense".utf8)), Base64.text(Array(#""x""#.utf8))] {
            let failure = try refusal(
                .iotData, "POST", "/topics/t", headers: [("x-amz-mqtt5-user-properties", text)])
            #expect(failure?.code == "InvalidRequestException")
        }
    }

    @Test("A shadow update without a body is refused, and the shadow's name travels as `name`")
    func updateShadow() throws {
        #expect(try refusal(.iotData, "POST", "/things/t/shadow")?.message.contains("'payload'") == true)
        let (_, input) = try decode(.iotData, "POST", "/things/t/shadow?name=cfg", body: "{}")
        #expect(
            IoTData.UpdateThingShadowRequest(model: input)
                == IoTData.UpdateThingShadowRequest(thingName: "t", payload: Array("{}".utf8), shadowName: "cfg"))
    }

    @Test("Order flags travel as isAscendingOrder; an order flag of another name is no parameter")
    func ascendingOrder() throws {
        let (_, input) = try decode(.iot, "GET", "/policies?isAscendingOrder=true&ascendingOrder=maybe")
        #expect(IoT.ListPoliciesRequest(model: input).ascendingOrder == true)
    }

    @Test(
        "Times in a query are ISO 8601",
        arguments: [
            ("2023-11-14T22:13:20Z", 1_700_000_000_000), ("2023-11-14T23%3A13%3A20.250%2B01%3A00", 1_700_000_000_250),
            ("1700000000", 1_700_000_000_000), ("2024-02-29T00:00:00Z", 1_709_164_800_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ])
    func queryTimes(text: String, milliseconds: Int64) throws {
        let (_, input) = try decode(
            .iot, "GET", "/audit/tasks?startTime=\(text)&endTime=2030-01-01T00:00:00Z")
        #expect(
            IoT.ListAuditTasksRequest(model: input).startTime == WallInstant(millisecondsSinceEpoch: milliseconds))
    }

    @Test(
        "What is no time is refused",
        arguments: [
            "yesterday", "2023-02-29T00:00:00Z", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14T24:00:00Z", "inf",
            "1e300",
            "2023-11-14T22:13:20Z!", "nan",
        ])
    func badTimes(text: String) throws {
        let failure = try refusal(
            .iot, "GET", "/audit/tasks?startTime=\(PercentEncoding.encode(text))&endTime=2030-01-01T00:00:00Z")
        #expect(
            failure?.message.contains("'startTime' failed to satisfy constraint: Member must be a timestamp") == true)
    }

    @Test("Times in a body are epoch seconds with a fraction, blobs are Base64")
    func bodyTimesAndBlobs() throws {
        let (operation, input) = try decode(
            .iot, "POST", "/audit/suppressions/create",
            body: """
                {"checkName":"CA_CERTIFICATE_EXPIRING_CHECK","resourceIdentifier":{"account":"000000000000"},
                "expirationDate":1700000000.5,"clientRequestToken":"t"}
                """)
        #expect(operation == "CreateAuditSuppression")
        #expect(
            IoT.CreateAuditSuppressionRequest(model: input).expirationDate
                == WallInstant(millisecondsSinceEpoch: 1_700_000_000_500))
        let (_, command) = try decode(
            .iot, "PUT", "/commands/c1", body: #"{"payload":{"content":"AQID","contentType":"text/plain"}}"#)
        #expect(IoT.CreateCommandRequest(model: command).payload?.content == [1, 2, 3])
    }

    @Test(
        "An empty body, an empty object and members set to null are the same",
        arguments: ["", "{}", #"{"billingGroupName":null,"unknown":[[1]]}"#])
    func emptyBodies(body: String) throws {
        let (_, input) = try decode(.iot, "POST", "/things/pump7", body: body)
        #expect(IoT.CreateThingRequest(model: input) == IoT.CreateThingRequest(thingName: "pump7"))
    }

    @Test("A body on an operation that has none is not looked at")
    func unusedBody() throws {
        let (operation, _) = try decode(.iot, "DELETE", "/things/pump7", body: "not json")
        #expect(operation == "DeleteThing")
    }

    @Test("Attributes come back as given")
    func attributes() throws {
        let (_, input) = try decode(
            .iot, "POST", "/things/pump7",
            body: #"{"attributePayload":{"attributes":{"site":"a#1","b":""},"merge":true}}"#)
        let payload = IoT.CreateThingRequest(model: input).attributePayload
        #expect(payload?.attributes == ["site": "a#1", "b": ""] && payload?.merge == true)
    }

    @Test("Secure tunneling reads its whole input from the body")
    func tunneling() throws {
        let (operation, input) = try decode(
            .secureTunneling, "POST", "/", headers: [("x-amz-target", "IoTSecuredTunneling.OpenTunnel")],
            body: #"{"destinationConfig":{"thingName":"pump7","services":["SSH"]},"tags":[{"key":"a","value":"b"}]}"#)
        #expect(operation == "OpenTunnel")
        let request = SecureTunneling.OpenTunnelRequest(model: input)
        #expect(request.destinationConfig?.services == ["SSH"] && request.tags?.first?.value == "b")
    }

    @Test("The newer connection operations decode like the others")
    func connectionOperations() throws {
        let (operation, input) = try decode(
            .iotData, "POST", "/connections/pump%2F7/messages?topic=a%2Fb&confirmation=true&timeout=15", body: "x")
        #expect(operation == "SendDirectMessage")
        let request = IoTData.SendDirectMessageRequest(model: input)
        #expect(request.clientId == "pump/7" && request.topic == "a/b" && request.timeout == 15)
        #expect(request.payload == [0x78])
        #expect(try refusal(.iotData, "POST", "/connections/c/messages?topic=a&timeout=16") != nil)
        #expect(
            try refusal(.iotData, "POST", "/connections/c/messages")?.message.contains("Value null at 'topic'") == true)
        #expect(try refusal(.iotData, "GET", "/connections/%24x")?.message.contains("^[^$].*") == true)
    }
}
