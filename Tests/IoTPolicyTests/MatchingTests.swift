import MartletBase
import Testing

@testable import IoTPolicy

@Suite struct MatchingTests {
    static let wildcards: [(pattern: String, name: String, matches: Bool)] = [
        ("", "", true), ("", "a", false), ("a", "", false), ("*", "", true), ("*", "a/b/c", true),
        ("a/*", "a/", true), ("a/*", "a", false), ("a/*", "a/b/c", true), ("*/c", "a/b/c", true), ("*/c", "c", false),
        ("a*c", "ac", true), ("a*c", "abcbc", true), ("a*c", "abcb", false), ("a**c", "abc", true),
        ("?", "", false), ("?", "a", true), ("?", "ab", false), ("?", "é", true), ("??", "é", false),
        ("?", "🚀", true), ("a?c", "a/c", true), ("*?", "", false), ("*?", "é", true), ("?*", "é", true),
        ("*?é", "éé", true), ("*é?", "aéé", true), ("*é?", "é", false),
        ("*??bc", "€bc", false), ("*??bc", "€€bc", true),
        ("+/#", "+/#", true), ("+/#", "a/b", false), ("dept/+/x", "dept/a/x", false), ("dept/*/x", "dept/+/x", true),
        ("A", "a", false), ("*aab", "aaaaab", true), ("*aab*", "aaaaaba", true), ("*a?b*c", "xaybzc", true),
        ("e\u{301}", "\u{E9}", false),
    ]

    @Test("Wildcards match as documented", arguments: wildcards)
    func matchesWildcards(_ row: (pattern: String, name: String, matches: Bool)) {
        #expect(BytePattern(wildcards: row.pattern).matches(row.name) == row.matches)
    }

    /// Straight from the definition, exponential.
    private func reference(_ pattern: ArraySlice<Unicode.Scalar>, _ name: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let symbol = pattern.first else { return name.isEmpty }
        if symbol == "*" {
            return reference(pattern.dropFirst(), name) || (!name.isEmpty && reference(pattern, name.dropFirst()))
        }
        guard let scalar = name.first, symbol == "?" || symbol == scalar else { return false }
        return reference(pattern.dropFirst(), name.dropFirst())
    }

    @Test("The matcher agrees with its definition on random patterns", arguments: [1, 2, 3] as [UInt64])
    func agreesWithReference(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var matches = 0
        for _ in 0..<4000 {
            let pattern = (0..<Int.random(in: 0...7, using: &random)).map { _ in
                random.pick(Array("ab/é🚀**?".unicodeScalars))
            }
            let name = (0..<Int.random(in: 0...9, using: &random)).map { _ in random.pick(Array("ab/é🚀".unicodeScalars))
            }
            let expected = reference(pattern[...], name[...])
            let text = String(String.UnicodeScalarView(pattern))
            let nameText = String(String.UnicodeScalarView(name))
            #expect(BytePattern(wildcards: text).matches(nameText) == expected, "\(text) \(nameText)")
            matches += expected ? 1 : 0
        }
        #expect(matches > 200)
    }

    @Test("What is left after a prefix matches exactly what the whole would", arguments: [4, 5] as [UInt64])
    func residualsAreExact(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<4000 {
            let start = random.pick(["topic/", "*", "t*", "?opic/", "topic", "*/", "to*c/", "??????", ""])
            let pattern = BytePattern(
                wildcards: start
                    + String((0..<Int.random(in: 0...4, using: &random)).map { _ in random.pick(Array("a/*?tc")) }))
            let name = String((0..<Int.random(in: 0...5, using: &random)).map { _ in random.pick(Array("a/tc")) })
            let left = pattern.residuals(after: "topic/")
            #expect(left.contains { $0.matches(name) } == pattern.matches("topic/" + name), "\(pattern.text) \(name)")
        }
    }

    @Test("Bytes that are no UTF-8 are matched without harm")
    func matchesInvalidBytes() {
        let names: [[UInt8]] = [[0xFF], [0xC3], [0xE2, 0x82], [0xF0, 0x9F], [0x80, 0x80], [0xFE, 0xFF, 0x41]]
        for name in names {
            for pattern in ["*", "?", "??", "*?", "a*", "*é*"] {
                let isMatch = BytePattern(wildcards: pattern).symbols.withUnsafeBytes { symbols in
                    name.withUnsafeBytes { WildcardMatcher.matches(symbols, $0) }
                }
                if pattern == "*" { #expect(isMatch) }
                if pattern == "a*" || pattern == "*é*" { #expect(!isMatch) }
            }
        }
    }

    static let arns: [(pattern: String, matches: Bool)] = [
        ("*", true), ("**", true),
        ("arn:aws:iot:eu-martlet-1:210987654321:topic/a/b", true),
        ("arn:aws:iot:*:*:topic/a/*", true), ("arn:*:iot:eu-*:2109876543??:topic/?/b", true),
        ("*:*:*:*:*:*", true), ("arn:aws:iot:eu-martlet-1:210987654321:*", true),
        ("arn:aws:iot:eu-martlet-1:210987654321:*/b", true), ("arn:aws:iot:eu-martlet-1:210987654321:to*", true),
        ("arn:aws:iot:us-east-1:210987654321:topic/a/b", false),
        ("arn:aws:iot:eu-martlet-1:000000000000:topic/a/b", false),
        ("arn:aws-cn:iot:eu-martlet-1:210987654321:topic/a/b", false),
        ("arn:aws:s3:eu-martlet-1:210987654321:topic/a/b", false),
        ("arn:aws:iot:eu-martlet-1:210987654321:topicfilter/a/b", false),
        ("arn:aws:iot:eu-martlet-1:210987654321:topic/A/b", false),
        ("ARN:aws:iot:eu-martlet-1:210987654321:topic/a/b", false),
        ("arn:aws:iot:eu-martlet-1:210987654321:topic", false),
        ("arn:aws:iot::210987654321:topic/a/b", false),
    ]

    @Test("An ARN is matched segment by segment", arguments: arns)
    func matchesARNs(_ row: (pattern: String, matches: Bool)) throws {
        let authorizer = try authorizer(caller(), statement("Allow", "iot:Publish", .string(row.pattern)))
        #expect(authorizer.allows(.publish, "a/b") == row.matches)
        #expect(authorizer.decision(.publish, "a/b").isAllowed == row.matches)
    }

    @Test("Colons after the fifth belong to the name")
    func colonsInNames() throws {
        let authorizer = try authorizer(caller(), statement("Allow", "iot:Publish", .string(arnPrefix + "topic/a:b:*")))
        #expect(authorizer.allows(.publish, "a:b:c:d"))
        #expect(authorizer.decision(.publish, "a:b:c:d").isAllowed)
        #expect(!authorizer.allows(.publish, "a:c"))
    }

    static let actions: [(pattern: String, allowed: Set<DataPlaneAction>)] = [
        ("*", Set(DataPlaneAction.allCases)),
        ("iot:Publish", [.publish]),
        ("IOT:pUBLISH", [.publish]),
        ("iot:Pub*", [.publish]),
        ("iot:*Publish", [.publish, .retainPublish]),
        ("iot:?onnect", [.connect]),
        ("iot:*ThingShadow", [.getThingShadow, .updateThingShadow, .deleteThingShadow]),
        ("iot:ListNamedShadowsForThing", [.listNamedShadowsForThing]),
        ("iotjobsdata:StartNextPendingJobExecution", [.startNextPendingJobExecution]),
        ("iot:UpdateJobExecution", [.updateJobExecution]),
        (
            "iotjobsdata:*",
            [.describeJobExecution, .getPendingJobExecutions, .startNextPendingJobExecution, .updateJobExecution]
        ),
        ("iot:*", Set(DataPlaneAction.allCases)),
        ("iot:AssumeRoleWithCertificate", [.assumeRoleWithCertificate]),
        ("iot:Nonsense", []),
    ]

    @Test("Actions are matched without case, with wildcards", arguments: actions)
    func matchesActions(_ row: (pattern: String, allowed: Set<DataPlaneAction>)) throws {
        let positive = try authorizer(caller(), statement("Allow", .string(row.pattern), "*"))
        let negative = try authorizer(
            caller(), ["Effect": "Allow", "NotAction": .string(row.pattern), "Resource": "*"])
        for action in DataPlaneAction.allCases {
            #expect(positive.allows(action, "x") == row.allowed.contains(action), "\(action)")
            #expect(positive.decision(action, "x").isAllowed == row.allowed.contains(action), "\(action)")
            #expect(negative.allows(action, "x") != row.allowed.contains(action), "\(action)")
            #expect(negative.decision(action, "x").isAllowed != row.allowed.contains(action), "\(action)")
        }
    }

    static let resourceTypes: [(DataPlaneAction, String)] = [
        (.connect, "client/x"), (.publish, "topic/x"), (.retainPublish, "topic/x"), (.subscribe, "topicfilter/x"),
        (.receive, "topic/x"), (.getRetainedMessage, "topic/x"), (.getThingShadow, "thing/x"),
        (.updateThingShadow, "thing/x"), (.deleteThingShadow, "thing/x"), (.listNamedShadowsForThing, "thing/x"),
        (.deleteConnection, "client/x"), (.getConnection, "client/x"), (.listSubscriptions, "client/x"),
        (.sendDirectMessage, "client/x"), (.describeJobExecution, "thing/x"),
        (.assumeRoleWithCertificate, "rolealias/x"),
    ]

    @Test("Each action is about its own type of resource", arguments: resourceTypes)
    func usesResourceType(_ action: DataPlaneAction, _ resource: String) throws {
        let authorizer = try authorizer(caller(), statement("Allow", "*", .string(arnPrefix + resource)))
        #expect(authorizer.allows(action, "x"))
        #expect(authorizer.decision(action, "x").resource == arnPrefix + resource)
        #expect(!authorizer.allows(action, "y"))
    }

    @Test("ListRetainedMessages needs a lone star")
    func listRetainedNeedsStar() throws {
        let arn = try authorizer(caller(), statement("Allow", "iot:*", "arn:aws:iot:*:*:*"))
        #expect(!arn.allows(.listRetainedMessages, ""))
        #expect(!arn.decision(.listRetainedMessages, "").isAllowed)
        let star = try authorizer(caller(), statement("Allow", "iot:ListRetainedMessages", "*"))
        #expect(star.allows(.listRetainedMessages, ""))
        #expect(star.decision(.listRetainedMessages, "").isAllowed)
    }
}
