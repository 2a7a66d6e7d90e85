import IoTPolicy
import MartletBase
import Testing

@Suite struct ConditionTests {
    struct Row: Sendable, CustomStringConvertible {
        let name: String
        let operands: [String]
        /// Nil: the key is missing.
        let value: [String]?
        let holds: Bool

        init(_ name: String, _ operands: [String], _ value: [String]?, _ holds: Bool) {
            (self.name, self.operands, self.value, self.holds) = (name, operands, value, holds)
        }

        var description: String { "\(name) \(operands) \(value ?? ["-"])" }
    }

    static let rows: [Row] = [
        Row("StringEquals", ["a"], ["a"], true), Row("StringEquals", ["a"], ["A"], false),
        Row("StringEquals", ["a", "b"], ["b"], true), Row("StringEquals", ["a*"], ["ab"], false),
        Row("StringEquals", ["a*"], ["a*"], true), Row("StringEquals", [], ["a"], false),
        Row("StringNotEquals", ["a"], ["b"], true), Row("StringNotEquals", ["a", "b"], ["b"], false),
        Row("StringNotEquals", [], ["b"], true),
        Row("StringEqualsIgnoreCase", ["aB"], ["Ab"], true), Row("StringEqualsIgnoreCase", ["a"], ["b"], false),
        Row("StringNotEqualsIgnoreCase", ["a"], ["A"], false), Row("StringNotEqualsIgnoreCase", ["a"], ["b"], true),
        Row("StringLike", ["a*c?"], ["abbcd"], true), Row("StringLike", ["a*"], ["A"], false),
        Row("StringLike", ["x", "*"], [""], true), Row("StringNotLike", ["a*"], ["abc"], false),
        Row("StringNotLike", ["a*"], ["bc"], true),
        Row("NumericEquals", ["1.50"], ["1.5"], true), Row("NumericEquals", ["007"], ["7"], true),
        Row("NumericEquals", ["-0"], ["0"], true), Row("NumericEquals", ["1"], ["x"], false),
        Row("NumericEquals", ["9007199254740993"], ["9007199254740992"], false),
        Row("NumericNotEquals", ["1"], ["2"], true), Row("NumericNotEquals", ["1", "2"], ["2.0"], false),
        Row("NumericLessThan", ["10"], ["9"], true), Row("NumericLessThan", ["10"], ["10"], false),
        Row("NumericLessThan", ["-1"], ["-1.5"], true), Row("NumericLessThan", ["-1"], ["1"], false),
        Row("NumericLessThan", ["0.25"], ["0.125"], true), Row("NumericLessThan", ["0.2"], ["0.20001"], false),
        Row("NumericLessThanEquals", ["10"], ["10.0"], true), Row("NumericLessThanEquals", ["10"], ["11"], false),
        Row("NumericGreaterThan", ["10"], ["10.01"], true), Row("NumericGreaterThan", ["10"], ["10"], false),
        Row("NumericGreaterThanEquals", ["10"], ["10"], true), Row("NumericGreaterThanEquals", ["10"], ["9"], false),
        Row("DateEquals", ["2026-03-01"], ["2026-03-01T00:00:00Z"], true),
        Row("DateEquals", ["2026-03-01T10:15Z"], ["1772360100"], true),
        Row("DateEquals", ["2026-03-01T12:15:00.000+02:00"], ["1772360100"], true),
        Row("DateEquals", ["2026-03-01T04:45:00-05:30"], ["1772360100.0"], true),
        Row("DateEquals", ["2024-02-29"], ["1709164800"], true), Row("DateEquals", ["1970"], ["00000"], true),
        Row("DateEquals", ["2026-03"], ["2026-03-01"], true),
        Row("DateEquals", ["-1.5"], ["1969-12-31T23:59:58.5Z"], true),
        Row("DateEquals", ["2026"], ["yesterday"], false),
        Row("DateNotEquals", ["2026"], ["2027"], true), Row("DateNotEquals", ["2026"], ["2026-01-01"], false),
        Row("DateLessThan", ["2026-03-01"], ["2026-02-28T23:59:59Z"], true),
        Row("DateLessThan", ["2026"], ["2026"], false),
        Row("DateLessThanEquals", ["2026"], ["2026"], true), Row("DateLessThanEquals", ["2026"], ["2027"], false),
        Row("DateGreaterThan", ["2026"], ["2027"], true), Row("DateGreaterThan", ["2026"], ["2026"], false),
        Row("DateGreaterThanEquals", ["2026"], ["2026"], true), Row("DateGreaterThanEquals", ["2026"], ["2025"], false),
        Row("Bool", ["true"], ["true"], true), Row("Bool", ["TRUE"], ["True"], true),
        Row("Bool", ["true"], ["false"], false),
        Row("Bool", ["false"], ["0"], false),
        Row("BinaryEquals", ["AQI="], ["AQI="], true), Row("BinaryEquals", ["AQI="], ["AQM="], false),
        Row("BinaryEquals", ["AQI="], ["?"], false),
        Row("IpAddress", ["192.0.2.0/24"], ["192.0.2.200"], true),
        Row("IpAddress", ["192.0.2.0/24"], ["192.0.3.1"], false),
        Row("IpAddress", ["192.0.2.1"], ["192.0.2.1"], true), Row("IpAddress", ["192.0.2.1"], ["192.0.2.2"], false),
        Row("IpAddress", ["10.0.0.0/12"], ["10.15.255.255"], true),
        Row("IpAddress", ["10.0.0.0/12"], ["10.16.0.0"], false),
        Row("IpAddress", ["0.0.0.0/0"], ["8.8.8.8"], true), Row("IpAddress", ["0.0.0.0/0"], ["2001:db8::1"], false),
        Row("IpAddress", ["192.0.2.0/24"], ["::ffff:192.0.2.9"], true),
        Row("IpAddress", ["2001:db8::/32"], ["2001:DB8:0:1::7"], true),
        Row("IpAddress", ["2001:db8::/32"], ["2001:db9::"], false),
        Row("IpAddress", ["::1"], ["0:0:0:0:0:0:0:1"], true), Row("IpAddress", ["::"], ["::"], true),
        Row("IpAddress", ["2001:db8::/33"], ["2001:db8:8000::"], false), Row("IpAddress", ["10.0.0.0/8"], ["x"], false),
        Row("NotIpAddress", ["192.0.2.0/24"], ["192.0.3.1"], true),
        Row("NotIpAddress", ["192.0.2.0/24"], ["192.0.2.1"], false),
        Row("ArnEquals", ["arn:aws:iot:*:*:thing/*"], ["arn:aws:iot:r:a:thing/x:y"], true),
        Row("ArnLike", ["arn:aws:iot:*:*:thing/?"], ["arn:aws:iot:r:a:thing/x"], true),
        Row("ArnLike", ["arn:aws:*:thing/x:a:b"], ["arn:aws:iot:r:a:thing/x"], false),
        Row("ArnLike", ["*"], ["arn:aws:iot:r:a:thing/x"], true), Row("ArnLike", ["arn:aws:iot:r:a:x"], ["x"], false),
        Row("ArnNotEquals", ["arn:aws:iot:r:a:x"], ["arn:aws:iot:r:a:y"], true),
        Row("ArnNotLike", ["arn:aws:iot:r:a:*"], ["arn:aws:iot:r:a:y"], false),
        Row("Null", ["true"], nil, true), Row("Null", ["false"], nil, false), Row("Null", ["true"], ["x"], false),
        Row("Null", ["false"], ["x"], true), Row("Null", ["true"], [], true),
        Row("Null", ["true", "false"], ["x"], true),
        Row("StringEqualsIfExists", ["a"], nil, true), Row("StringEqualsIfExists", ["a"], ["b"], false),
        Row("StringEqualsIfExists", ["a"], ["a"], true), Row("StringNotEqualsIfExists", ["a"], nil, true),
        Row("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], true),
        Row("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], false),
        Row("ForAllValues:StringEquals", ["a"], nil, true), Row("ForAllValues:StringEquals", ["a"], [], true),
        Row("ForAllValues:StringEquals", [], ["a"], false),
        Row("ForAllValues:StringNotLike", ["a*"], ["b", "ab"], false),
        Row("ForAllValues:StringNotLike", ["a*"], ["b", "c"], true),
        Row("ForAnyValue:StringEquals", ["a", "b"], ["c", "b"], true),
        Row("ForAnyValue:StringEquals", ["a"], ["c"], false),
        Row("ForAnyValue:StringEquals", ["a"], nil, false), Row("ForAnyValue:StringEquals", ["a"], [], false),
        Row("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], true),
        Row("ForAnyValue:StringNotEquals", ["a"], ["a"], false),
        Row("ForAnyValue:StringNotEquals", ["a"], nil, false),
        Row("ForAnyValue:StringEqualsIfExists", ["a"], nil, true),
        Row("ForAllValues:NumericLessThan", ["5"], ["1", "4"], true),
        Row("ForAnyValue:IpAddress", ["10.0.0.0/8"], ["::1", "10.1.1.1"], true),
    ]

    /// Asks in three ways: the key belongs to the caller, the key belongs to the request, and the fast form.
    private func check(_ row: Row) throws {
        let condition: JSONValue = .object([
            row.name: .object(["X:Key": .array(row.operands.map { .string($0) })])
        ])
        let extra = row.value.map { ["x:kEY": $0] } ?? [:]
        let ofCaller = try authorizer(caller(extra: extra), statement("Allow", "iot:Publish", "*", condition))
        #expect(ofCaller.allows(.publish, "t") == row.holds)
        #expect(ofCaller.decision(.publish, "t").isAllowed == row.holds)
        let ofRequest = try authorizer(caller(), statement("Allow", "iot:SendDirectMessage", "*", condition))
        #expect(ofRequest.decide(.sendDirectMessage, name: "c", extra: extra, now: noon).isAllowed == row.holds)
    }

    @Test("Each operator holds as documented", arguments: rows)
    func operators(_ row: Row) throws { try check(row) }

    static let positive = [
        ("StringEquals", "a"), ("StringEqualsIgnoreCase", "a"), ("StringLike", "a"), ("NumericEquals", "1"),
        ("NumericLessThan", "1"), ("NumericLessThanEquals", "1"), ("NumericGreaterThan", "1"),
        ("NumericGreaterThanEquals", "1"), ("DateEquals", "2026"), ("DateLessThan", "2026"),
        ("DateLessThanEquals", "2026"),
        ("DateGreaterThan", "2026"), ("DateGreaterThanEquals", "2026"), ("Bool", "true"), ("BinaryEquals", "AQI="),
        ("IpAddress", "10.0.0.1"), ("ArnEquals", "*"), ("ArnLike", "*"),
    ]
    static let negated = [
        ("StringNotEquals", "a"), ("StringNotEqualsIgnoreCase", "a"), ("StringNotLike", "a"), ("NumericNotEquals", "1"),
        ("DateNotEquals", "2026"), ("NotIpAddress", "10.0.0.1"), ("ArnNotEquals", "*"), ("ArnNotLike", "*"),
    ]

    @Test("A missing key fails positive operators, passes negated ones and IfExists")
    func missingKeys() throws {
        for (name, operand) in Self.positive { try check(Row(name, [operand], nil, false)) }
        for (name, operand) in Self.negated { try check(Row(name, [operand], nil, true)) }
        for (name, operand) in Self.positive + Self.negated {
            try check(Row(name + "IfExists", [operand], nil, true))
            try check(Row("ForAllValues:" + name, [operand], nil, true))
            try check(Row("ForAnyValue:" + name, [operand], nil, false))
        }
    }

    @Test("Operators, keys of an operator are joined by and; values by or")
    func blocks() throws {
        let context = caller(extra: ["x:a": ["1"], "x:b": ["2"]])
        func allows(_ condition: JSONValue) throws -> Bool {
            try authorizer(context, statement("Allow", "*", "*", condition)).allows(.publish, "t")
        }
        #expect(try allows(["StringEquals": ["x:a": ["1", "9"], "x:b": "2"]]))
        #expect(try !allows(["StringEquals": ["x:a": "1", "x:b": "3"]]))
        #expect(try allows(["StringEquals": ["x:a": "1"], "NumericLessThan": ["x:b": 3]]))
        #expect(try !allows(["StringEquals": ["x:a": "1"], "NumericLessThan": ["x:b": 2]]))
        #expect(try allows([:]))
    }

    @Test("Numbers and dates in variables that are none match nothing")
    func badValuesInVariables() throws {
        let context = caller(clientID: "x", extra: ["x:a": ["1"]])
        func allows(_ name: String) throws -> Bool {
            try authorizer(context, statement("Allow", "*", "*", .object([name: ["x:a": "${iot:ClientId}"]])))
                .allows(.publish, "t")
        }
        for name in ["NumericEquals", "DateEquals", "Bool", "BinaryEquals", "IpAddress", "ArnLike"] {
            #expect(try !allows(name), "\(name)")
        }
        #expect(try allows("NumericNotEquals"))
    }

    @Test("The domain name is compared without case, other names with it")
    func domainName() throws {
        let context = caller(domainName: "IoT.Example.com")
        func allows(_ name: String, _ operand: String) throws -> Bool {
            try authorizer(context, statement("Allow", "*", "*", .object([name: ["iot:DomainName": .string(operand)]])))
                .allows(.publish, "t")
        }
        #expect(try allows("StringEquals", "iot.EXAMPLE.com"))
        #expect(try allows("StringLike", "*.EXAMPLE.com"))
        #expect(try !allows("StringEquals", "example.com"))
    }

    @Test("Source address and transport are keys of the caller")
    func transportKeys() throws {
        let condition: JSONValue = [
            "IpAddress": ["aws:sourceIP": "192.0.2.0/28"], "Bool": ["AWS:SecureTransport": true],
        ]
        #expect(
            try authorizer(caller(), statement("Allow", "*", "*", condition)).blanket(.publish) == .allowsEverything)
        #expect(
            try authorizer(caller(secure: false), statement("Allow", "*", "*", condition)).blanket(.publish)
                == .deniesEverything)
        #expect(
            try authorizer(caller(sourceIP: "192.0.2.16"), statement("Allow", "*", "*", condition)).blanket(.publish)
                == .deniesEverything)
    }

    static let connectRows: [(condition: JSONValue?, results: String)] = [
        (nil, "++++"),
        (["ForAllValues:StringEquals": ["iot:ConnectAttributes": ["PersistentConnect"]]], "++--"),
        (["ForAllValues:StringEquals": ["iot:ConnectAttributes": ["PersistentConnect", "LastWill"]]], "++++"),
        (["ForAllValues:StringEquals": ["iot:ConnectAttributes": []]], "+---"),
        (["ForAllValues:StringNotEquals": ["iot:ConnectAttributes": ["PersistentConnect"]]], "+-+-"),
        (["ForAnyValue:StringEquals": ["iot:ConnectAttributes": ["PersistentConnect"]]], "-+-+"),
    ]

    @Test("ConnectAttributes give the documented results", arguments: connectRows)
    func connectAttributes(_ row: (condition: JSONValue?, results: String)) throws {
        let authorizer = try authorizer(
            caller(), statement("Allow", "iot:Connect", .string(arnPrefix + "client/pump7"), row.condition))
        let requests: [(Bool, String?)] = [(false, nil), (true, nil), (false, "will"), (true, "will")]
        for ((persistent, will), expected) in zip(requests, row.results) {
            let decision = authorizer.decideConnect(
                clientID: "pump7", persistent: persistent, lastWillTopic: will, now: noon)
            #expect(decision.isAllowed == (expected == "+"))
            let fast = Array("pump7".utf8).withUnsafeBytes {
                authorizer.allowsConnect(clientID: $0, persistent: persistent, lastWillTopic: will, now: noon)
            }
            #expect(fast == (expected == "+"))
            #expect(
                !authorizer.decideConnect(clientID: "pump8", persistent: persistent, lastWillTopic: will, now: noon)
                    .isAllowed)
        }
    }

    @Test("The will's topic is compared as an ARN")
    func lastWillTopic() throws {
        let condition: JSONValue = ["ArnEquals": ["iot:LastWillTopic": .string(arnPrefix + "topic/will/*")]]
        let authorizer = try authorizer(caller(), statement("Allow", "iot:Connect", "*", condition))
        func allows(_ will: String?) -> Bool {
            let decision = authorizer.decideConnect(clientID: "c", persistent: false, lastWillTopic: will, now: noon)
            let fast = Array("c".utf8).withUnsafeBytes {
                authorizer.allowsConnect(clientID: $0, persistent: false, lastWillTopic: will, now: noon)
            }
            #expect(fast == decision.isAllowed)
            return fast
        }
        #expect(allows("will/c"))
        #expect(!allows("other/c"))
        #expect(!allows(nil))
        #expect(authorizer.blanket(.connect) == .depends)
    }

    @Test("The time is read for each decision and only where a statement asks for it")
    func time() throws {
        let authorizer = try authorizer(
            caller(), statement("Allow", "iot:Publish", "*", ["DateLessThan": ["aws:CurrentTime": "2026-03-02"]]),
            statement("Allow", "iot:Receive", "*", ["NumericGreaterThan": ["aws:EpochTime": 1_772_360_100]]),
            statement("Allow", "iot:Connect", "*", ["StringLike": ["aws:CurrentTime": "2026-03-01T*"]]),
            statement("Allow", "iot:Subscribe", .string(arnPrefix + "topicfilter/a")),
            statement("Deny", "iot:GetThingShadow", "*", ["DateNotEquals": ["aws:EpochTime": "2026"]]))
        #expect(authorizer.dependsOnTime)
        for action in [DataPlaneAction.publish, .receive, .connect] { #expect(authorizer.dependsOnTime(action)) }
        for action in [DataPlaneAction.subscribe, .getThingShadow] { #expect(!authorizer.dependsOnTime(action)) }
        let tomorrow = noon.advanced(bySeconds: 86_400)
        for (action, today, later) in [
            (DataPlaneAction.publish, true, false), (.receive, false, true), (.connect, true, false),
        ] {
            #expect(authorizer.allows(action, "x", at: noon) == today)
            #expect(authorizer.decision(action, "x", at: noon).isAllowed == today)
            #expect(authorizer.allows(action, "x", at: tomorrow) == later)
            #expect(authorizer.decision(action, "x", at: tomorrow).isAllowed == later)
        }
        var reads = 0
        func clock() -> WallInstant {
            reads += 1
            return noon
        }
        let isAllowed = Array("a".utf8).withUnsafeBytes { authorizer.allows(.subscribe, $0, now: clock()) }
        #expect(isAllowed && reads == 0)
        let isPublishAllowed = Array("a".utf8).withUnsafeBytes { authorizer.allows(.publish, $0, now: clock()) }
        #expect(isPublishAllowed && reads == 1)
    }
}
