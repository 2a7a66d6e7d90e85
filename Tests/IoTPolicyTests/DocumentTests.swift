import IoTPolicy
import Testing

@Suite struct DocumentTests {
    struct Refusal: Sendable {
        let text: String
        let code: PolicyParseError.Code
        let place: String

        init(_ code: PolicyParseError.Code, _ place: String, _ text: String) {
            (self.code, self.place, self.text) = (code, place, text)
        }
    }

    /// A document with one good statement whose text may be changed.
    private static func one(_ statement: String) -> String {
        #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{\#(statement)}]}"#
    }

    private static func condition(_ text: String) -> String {
        one(#""Effect":"Allow","Action":"iot:*","Resource":"*","Condition":\#(text)"#)
    }

    static let refusals: [Refusal] = [
        Refusal(.notJSON, "", ""),
        Refusal(.notJSON, "", "{"),
        Refusal(.notJSON, "", #"{"Statement":[],}"#),
        Refusal(.notJSON, "", String(repeating: "[", count: 10_000)),
        Refusal(.wrongType, "", "[]"),
        Refusal(.missingElement, "", "{}"),
        Refusal(.unknownElement, "version", #"{"version":"2012-10-17","Statement":[]}"#),
        Refusal(.badVersion, "Version", #"{"Version":"2012-10-18","Statement":[]}"#),
        Refusal(.wrongType, "Version", #"{"Version":2012,"Statement":[]}"#),
        Refusal(.wrongType, "Id", #"{"Id":1,"Statement":[]}"#),
        Refusal(.emptyList, "Statement", #"{"Statement":[]}"#),
        Refusal(.wrongType, "Statement", #"{"Statement":"x"}"#),
        Refusal(.wrongType, "Statement[0]", #"{"Statement":[1]}"#),
        Refusal(.duplicateElement, "Version", #"{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}"#),
        Refusal(
            .duplicateElement, "Statement[1].Effect",
            one(#""Effect":"Deny","Effect":"Allow","Action":"iot:*","Resource":"*""#)),
        Refusal(
            .duplicateElement, "Statement[1].Effect",
            one(#""Effect":"Deny","\u0045ffect":"Allow","Action":"iot:*","Resource":"*""#)),
        Refusal(
            .duplicateElement, "Statement[1].Condition.Bool.a:b",
            condition(#"{"Bool":{"a:b":"true","a:c":["true", "false"],"a:b":"false"}}"#)),
        Refusal(.missingElement, "Statement[1]", one(#""Action":"iot:*","Resource":"*""#)),
        Refusal(.badEffect, "Statement[1].Effect", one(#""Effect":"allow","Action":"iot:*","Resource":"*""#)),
        Refusal(.missingElement, "Statement[1]", one(#""Effect":"Allow","Resource":"*""#)),
        Refusal(.missingElement, "Statement[1]", one(#""Effect":"Allow","Action":"iot:*""#)),
        Refusal(
            .conflictingElements, "Statement[1]",
            one(#""Effect":"Allow","Action":"iot:*","NotAction":"iot:*","Resource":"*""#)),
        Refusal(
            .conflictingElements, "Statement[1]",
            one(#""Effect":"Allow","Action":"iot:*","Resource":"*","NotResource":"*""#)),
        Refusal(
            .unknownElement, "Statement[1].Principal",
            one(#""Effect":"Allow","Principal":"*","Action":"iot:*","Resource":"*""#)),
        Refusal(.wrongType, "Statement[1].Sid", one(#""Sid":7,"Effect":"Allow","Action":"iot:*","Resource":"*""#)),
        Refusal(.emptyList, "Statement[1].Action", one(#""Effect":"Allow","Action":[],"Resource":"*""#)),
        Refusal(.wrongType, "Statement[1].Action[1]", one(#""Effect":"Allow","Action":["*",1],"Resource":"*""#)),
        Refusal(.badAction, "Statement[1].Action", one(#""Effect":"Allow","Action":"s3:Get","Resource":"*""#)),
        Refusal(.badAction, "Statement[1].NotAction", one(#""Effect":"Allow","NotAction":"Publish","Resource":"*""#)),
        Refusal(.badAction, "Statement[1].Action", one(#""Effect":"Allow","Action":"iot:","Resource":"*""#)),
        Refusal(.badAction, "Statement[1].Action", one(#""Effect":"Allow","Action":"io*:Publish","Resource":"*""#)),
        Refusal(.badAction, "Statement[1].Action", one(#""Effect":"Allow","Action":"iot:Pub lish","Resource":"*""#)),
        Refusal(.badResource, "Statement[1].Resource", one(#""Effect":"Allow","Action":"*","Resource":"topic/a""#)),
        Refusal(
            .badResource, "Statement[1].Resource[1]",
            one(#""Effect":"Allow","Action":"*","Resource":["*","arn:aws:iot:*"]"#)),
        Refusal(
            .badResource, "Statement[1].Resource",
            one(#""Effect":"Allow","Action":"*","Resource":"${iot:a}${iot:b}${iot:c}${iot:d}${iot:e}""#)),
        Refusal(
            .badVariable, "Statement[1].NotResource",
            one(#""Effect":"Allow","Action":"*","NotResource":"arn:aws:iot:::topic/${iot:ClientId""#)),
        Refusal(
            .badVariable, "Statement[1].Resource",
            one(#""Effect":"Allow","Action":"*","Resource":"arn:aws:iot:::topic/${}""#)),
        Refusal(
            .badVariable, "Statement[1].Resource",
            one(#""Effect":"Allow","Action":"*","Resource":"arn:aws:iot:::topic/${iot:ClientId, x}""#)),
        Refusal(.wrongType, "Statement[1].Condition", condition("[]")),
        Refusal(.unknownOperator, "Statement[1].Condition.stringEquals", condition(#"{"stringEquals":{"a":"b"}}"#)),
        Refusal(.unknownOperator, "Statement[1].Condition.NullIfExists", condition(#"{"NullIfExists":{"a":"true"}}"#)),
        Refusal(
            .unknownOperator, "Statement[1].Condition.ForSomeValues:StringEquals",
            condition(#"{"ForSomeValues:StringEquals":{"a":"true"}}"#)),
        Refusal(.wrongType, "Statement[1].Condition.StringLike", condition(#"{"StringLike":"x"}"#)),
        Refusal(.wrongType, "Statement[1].Condition.StringLike.a", condition(#"{"StringLike":{"a":null}}"#)),
        Refusal(.wrongType, "Statement[1].Condition.StringLike.a[1]", condition(#"{"StringLike":{"a":["b",{}]}}"#)),
        Refusal(.badVariable, "Statement[1].Condition.StringLike.a", condition(#"{"StringLike":{"a":"${"}}"#)),
        Refusal(.badConditionValue, "Statement[1].Condition.Bool.a", condition(#"{"Bool":{"a":"yes"}}"#)),
        Refusal(.badConditionValue, "Statement[1].Condition.Bool.", condition(#"{"Bool":{"":"true"}}"#)),
        Refusal(.badConditionValue, "Statement[1].Condition.Null.a", condition(#"{"Null":{"a":"maybe"}}"#)),
        Refusal(
            .badConditionValue, "Statement[1].Condition.NumericEquals.a", condition(#"{"NumericEquals":{"a":"x"}}"#)),
        Refusal(
            .badConditionValue, "Statement[1].Condition.DateEquals.a", condition(#"{"DateEquals":{"a":"2026-02-30"}}"#)),
        Refusal(
            .badConditionValue, "Statement[1].Condition.IpAddress.a[1]",
            condition(#"{"IpAddress":{"a":["10.0.0.0/8","10.0.0.0/33"]}}"#)),
        Refusal(.badConditionValue, "Statement[1].Condition.BinaryEquals.a", condition(#"{"BinaryEquals":{"a":"?"}}"#)),
        Refusal(.badConditionValue, "Statement[1].Condition.ArnLike.a", condition(#"{"ArnLike":{"a":"arn:aws"}}"#)),
    ]

    @Test("A malformed document is refused with its code and place", arguments: refusals)
    func refuses(_ refusal: Refusal) {
        let error = #expect(throws: PolicyParseError.self) { try PolicyDocument(parsing: refusal.text) }
        #expect(error?.code == refusal.code, "\(refusal.text)")
        #expect(error?.place == refusal.place, "\(refusal.text)")
    }

    @Test("The description names place and cause")
    func describes() {
        let text = Self.one(#""Effect":"Perhaps","Action":"iot:*","Resource":"*""#)
        let error = #expect(throws: PolicyParseError.self) { try PolicyDocument(parsing: text) }
        #expect(
            error?.description == "Policy document is malformed at Statement[1].Effect: "
                + "Effect must be Allow or Deny, not Perhaps")
    }

    @Test("The documented sample is read as it is written")
    func readsSample() throws {
        let document = try PolicyDocument(
            parsing: #"""
                {"Version":"2012-10-17","Id":"x","Statement":[
                 {"Sid":"C","Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:eu-martlet-1:210987654321:client/${iot:Connection.Thing.ThingName}","Condition":{"Bool":{"iot:Connection.Thing.IsAttached":["true"]}}},
                 {"Effect":"Allow","Action":["iot:Publish","iot:RetainPublish"],"Resource":"arn:aws:iot:eu-martlet-1:210987654321:topic/martlet/t/${iot:ClientId}/*"},
                 {"Effect":"Deny","NotAction":"iotjobsdata:*","NotResource":"arn:aws:iot:eu-martlet-1:210987654321:topic/martlet/*"}]}
                """#)
        #expect(document.version == .version2012)
        #expect(document.id == "x")
        #expect(document.statements.map(\.sid) == ["C", nil, nil])
        #expect(document.statements.map(\.effect) == [.allow, .allow, .deny])
        #expect(document.statements[1].actions == ["iot:Publish", "iot:RetainPublish"])
        #expect(document.statements[2].isNotAction && document.statements[2].isNotResource)
        #expect(document.statements[0].conditions.first?.key == "iot:Connection.Thing.IsAttached")
        #expect(document.statements[0].conditions.first?.values == ["true"])
    }

    @Test("A lone statement, a missing Version, numbers and booleans in conditions are accepted")
    func acceptsShortForms() throws {
        let document = try PolicyDocument(
            parsing: #"{"Statement":{"Effect":"Deny","Action":"IOT:Publish","Resource":"*","#
                + #""Condition":{"Bool":{"aws:SecureTransport":false},"NumericLessThan":{"aws:EpochTime":17.5}}}}"#)
        #expect(document.version == .version2008)
        #expect(document.statements[0].conditions.map(\.values) == [["false"], ["17.5"]])
    }

    @Test("The size limit counts characters without white space")
    func countsSize() {
        #expect(PolicyDocument.countedCharacters(in: " {\n\t\"é\": 1 }") == 7)
        #expect(PolicyDocument.isWithinSizeLimit(String(repeating: "x ", count: 2048)))
        #expect(!PolicyDocument.isWithinSizeLimit(String(repeating: "x", count: 2049)))
    }

    @Test("A text beyond the parser's limit is refused before it is read")
    func refusesHugeText() {
        let text = String(repeating: " ", count: PolicyDocument.textByteLimit + 1)
        let error = #expect(throws: PolicyParseError.self) { try PolicyDocument(parsing: text) }
        #expect(error?.code == .tooLong)
    }
}
