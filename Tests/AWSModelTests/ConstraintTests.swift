import AWSModel
import MartletBase
import Testing

@Suite struct ConstraintTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let method: String
        let uri: String
        var body = ""
        let message: String
        var code = "InvalidRequestException"
        var testDescription: String { "\(method) \(uri.prefix(60)) \(body.prefix(60))" }
    }

    private static let prefix = "1 validation error detected: Value "
    private static let long = String(repeating: "x", count: 129)

    @Test(
        "A broken constraint is refused in AWS's words",
        arguments: [
            Case(
                method: "GET", uri: "/things/x%20y",
                message: "'x y' at 'thingName' failed to satisfy constraint: "
                    + "Member must satisfy regular expression pattern: [a-zA-Z0-9:_-]+"),
            Case(
                method: "GET", uri: "/things/\(long)",
                message: "'\(long)' at 'thingName' failed to satisfy constraint: "
                    + "Member must have length less than or equal to 128"),
            Case(
                method: "POST", uri: "/policies/p", body: "{}",
                message: "null at 'policyDocument' failed to satisfy constraint: Member must not be null"),
            Case(
                method: "POST", uri: "/rules/r", body: "",
                message: "null at 'topicRulePayload' failed to satisfy constraint: Member must not be null"),
            Case(
                method: "POST", uri: "/rules/r", body: #"{"sql":"SELECT 1"}"#,
                message: "null at 'topicRulePayload.actions' failed to satisfy constraint: Member must not be null"),
            Case(
                method: "GET", uri: "/things?maxResults=251",
                message: "'251' at 'maxResults' failed to satisfy constraint: "
                    + "Member must have value less than or equal to 250"),
            Case(
                method: "GET", uri: "/things?maxResults=0",
                message: "'0' at 'maxResults' failed to satisfy constraint: "
                    + "Member must have value greater than or equal to 1"),
            Case(
                method: "GET", uri: "/things?maxResults=many",
                message: "'many' at 'maxResults' failed to satisfy constraint: Member must be a 32-bit integer"),
            Case(
                method: "GET", uri: "/things?maxResults=4294967297",
                message: "'4294967297' at 'maxResults' failed to satisfy constraint: Member must be a 32-bit integer"),
            Case(
                method: "GET", uri: "/policies?isAscendingOrder=yes",
                message: "'yes' at 'ascendingOrder' failed to satisfy constraint: Member must be true or false"),
            Case(
                method: "POST", uri: "/policies/p", body: #"{"policyDocument":7}"#,
                message: "'7' at 'policyDocument' failed to satisfy constraint: Member must be a string"),
            Case(
                method: "POST", uri: "/things/t", body: #"{"attributePayload":{"merge":"true"}}"#,
                message: "'true' at 'attributePayload.merge' failed to satisfy constraint: Member must be true or false"
            ),
            Case(
                method: "POST", uri: "/things/t", body: #"{"attributePayload":[]}"#,
                message: "'[]' at 'attributePayload' failed to satisfy constraint: Member must be an object"),
            Case(
                method: "POST", uri: "/things/t", body: #"{"attributePayload":{"attributes":{"a":"b c"}}}"#,
                message: "'{a=b c}' at 'attributePayload.attributes' failed to satisfy constraint: "
                    + #"Map value must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z0-9_.,@/:#=\[\]-]*]"#
            ),
            Case(
                method: "POST", uri: "/things/t", body: #"{"attributePayload":{"attributes":{"a b":"c"}}}"#,
                message: "'{a b=c}' at 'attributePayload.attributes' failed to satisfy constraint: "
                    + "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z0-9_.,@/:#-]+]"
            ),
            Case(
                method: "POST", uri: "/things/t", body: #"{"attributePayload":{"attributes":{"a":null}}}"#,
                message: "null at 'attributePayload.attributes.a' failed to satisfy constraint: Member must not be null"
            ),
            Case(
                method: "POST", uri: "/thing-types/t",
                body: #"{"thingTypeProperties":{"searchableAttributes":["a",null]}}"#,
                message: "null at 'thingTypeProperties.searchableAttributes.2.member' failed to satisfy constraint: "
                    + "Member must not be null"),
            Case(
                method: "POST", uri: "/tags", body: #"{"resourceArn":"a","tags":[{"Key":"k"},{"Value":"v"}]}"#,
                message: "null at 'tags.2.member.Key' failed to satisfy constraint: Member must not be null"),
            Case(
                method: "PUT", uri: "/certificates/\(String(repeating: "a", count: 64))?newStatus=ON",
                message: "'ON' at 'newStatus' failed to satisfy constraint: Member must satisfy enum value set: "
                    + "[ACTIVE, INACTIVE, REVOKED, PENDING_TRANSFER, REGISTER_INACTIVE, PENDING_ACTIVATION]"),
            Case(
                method: "POST", uri: "/streams/s",
                body: #"{"files":[],"roleArn":"arn:aws:iam::000000000000:role/r"}"#,
                message: "'[0 elements]' at 'files' failed to satisfy constraint: "
                    + "Member must have length greater than or equal to 1"),
            Case(
                method: "PUT", uri: "/commands/a%20b",
                message: "'a b' at 'commandId' failed to satisfy constraint: "
                    + "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+", code: "ValidationException"),
        ])
    func brokenConstraint(_ test: Case) throws {
        let failure = try #require(try refusal(.iot, test.method, test.uri, body: test.body))
        #expect(failure.message == Self.prefix + test.message)
        #expect(failure.code == test.code)
        #expect(failure.status == 400)
    }

    @Test("Several broken constraints are named together, up to the limit")
    func several() throws {
        let failure = try #require(try refusal(.iot, "GET", "/things?maxResults=0&attributeName=a%20b"))
        #expect(failure.message.hasPrefix("2 validation errors detected: Value '"))
        #expect(failure.message.contains("; Value '"))
        let tags = String(repeating: #"{"Value":"v"},"#, count: 40).dropLast()
        let many = try #require(try refusal(.iot, "POST", "/tags", body: #"{"resourceArn":"a","tags":[\#(tags)]}"#))
        #expect(many.message.hasPrefix("\(ConstraintViolations.limit) validation errors detected"))
    }

    @Test("A long value is cut short in the message")
    func longValue() throws {
        let value = String(repeating: "é", count: 5000)
        let failure = try #require(try refusal(.iot, "POST", "/things/t", body: #"{"thingTypeName":"\#(value)"}"#))
        #expect(failure.message.unicodeScalars.count < 600)
        #expect(failure.message.contains("é...'"))
    }

    @Test(
        "A sensitive value is not repeated, whatever is wrong with it",
        arguments: [
            #"{"description":"hidden\u0001"}"#, #"{"recipe":["hidden"]}"#, #"{"attributes":{"a":"hidden\u0001"}}"#,
        ])
    func sensitive(body: String) throws {
        let failure = try #require(try refusal(.iot, "PUT", "/packages/p/versions/1", body: body))
        #expect(failure.code == "ValidationException")
        #expect(failure.message.contains("Value '***' at '") && !failure.message.contains("hidden"))
    }

    @Test("Lengths are counted in characters, not in bytes")
    func characters() throws {
        let wide = String(repeating: "é", count: 128)
        let (_, input) = try decode(
            .iot, "POST", "/tags", body: #"{"resourceArn":"a","tags":[{"Key":"\#(wide)"}]}"#)
        #expect(IoT.TagResourceRequest(model: input).tags.first?.key == wide)
        #expect(try refusal(.iot, "POST", "/tags", body: #"{"resourceArn":"a","tags":[{"Key":"\#(wide)é"}]}"#) != nil)
    }

    @Test(
        "A body that is no JSON object is refused with the place",
        arguments: [
            (#"{"a":"#, "The request body is not valid JSON: the text ends too early at byte 5."),
            ("[]", "The request body must be a JSON object, not a JSON array."),
            ("null", "The request body must be a JSON object, not a JSON null."),
            (String(repeating: "[", count: 5000), "The request body is not valid JSON: nested too deeply at byte 128."),
        ])
    func notJSON(body: String, message: String) throws {
        let failure = try #require(try refusal(.iot, "POST", "/things/t", body: body))
        #expect(failure.code == "InvalidRequestException" && failure.message == message)
    }

    @Test("A query that is not percent-encoded UTF-8 is refused", arguments: ["a=%zz", "%F=1", "a=%FF"])
    func badQuery(query: String) throws {
        #expect(try refusal(.iot, "GET", "/things?\(query)")?.code == "InvalidRequestException")
    }

    @Test("Numbers that are not whole, or not finite, are refused", arguments: ["1.5", "1e400", "\"3\"", "true"])
    func numbers(text: String) throws {
        let failure = try refusal(
            .iot, "PATCH", "/things/t", body: #"{"expectedVersion":\#(text)}"#)
        #expect(
            failure?.message.contains("'expectedVersion' failed to satisfy constraint: Member must be a 64-bit integer")
                == true)
    }

    @Test("Secure tunneling, which models neither code, answers ValidationException")
    func tunneling() throws {
        let failure = try refusal(
            .secureTunneling, "POST", "/", headers: [("x-amz-target", "IoTSecuredTunneling.DescribeTunnel")],
            body: #"{"tunnelId":"a b"}"#)
        #expect(failure?.code == "ValidationException" && failure?.status == 400)
    }
}
