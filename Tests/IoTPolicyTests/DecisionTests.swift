import IoTPolicy
import MartletBase
import Testing

@Suite struct DecisionTests {
    @Test("Deny wins over Allow, and what nothing allows is denied, in any order")
    func evaluationOrder() throws {
        let allow = statement("Allow", "iot:Publish", .string(arnPrefix + "topic/a/*"))
        let deny = statement("Deny", "iot:Pub*", .string(arnPrefix + "topic/a/secret"))
        for statements: [JSONValue] in [[allow, deny], [deny, allow]] {
            let together = Authorizer(
                policies: [try policy(["Version": "2012-10-17", "Statement": .array(statements)])], context: caller())
            let apart = Authorizer(
                policies: try statements.map { try policy(["Statement": .array([$0])]) }, context: caller())
            for authorizer in [together, apart] {
                #expect(authorizer.allows(.publish, "a/b"))
                #expect(!authorizer.allows(.publish, "a/secret"))
                #expect(!authorizer.allows(.publish, "b"))
                #expect(!authorizer.allows(.receive, "a/b"))
                #expect(authorizer.decision(.publish, "a/b").outcome == .allowed)
                #expect(authorizer.decision(.publish, "a/secret").outcome == .explicitDeny)
                #expect(authorizer.decision(.publish, "b").outcome == .implicitDeny)
                #expect(authorizer.decision(.receive, "a/b").outcome == .implicitDeny)
            }
        }
    }

    @Test("Blanket answers are found before any request")
    func blankets() throws {
        let everything = try authorizer(caller(), statement("Allow", "iot:*", "*"))
        for action in DataPlaneAction.allCases { #expect(everything.blanket(action) == .allowsEverything) }
        let nothing = Authorizer(policies: [], context: caller())
        for action in DataPlaneAction.allCases { #expect(nothing.blanket(action) == .deniesEverything) }
        let all = Authorizer(policies: [.allowAll], context: caller())
        #expect(all.blanket(.publish) == .allowsEverything)
        #expect(all.allows(.listRetainedMessages, ""))
        let mixed = try authorizer(
            caller(), statement("Allow", "*", "*"), statement("Deny", "iot:Publish", .string(arnPrefix + "topic/x")),
            statement("Deny", "iot:Subscribe", "*"),
            statement("Deny", "iot:Receive", "arn:aws:iot:us-east-1:*:topic/*"),
            statement("Deny", "iot:Connect", "*", ["Bool": ["aws:SecureTransport": false]]))
        #expect(mixed.blanket(.publish) == .depends)
        #expect(mixed.blanket(.subscribe) == .deniesEverything)
        #expect(mixed.blanket(.receive) == .allowsEverything)
        #expect(mixed.blanket(.connect) == .allowsEverything)
        let typed = try authorizer(caller(), statement("Allow", "iot:*", .string(arnPrefix + "topic/*")))
        #expect(typed.blanket(.publish) == .allowsEverything)
        #expect(typed.blanket(.subscribe) == .deniesEverything)
    }

    @Test("NotResource is about every other resource")
    func notResource() throws {
        let authorizer = try authorizer(
            caller(), statement("Allow", "iot:Receive", "*"),
            ["Effect": "Deny", "Action": "iot:Receive", "NotResource": .string(arnPrefix + "topic/martlet/*")])
        #expect(authorizer.allows(.receive, "martlet/a"))
        #expect(!authorizer.allows(.receive, "other"))
        #expect(authorizer.decision(.receive, "other").outcome == .explicitDeny)
        let allow = try IoTPolicyTests.authorizer(
            caller(),
            ["Effect": "Allow", "Action": "iot:Receive", "NotResource": .string(arnPrefix + "topic/martlet/*")])
        #expect(!allow.allows(.receive, "martlet/a"))
        #expect(
            allow.decision(.receive, "martlet/a").nearestMiss?.difference
                == "\(arnPrefix)topic/martlet/a is excluded by NotResource \(arnPrefix)topic/martlet/*")
    }

    @Test("A decision names the policy and the statement that decided")
    func namesStatement() throws {
        let fleet = try policy(
            ["Statement": [statement("Allow", "iot:Receive", "*"), statement("Allow", "iot:Publish", "*")]],
            name: "fleet")
        let guardian = try policy(
            [
                "Statement": [
                    "Sid": "NoSecrets", "Effect": "Deny", "Action": "iot:Publish",
                    "Resource": .string(arnPrefix + "topic/secret"),
                ]
            ], name: "guard")
        let other = try policy(["Statement": statement("Allow", "iot:Connect", "*")], name: "other")
        let authorizer = Authorizer(policies: [fleet, guardian, other], context: caller())
        let allowed = authorizer.decision(.publish, "a")
        #expect(
            allowed.description == "allowed (action: iot:Publish, resource: \(arnPrefix)topic/a, "
                + "policy: fleet, statement: Statement[1])")
        #expect(allowed.allowingPolicies == ["fleet"])
        #expect(allowed.silentPolicies == ["guard", "other"])
        let denied = authorizer.decision(.publish, "secret")
        #expect(denied.code == "explicitDeny")
        #expect(denied.decidedBy?.policyName == "guard")
        #expect(denied.decidedBy?.versionID == "1")
        #expect(denied.decidedBy?.label == "NoSecrets")
        #expect(denied.allowingPolicies == ["fleet"])
        #expect(denied.denyingPolicies == ["guard"])
        #expect(denied.silentPolicies == ["other"])
        #expect(denied.nearestMiss == nil)
    }

    @Test("An implicit deny names the nearest resource with its variables replaced")
    func nearestResource() throws {
        let authorizer = try authorizer(
            caller(), statement("Allow", "iot:Subscribe", "*"),
            statement(
                "Allow", "iot:Publish",
                [.string(arnPrefix + "topic/x/*"), .string(arnPrefix + "topic/a/${iot:ClientId}/*")]))
        let decision = authorizer.decision(.publish, "a/pump8/t")
        #expect(
            decision.evidence == [
                Evidence("action", "iot:Publish"), Evidence("resource", arnPrefix + "topic/a/pump8/t"),
                Evidence("nearestPolicy", "fleet"), Evidence("nearestStatement", "Statement[1]"),
                Evidence("nearestResource", "\(arnPrefix)topic/a/pump7/* does not match \(arnPrefix)topic/a/pump8/t"),
            ])
    }

    @Test("A failed condition is nearer than a failed resource, and says what was expected")
    func nearestCondition() throws {
        let authorizer = try authorizer(
            caller(), statement("Allow", "iot:Publish", .string(arnPrefix + "topic/a")),
            statement(
                "Allow", "iot:Publish", "*",
                ["Bool": ["iot:Connection.Thing.IsAttached": "true"], "StringEquals": ["x:y": ["1", "2"]]]))
        let miss = authorizer.decision(.publish, "b").nearestMiss
        #expect(miss?.element == .condition)
        #expect(
            miss?.difference == "Bool iot:Connection.Thing.IsAttached: true expected, was false; "
                + "StringEquals x:y: 1 or 2 expected, was missing")
        #expect(authorizer.decision(.publish, "b").missingContextValues == ["x:y"])
    }

    @Test("Where only the action differs, the statement whose resource fits is named")
    func nearestAction() throws {
        let authorizer = try authorizer(
            caller(), statement("Allow", "iot:Connect", .string(arnPrefix + "client/x")),
            statement("Allow", ["iot:Publish", "iot:Subscribe"], "*"))
        let miss = authorizer.decision(.receive, "b").nearestMiss
        #expect(miss?.statement.label == "Statement[1]")
        #expect(miss?.element == .action)
        #expect(miss?.difference == "iot:Publish, iot:Subscribe does not match iot:Receive")
    }

    @Test("Variables without value are named")
    func namesUnresolved() throws {
        let authorizer = try authorizer(
            caller(),
            statement("Allow", "iot:Connect", .string(arnPrefix + "client/${iot:Connection.Thing.ThingName}")))
        let decision = authorizer.decideConnect(clientID: "pump7", persistent: false, lastWillTopic: nil, now: noon)
        #expect(decision.unresolvedVariables == ["iot:Connection.Thing.ThingName"])
        #expect(decision.missingContextValues == ["iot:Connection.Thing.ThingName"])
        #expect(
            decision.nearestMiss?.difference
                == "\(arnPrefix)client/${iot:Connection.Thing.ThingName} has no value for iot:Connection.Thing.ThingName"
        )
        #expect(decision.evidence.last == Evidence("unresolvedVariables", "iot:Connection.Thing.ThingName"))
    }

    @Test("Without policies, or without an Allow, the decision says so")
    func nothingAllows() throws {
        let none = Authorizer(policies: [], context: caller()).decision(.publish, "a")
        #expect(none.evidence.last == Evidence("policies", "none apply"))
        let denyOnly = try authorizer(caller(), statement("Deny", "iot:Connect", "*")).decision(.publish, "a")
        #expect(denyOnly.outcome == .implicitDeny)
        #expect(denyOnly.evidence.last == Evidence("policies", "none has an Allow"))
    }

    @Test("Any action can be decided by name and ARN")
    func decidesByName() throws {
        let authorizer = try authorizer(
            caller(),
            statement(
                "Allow", "iot:Create*", .string(arnPrefix + "thing/a*"), ["StringEquals": ["aws:RequestTag/k": "v"]]))
        func decide(_ name: String, _ resource: String, _ extra: [String: [String]]) -> PolicyDecision.Outcome {
            authorizer.decide(actionName: name, resource: resource, extra: extra, now: noon).outcome
        }
        #expect(decide("iot:CreateThing", arnPrefix + "thing/abc", ["aws:requesttag/K": ["v"]]) == .allowed)
        #expect(decide("iot:CreateThing", arnPrefix + "thing/abc", [:]) == .implicitDeny)
        #expect(decide("iot:CreateThing", arnPrefix + "thing/b", ["aws:RequestTag/k": ["v"]]) == .implicitDeny)
        #expect(decide("iot:DeleteThing", arnPrefix + "thing/abc", ["aws:RequestTag/k": ["v"]]) == .implicitDeny)
        #expect(decide("iot:CreateThing", "*", ["aws:RequestTag/k": ["v"]]) == .implicitDeny)
    }
}
