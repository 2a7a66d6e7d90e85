import AWSModel
import MartletBase
import Testing

@Suite struct ResponseEncoderTests {
    @Test("An output is a JSON object with what is present, false and zero included")
    func json() {
        let response = ResponseEncoder.encode(
            IoT.DescribeThing.self,
            output: IoT.DescribeThingResponse(thingName: "pump7", attributes: ["b": "2", "a": "1"], version: 0))
        #expect(response.status == 200)
        #expect(response.header("Content-Type") == "application/json")
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"thingName":"pump7","attributes":{"a":"1","b":"2"},"version":0}"#)
    }

    @Test("An output without members is an empty object")
    func empty() {
        for response in [
            ResponseEncoder.encode(IoT.DeleteThing.self, output: IoT.DeleteThingResponse()),
            ResponseEncoder.encode(IoT.AttachPolicy.self, output: EmptyStructure()),
        ] {
            #expect(response.status == 200 && response.body == Array("{}".utf8))
        }
    }

    @Test("Times are epoch seconds: whole when they are, with a fraction when they are not")
    func times() {
        let response = ResponseEncoder.encode(
            IoT.GetPolicyVersion.self,
            output: IoT.GetPolicyVersionResponse(
                policyDocument: #"{"a": 1}"#, isDefaultVersion: false,
                creationDate: WallInstant(millisecondsSinceEpoch: 1_700_000_000_000),
                lastModifiedDate: WallInstant(millisecondsSinceEpoch: 1_700_000_000_125)))
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text.contains(#""creationDate":1700000000,"#))
        #expect(text.contains(#""lastModifiedDate":1700000000.125"#))
        #expect(text.contains(#""isDefaultVersion":false"#))
        #expect(response.json?["policyDocument"] == #"{"a": 1}"#)
    }

    @Test("DeleteCommand says in the status whether deletion is done or scheduled", arguments: [202, 204])
    func deleteCommand(status: Int) {
        let response = ResponseEncoder.encode(
            IoT.DeleteCommand.self, output: IoT.DeleteCommandResponse(statusCode: status))
        #expect(response.status == status)
        #expect(response.body == (status == 204 ? [] : Array("{}".utf8)))
        let absent = ResponseEncoder.encode(IoT.DeleteCommand.self, output: IoT.DeleteCommandResponse())
        #expect(absent.status == 200)
    }

    @Test("A shadow is the body itself, byte for byte")
    func shadow() {
        let document = Array(#"{ "state": {"reported": {"t": 1.50}} }"#.utf8)
        let response = ResponseEncoder.encode(
            IoTData.GetThingShadow.self, output: IoTData.GetThingShadowResponse(payload: document))
        #expect(response.body == document && response.header("content-type") == "application/json")
    }

    @Test("A retained message has its payload and user properties in Base64, its time in milliseconds")
    func retained() {
        let response = ResponseEncoder.encode(
            IoTData.GetRetainedMessage.self,
            output: IoTData.GetRetainedMessageResponse(
                topic: "t", payload: Array(#"{"rpm":900}"#.utf8), qos: 1, lastModifiedTime: 1_767_225_600_123,
                userProperties: Array("[]".utf8)))
        #expect(
            response.json == [
                "topic": "t", "payload": "eyJycG0iOjkwMH0=", "qos": 1, "lastModifiedTime": 1_767_225_600_123,
                "userProperties": "W10=",
            ])
    }

    @Test("Secure tunneling answers json 1.1")
    func tunneling() {
        let response = ResponseEncoder.encode(
            SecureTunneling.OpenTunnel.self, output: SecureTunneling.OpenTunnelResponse(tunnelId: "t1"))
        #expect(response.header("content-type") == "application/x-amz-json-1.1")
        #expect(response.json == ["tunnelId": "t1"])
    }

    @Test("A number that JSON cannot write is a string, not a crash")
    func notFinite() {
        let response = ResponseEncoder.encode(
            IoT.GetPercentiles.self,
            output: IoT.GetPercentilesResponse(percentiles: [IoT.PercentPair(percent: .nan, value: -.infinity)]))
        #expect(response.json?["percentiles"]?.arrayValue?.first == ["percent": "NaN", "value": "-Infinity"])
    }
}
