import IoTPolicy
import MartletBase
import Testing

/// The fast form and the explained form are two programs; they must never differ.
@Suite struct EquivalenceTests {
    static let actions = [
        "iot:Publish", "iot:Connect", "iot:*", "*", "iot:Re*", "iot:Subscribe", "iot:Receive", "iotjobsdata:*",
        "iot:UpdateJobExecution", "iot:ListRetainedMessages", "iot:*ThingShadow",
    ]
    static let names = [
        "a", "a/b", "a/b/c", "pump7", "a/pump7", "pump7/x", "*", "a/*", "+/b", "", "é", "é/b", "north", "${x}",
    ]
    static let nameParts = [
        "a", "b", "*", "?", "/", "/*", "${iot:ClientId}", "${iot:Connection.Thing.Attributes[site]}", "${none:such}",
        "${none:such, 'a'}", "${*}", "${?}", "é", "+", "${iot:Certificate.Subject.CommonName}",
    ]
    static let conditions: [JSONValue] = [
        ["Bool": ["iot:Connection.Thing.IsAttached": "true"]], ["StringEquals": ["iot:ClientId": ["pump7", "*"]]],
        ["StringNotLike": ["iot:ClientId": "pump*"]], ["StringLike": ["aws:SourceIp": "192.*"]],
        ["DateLessThan": ["aws:CurrentTime": "2026-03-01T10:15:01Z"]],
        ["NumericGreaterThan": ["aws:EpochTime": 1_772_360_100]],
        ["ForAllValues:StringEquals": ["iot:ConnectAttributes": ["PersistentConnect"]]],
        ["ForAnyValue:StringEquals": ["iot:ConnectAttributes": ["LastWill"]]], ["Null": ["iot:LastWillTopic": "true"]],
        ["ArnLike": ["iot:LastWillTopic": "arn:aws:iot:*:*:topic/a/*"]], ["StringEqualsIfExists": ["iot:Topic": "a"]],
        ["StringEquals": ["iot:Topic": "${iot:ClientId}"]], ["Null": ["aws:CurrentTime": "false"]],
        ["StringEquals": ["iot:Connection.Thing.ThingName": "${none:such}"]],
        ["NotIpAddress": ["aws:SourceIp": "192.0.2.0/24"]],
    ]

    private func resource(_ random: inout SeededGenerator) -> JSONValue {
        if random.chance(5) { return "*" }
        let start = random.pick([
            arnPrefix, arnPrefix, arnPrefix, "arn:aws:iot:*:*:", "*:*:*:*:*:", "arn:aws:iot:us-east-1:210987654321:",
            "arn:aws:iot:eu-martlet-?:${none:such, '210987654321'}:",
        ])
        let type = random.pick([
            "topic/", "topic/", "topicfilter/", "client/", "thing/", "*", "t*/", "topic", "?opic/", "*/",
        ])
        let parts = (0..<Int.random(in: 0...4, using: &random)).map { _ in random.pick(Self.nameParts) }
        return .string(start + type + parts.joined())
    }

    private func policy(_ random: inout SeededGenerator) throws -> CompiledPolicy {
        let statements: [JSONValue] = (0..<Int.random(in: 1...4, using: &random)).map { _ in
            var members = JSONObject()
            members["Effect"] = random.chance(3) ? "Deny" : "Allow"
            let actions = (0..<Int.random(in: 1...2, using: &random)).map { _ in
                JSONValue.string(random.pick(Self.actions))
            }
            members[random.chance(6) ? "NotAction" : "Action"] = .array(actions)
            let resources = (0..<Int.random(in: 1...3, using: &random)).map { _ in resource(&random) }
            members[random.chance(5) ? "NotResource" : "Resource"] = .array(resources)
            if random.chance(3) { members["Condition"] = random.pick(Self.conditions) }
            return .object(members)
        }
        return try IoTPolicyTests.policy(
            ["Version": random.chance(8) ? "2008-10-17" : "2012-10-17", "Statement": .array(statements)])
    }

    private func context(_ random: inout SeededGenerator) -> PolicyContext {
        let thing = ThingFacts(
            name: "pump7", typeName: "pump", attributes: ["site": random.pick(["north", "*", "a"])],
            isAttached: !random.chance(3))
        return caller(
            clientID: random.chance(6) ? nil : random.pick(["pump7", "a", "*", "é", "+"]),
            sourceIP: random.pick(["192.0.2.7", "198.51.100.1"]), thing: random.chance(3) ? nil : thing,
            certificate: random.chance(2)
                ? nil
                : CertificateFacts(
                    certificateID: "9f", serialNumberHex: "1", subject: ["CommonName": [random.pick(["a", "a*"])]]))
    }

    @Test("The fast decision is the explained decision", arguments: [11, 12, 13, 14] as [UInt64])
    func formsAgree(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var outcomes: [PolicyDecision.Outcome: Int] = [:]
        for round in 0..<400 {
            let policies = try (0..<Int.random(in: 0...3, using: &random)).map { _ in try policy(&random) }
            let authorizer = Authorizer(policies: policies, context: context(&random))
            for action in DataPlaneAction.allCases {
                for name in [random.pick(Self.names), random.pick(Self.names)] {
                    let now = random.pick([noon, noon.advanced(bySeconds: 1), noon.advanced(bySeconds: 2)])
                    let explained = authorizer.decision(action, name, at: now)
                    outcomes[explained.outcome, default: 0] += 1
                    let fast = authorizer.allows(action, name, at: now)
                    #expect(fast == explained.isAllowed, "seed \(seed) round \(round) \(action) \(name): \(explained)")
                    switch authorizer.blanket(action) {
                    case .allowsEverything: #expect(explained.isAllowed)
                    case .deniesEverything: #expect(!explained.isAllowed)
                    case .depends: break
                    }
                    if !authorizer.dependsOnTime(action) {
                        #expect(authorizer.allows(action, name, at: WallInstant(millisecondsSinceEpoch: 0)) == fast)
                    }
                }
            }
            try connectFormsAgree(authorizer, &random)
        }
        for outcome in [PolicyDecision.Outcome.allowed, .explicitDeny, .implicitDeny] {
            #expect(outcomes[outcome, default: 0] > 500)
        }
    }

    private func connectFormsAgree(_ authorizer: Authorizer, _ random: inout SeededGenerator) throws {
        for name in Self.names.prefix(6) {
            let persistent = random.chance(2)
            let will = random.chance(2) ? nil : random.pick(Self.names)
            let explained = authorizer.decideConnect(
                clientID: name, persistent: persistent, lastWillTopic: will, now: noon)
            let fast = Array(name.utf8).withUnsafeBytes {
                authorizer.allowsConnect(clientID: $0, persistent: persistent, lastWillTopic: will, now: noon)
            }
            #expect(fast == explained.isAllowed, "\(explained)")
        }
    }
}
