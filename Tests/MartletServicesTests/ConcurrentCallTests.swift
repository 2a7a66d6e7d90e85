import MartletBase
import MartletServices
import Testing

@Suite("Calls that meet at the worst moment")
struct ConcurrentCallTests {
    /// Runs `late` whole just before a commit of `early`, and gives the outcomes of both.
    private func interrupt(
        commit number: Int = 1, _ services: ServicesUnderTest, _ interruption: InterruptedStore.Interruption,
        early: @Sendable () async -> Answer, by late: @escaping @Sendable () async -> Answer
    ) async -> [String] {
        let outcomes = Outcomes()
        interruption.before(commit: number) { await outcomes.add(await late().outcome) }
        await outcomes.add(await early().outcome)
        #expect(!interruption.isPending)
        return await outcomes.all
    }

    private actor Outcomes {
        var all: [String] = []
        func add(_ outcome: String) { all.append(outcome) }
    }

    private func withInterruption(
        _ body: @Sendable (ServicesUnderTest, InterruptedStore.Interruption) async throws -> Void
    ) async throws {
        let interruption = InterruptedStore.Interruption()
        try await withServices(wrapping: { InterruptedStore(store: $0, interruption: interruption) }) { services in
            try await body(services, interruption)
        }
    }

    @Test("A policy that is attached while it is being deleted stays", arguments: [1, 2])
    func deletePolicy(commit: Int) async throws {
        try await withInterruption { services, interruption in
            let arn = try await services.certificate()
            try await services.policy("fleet")
            let outcomes = await interrupt(
                commit: commit, services, interruption,
                early: { await services.send("DELETE", "/policies/fleet") },
                by: { await services.attachPolicy("fleet", to: arn) })
            #expect(outcomes == ["200", "409 DeleteConflictException"])
            #expect(await services.send("GET", "/policies/fleet").status == 200)
            _ = await services.send("POST", "/target-policies/fleet", ["target": .string(arn)])
            #expect(await services.send("DELETE", "/policies/fleet").status == 200)
        }
    }

    @Test("A policy that is deleted while it is being attached is not found")
    func attachPolicy() async throws {
        try await withInterruption { services, interruption in
            let arn = try await services.certificate()
            try await services.policy("fleet")
            let outcomes = await interrupt(
                services, interruption, early: { await services.attachPolicy("fleet", to: arn) },
                by: { await services.send("DELETE", "/policies/fleet") })
            #expect(outcomes == ["200", "404 ResourceNotFoundException"])
            #expect(
                await services.send("POST", "/attached-policies/\(PercentEncoding.encode(arn))", [:])["policies"] == [])
        }
    }

    @Test("A certificate that gets a policy or a thing while it is being deleted stays")
    func deleteCertificate() async throws {
        try await withInterruption { services, interruption in
            try await services.policy("fleet")
            try await services.thing("pump7")
            for byThing in [true, false] {
                let arn = try await services.certificate(active: false)
                let outcomes = await interrupt(
                    services, interruption,
                    early: { await services.send("DELETE", "/certificates/\(services.certificateID(arn))") },
                    by: {
                        if byThing { return await services.attach(arn, to: "pump7") }
                        return await services.attachPolicy("fleet", to: arn)
                    })
                #expect(outcomes == ["200", "409 DeleteConflictException"])
            }
        }
    }

    @Test("A thing that gets a principal while it is being deleted stays; one that is gone gets none")
    func deleteThing() async throws {
        try await withInterruption { services, interruption in
            let arn = try await services.certificate()
            try await services.thing("pump7")
            let kept = await interrupt(
                services, interruption, early: { await services.send("DELETE", "/things/pump7") },
                by: { await services.attach(arn, to: "pump7") })
            #expect(kept == ["200", "400 InvalidRequestException"])
            try await services.thing("pump8")
            let gone = await interrupt(
                services, interruption, early: { await services.attach(arn, to: "pump8") },
                by: { await services.send("DELETE", "/things/pump8") })
            #expect(gone == ["200", "404 ResourceNotFoundException"])
        }
    }

    @Test("Two exclusive attachments of one certificate: the second to commit is refused")
    func exclusive() async throws {
        try await withInterruption { services, interruption in
            let arn = try await services.certificate()
            for thing in ["a", "b"] { try await services.thing(thing) }
            let outcomes = await interrupt(
                services, interruption, early: { await services.attach(arn, to: "a", type: "EXCLUSIVE_THING") },
                by: { await services.attach(arn, to: "b", type: "EXCLUSIVE_THING") })
            #expect(outcomes == ["200", "400 InvalidRequestException"])
        }
    }

    @Test("Two updates of one thing are both done, and an expected version holds against the other")
    func updateThing() async throws {
        try await withInterruption { services, interruption in
            try await services.thing("a")
            let update: @Sendable (JSONObject) async -> Answer = { attributes in
                await services.send(
                    "PATCH", "/things/a", ["attributePayload": ["attributes": .object(attributes), "merge": true]])
            }
            #expect(
                await interrupt(services, interruption, early: { await update(["x": "1"]) }, by: { await update(["y": "2"]) })
                    == ["200", "200"])
            #expect(await services.send("GET", "/things/a")["attributes"] == ["x": "1", "y": "2"])
            #expect(await services.send("GET", "/things/a")["version"] == 3)
            let outcomes = await interrupt(
                services, interruption, early: { await services.send("PATCH", "/things/a", ["expectedVersion": 3]) },
                by: { await update(["z": "3"]) })
            #expect(outcomes == ["200", "409 VersionConflictException"])
        }
    }
}
