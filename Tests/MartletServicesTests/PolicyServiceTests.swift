import MartletBase
import MartletServices
import Testing

@Suite("Policies")
struct PolicyServiceTests {
    @Test("A policy comes back byte for byte with version 1 as its default")
    func life() async throws {
        try await withServices { services in
            let document = "{ " + ServicesUnderTest.policy.dropFirst().replacing(",", with: ",\n ") + "\n"
            let created = await services.send("POST", "/policies/fleet", ["policyDocument": .string(document)])
            #expect(
                created.json == [
                    "policyName": "fleet", "policyArn": .string(services.arn("policy/fleet")),
                    "policyDocument": .string(document), "policyVersionId": "1",
                ])
            let got = await services.send("GET", "/policies/fleet")
            #expect(
                got.names.sorted() == [
                    "creationDate", "defaultVersionId", "generationId", "lastModifiedDate", "policyArn",
                    "policyDocument", "policyName",
                ])
            #expect(got.text("policyDocument") == document)
            #expect(got["defaultVersionId"] == "1")
            #expect(await services.send("DELETE", "/policies/fleet").json == [:])
            #expect(await services.send("GET", "/policies/fleet").outcome == "404 ResourceNotFoundException")
        }
    }

    @Test("A policy's name is taken once, whatever the document")
    func taken() async throws {
        try await withServices { services in
            try await services.policy("fleet")
            let again = await services.send(
                "POST", "/policies/fleet", ["policyDocument": .string(ServicesUnderTest.policy)])
            #expect(again.outcome == "409 ResourceAlreadyExistsException")
            #expect(again.text("resourceArn") == services.arn("policy/fleet"))
            #expect(again.text("resourceId") == "fleet")
        }
    }

    @Test(
        "A document that is none is malformed",
        arguments: [
            "", "{", "[]", #"{"Version":"2012-10-17"}"#,
            #"{"Statement":[{"Effect":"Maybe","Action":"iot:Connect","Resource":"*"}]}"#,
            #"{"Statement":[{"Effect":"Allow","Action":"s3:Get","Resource":"*"}]}"#,
            #"{"Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":""# + String(repeating: "x", count: 2048)
                + #""}]}"#,
        ])
    func malformed(document: String) async throws {
        try await withServices { services in
            let answer = await services.send("POST", "/policies/fleet", ["policyDocument": .string(document)])
            #expect(answer.outcome == "400 MalformedPolicyException")
            #expect(!answer.message.isEmpty)
            try await services.policy("fleet")
            #expect(
                await services.send("POST", "/policies/fleet/version", ["policyDocument": .string(document)]).outcome
                    == "400 MalformedPolicyException")
        }
    }

    @Test("Tags are refused by name until they are built")
    func tags() async throws {
        try await withServices { services in
            let body: JSONValue = [
                "policyDocument": .string(ServicesUnderTest.policy), "tags": [["Key": "team", "Value": "a"]],
            ]
            let answer = await services.send("POST", "/policies/fleet", body)
            #expect(answer.outcome == "400 InvalidRequestException")
            #expect(answer.message.contains("'team'"))
            #expect(await services.send("GET", "/policies/fleet").status == 404)
        }
    }

    @Test("Versions: numbered upward, five at most, the default kept, never reused")
    func versions() async throws {
        try await withServices { services in
            try await services.policy("fleet")
            func add(_ action: String, asDefault: Bool = false) async -> Answer {
                await services.send(
                    "POST", "/policies/fleet/version?setAsDefault=\(asDefault)",
                    ["policyDocument": .string(ServicesUnderTest.policy.replacing("iot:*", with: action))])
            }
            let second = await add("iot:Publish", asDefault: true)
            #expect(
                second.names.sorted() == ["isDefaultVersion", "policyArn", "policyDocument", "policyVersionId"])
            #expect(second["policyVersionId"] == "2")
            #expect(second["isDefaultVersion"] == true)
            #expect(await services.send("GET", "/policies/fleet").text("policyDocument").contains("iot:Publish"))
            for number in 3...5 {
                let added = await add("iot:Connect")
                #expect(added.text("policyVersionId") == String(number))
                #expect(added["isDefaultVersion"] == false)
            }
            #expect(await add("iot:Connect").outcome == "409 VersionsLimitExceededException")
            #expect(
                await services.send("DELETE", "/policies/fleet/version/2").outcome == "409 DeleteConflictException")
            #expect(await services.send("DELETE", "/policies/fleet/version/5").outcome == "200")
            #expect(await add("iot:Connect").text("policyVersionId") == "6")

            let listed = await services.send("GET", "/policies/fleet/version")["policyVersions"]?.arrayValue ?? []
            #expect(listed.map { $0["versionId"]?.stringValue } == ["6", "4", "3", "2", "1"])
            #expect(listed.filter { $0["isDefaultVersion"] == true }.map { $0["versionId"]?.stringValue } == ["2"])
            #expect(listed.allSatisfy { $0["createDate"] != nil })

            #expect(await services.send("PATCH", "/policies/fleet/version/4").outcome == "200")
            let fourth = await services.send("GET", "/policies/fleet/version/4")
            #expect(fourth["isDefaultVersion"] == true)
            #expect(fourth.text("policyDocument").contains("iot:Connect"))
            #expect(
                await services.send("GET", "/policies/fleet/version/2")["isDefaultVersion"] == false)
            #expect(await services.send("GET", "/policies/fleet/version/5").outcome == "404 ResourceNotFoundException")
            #expect(await services.send("PATCH", "/policies/fleet/version/9").status == 404)
            #expect(await services.send("DELETE", "/policies/fleet/version/9").status == 404)
            #expect(await services.send("GET", "/policies/none/version").status == 404)

            let whole = await services.send("DELETE", "/policies/fleet")
            #expect(whole.outcome == "409 DeleteConflictException")
            #expect(whole.message.contains("1, 2, 3, 6"))
        }
    }

    @Test("A policy with targets is not deleted; detached, it is")
    func deleteAttached() async throws {
        try await withServices { services in
            let arn = try await services.certificate()
            try await services.policy("fleet")
            _ = await services.attachPolicy("fleet", to: arn)
            let refused = await services.send("DELETE", "/policies/fleet")
            #expect(refused.outcome == "409 DeleteConflictException")
            #expect(refused.message.contains("fleet"))
            _ = await services.send("POST", "/target-policies/fleet", ["target": .string(arn)])
            #expect(await services.send("DELETE", "/policies/fleet").outcome == "200")
            #expect(await services.send("DELETE", "/policies/fleet").outcome == "404 ResourceNotFoundException")
        }
    }

    @Test("Attaching is idempotent, and so is detaching; both ends list it")
    func attach() async throws {
        try await withServices { services in
            let arn = try await services.certificate()
            try await services.policy("fleet")
            for _ in 0..<2 { #expect(await services.attachPolicy("fleet", to: arn).json == [:]) }
            let target = PercentEncoding.encode(arn)
            let attached = await services.send("POST", "/attached-policies/\(target)?pageSize=250", [:])
            #expect(
                attached.json == [
                    "policies": [["policyName": "fleet", "policyArn": .string(services.arn("policy/fleet"))]]
                ])
            #expect(
                await services.send("POST", "/policy-targets/fleet", [:]).json == ["targets": [.string(arn)]])
            for _ in 0..<2 {
                #expect(
                    await services.send("POST", "/target-policies/fleet", ["target": .string(arn)]).outcome == "200")
            }
            #expect(await services.send("POST", "/attached-policies/\(target)", [:]).json == ["policies": []])
            #expect(await services.send("POST", "/policy-targets/fleet", [:]).json == ["targets": []])
        }
    }

    @Test("What cannot be attached says why")
    func attachRefused() async throws {
        try await withServices { services in
            let arn = try await services.certificate()
            try await services.policy("fleet")
            #expect(await services.attachPolicy("none", to: arn).outcome == "404 ResourceNotFoundException")
            let unknown = services.arn("cert/" + String(repeating: "0", count: 64))
            #expect(await services.attachPolicy("fleet", to: unknown).outcome == "404 ResourceNotFoundException")
            #expect(
                await services.attachPolicy("fleet", to: services.arn("thinggroup/g")).message
                    == "Thing group 'g' does not exist")
            #expect(
                await services.send(
                    "POST", "/target-policies/fleet", ["target": .string(services.arn("thinggroup/g"))]
                ).outcome == "200")
            for (target, reason) in [
                ("nonsense", "ARN of a certificate"), (services.arn("thing/a"), "'thing'"),
                (arn.replacing("210987654321", with: "000000000000"), "000000000000"),
                ("eu-west-1:01234567-89ab-cdef-0123-456789abcdef", "Cognito"),
            ] {
                let answer = await services.attachPolicy("fleet", to: target)
                #expect(answer.outcome == "400 InvalidRequestException")
                #expect(answer.message.contains(reason) && answer.message.hasPrefix("target '\(target)'"))
            }
            #expect(
                await services.send("POST", "/attached-policies/\(PercentEncoding.encode(unknown))", [:]).status == 404)
            #expect(await services.send("POST", "/policy-targets/none", [:]).status == 404)
        }
    }

    @Test("The eleventh policy of a certificate is refused, also when all come at once")
    func limit() async throws {
        try await withServices { services in
            let arn = try await services.certificate()
            for number in 0..<12 { try await services.policy("p\(number)") }
            let outcomes = await withTaskGroup(of: String.self) { group in
                for number in 0..<12 {
                    group.addTask { await services.attachPolicy("p\(number)", to: arn).outcome }
                }
                return await group.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(outcomes == ["200": 10, "410 LimitExceededException": 2])
            let names = try await services.pages(
                "/attached-policies/\(PercentEncoding.encode(arn))?pageSize=3", "policies", method: "POST",
                token: "marker", answerToken: "nextMarker")
            #expect(names.map(\.count) == [3, 3, 3, 1])
        }
    }

    @Test("The deprecated calls do the same with headers")
    func legacy() async throws {
        try await withServices { services in
            let arn = try await services.certificate()
            let principal = [(name: "x-amzn-iot-principal", value: arn)]
            for name in ["b", "a"] {
                services.pass(seconds: 1)
                try await services.policy(name)
                #expect(await services.send("PUT", "/principal-policies/\(name)", headers: principal).outcome == "200")
            }
            func names(_ query: String) async throws -> [String?] {
                try await services.pages(
                    "/principal-policies?pageSize=1\(query)", "policies", token: "marker", answerToken: "nextMarker",
                    headers: principal
                ).flatMap { $0 }.map { $0["policyName"]?.stringValue }
            }
            #expect(try await names("") == ["a", "b"])
            #expect(try await names("&isAscendingOrder=true") == ["b", "a"])
            let policy = [(name: "x-amzn-iot-policy", value: "a")]
            #expect(
                await services.send("GET", "/policy-principals", headers: policy).json == ["principals": [.string(arn)]])
            #expect(
                await services.send("GET", "/policy-principals?isAscendingOrder=true", headers: policy).outcome
                    == "400 InvalidRequestException")
            #expect(await services.send("DELETE", "/principal-policies/a", headers: principal).outcome == "200")
            #expect(await services.send("DELETE", "/principal-policies/none", headers: principal).status == 404)
            #expect(try await names("") == ["b"])
        }
    }

    @Test("Policies are listed by name, and in the order of creation when that is asked for")
    func list() async throws {
        try await withServices { services in
            for name in ["c", "a", "b"] {
                services.pass(seconds: 1)
                try await services.policy(name)
            }
            func names(_ query: String) async throws -> [String?] {
                try await services.pages(
                    "/policies?pageSize=1\(query)", "policies", token: "marker", answerToken: "nextMarker"
                ).flatMap { $0 }.map { $0["policyName"]?.stringValue }
            }
            #expect(try await names("") == ["a", "b", "c"])
            #expect(try await names("&isAscendingOrder=true") == ["c", "a", "b"])
        }
    }
}
