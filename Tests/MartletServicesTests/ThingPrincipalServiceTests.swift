import MartletBase
import MartletServices
import Testing

@Suite("Principals of things")
struct ThingPrincipalServiceTests {
    private func detach(_ principal: String, from thing: String, _ services: ServicesUnderTest) async -> Answer {
        await services.send(
            "DELETE", "/things/\(thing)/principals", headers: [(name: "x-amzn-principal", value: principal)])
    }

    @Test("Attached, listed from both ends in both versions, detached")
    func life() async throws {
        try await withServices { services in
            let arn = try await services.certificate()
            let principal = [(name: "x-amzn-principal", value: arn)]
            try await services.thing("a")
            try await services.thing("b")
            for thing in ["b", "a", "a"] { #expect(await services.attach(arn, to: thing).json == [:]) }

            #expect(await services.send("GET", "/things/a/principals").json == ["principals": [.string(arn)]])
            let object: JSONValue = ["principal": .string(arn), "thingPrincipalType": "NON_EXCLUSIVE_THING"]
            #expect(await services.send("GET", "/things/a/principals-v2").json == ["thingPrincipalObjects": [object]])
            #expect(
                await services.send("GET", "/things/a/principals-v2?thingPrincipalType=EXCLUSIVE_THING").json
                    == ["thingPrincipalObjects": []])
            #expect(await services.send("GET", "/principals/things", headers: principal).json == ["things": ["a", "b"]])
            #expect(
                await services.send("GET", "/principals/things-v2", headers: principal).json
                    == [
                        "principalThingObjects": [
                            ["thingName": "a", "thingPrincipalType": "NON_EXCLUSIVE_THING"],
                            ["thingName": "b", "thingPrincipalType": "NON_EXCLUSIVE_THING"],
                        ]
                    ])
            let pages = try await services.pages("/principals/things?maxResults=1", "things", headers: principal)
            #expect(pages == [["a"], ["b"]])

            #expect(await detach(arn, from: "a", services).outcome == "200")
            #expect(await services.send("GET", "/things/a/principals")["principals"] == [])
            #expect(await services.send("GET", "/principals/things", headers: principal)["things"] == ["b"])
            let again = await detach(arn, from: "a", services)
            #expect(again.outcome == "404 ResourceNotFoundException")
            #expect(again.message.contains("not attached to thing 'a'"))
            #expect(await services.send("DELETE", "/things/a").outcome == "200")
        }
    }

    @Test("An exclusive principal has one thing only, also when two are asked for at once")
    func exclusive() async throws {
        try await withServices { services in
            let arn = try await services.certificate()
            for thing in ["a", "b"] { try await services.thing(thing) }
            async let first = services.attach(arn, to: "a", type: "EXCLUSIVE_THING").outcome
            async let second = services.attach(arn, to: "b", type: "EXCLUSIVE_THING").outcome
            #expect(await [first, second].sorted() == ["200", "400 InvalidRequestException"])
            let things = await services.send(
                "GET", "/principals/things", headers: [(name: "x-amzn-principal", value: arn)])["things"]?.arrayValue
            let owner = try #require(things?.first?.stringValue)
            #expect(things?.count == 1)
            let other = owner == "a" ? "b" : "a"
            #expect(await services.attach(arn, to: owner, type: "EXCLUSIVE_THING").outcome == "200")
            let refused = await services.attach(arn, to: other)
            #expect(refused.outcome == "400 InvalidRequestException")
            #expect(refused.message.contains("EXCLUSIVE_THING") && refused.message.contains("'\(owner)'"))
            #expect(await services.attach(arn, to: owner).outcome == "400 InvalidRequestException")
            #expect(await detach(arn, from: owner, services).outcome == "200")
            #expect(await services.attach(arn, to: other).outcome == "200")
        }
    }

    @Test("What is not there is not found, what is no certificate is refused")
    func refusals() async throws {
        try await withServices { services in
            let arn = try await services.certificate()
            try await services.thing("a")
            #expect(await services.attach(arn, to: "none").outcome == "404 ResourceNotFoundException")
            let unknown = services.arn("cert/" + String(repeating: "0", count: 64))
            #expect(await services.attach(unknown, to: "a").outcome == "404 ResourceNotFoundException")
            #expect(await services.attach("nonsense", to: "a").outcome == "400 InvalidRequestException")
            #expect(await services.attach(services.arn("thinggroup/g"), to: "a").outcome == "400 InvalidRequestException")
            #expect(await services.attach(arn, to: "a", type: "SOME_THING").outcome == "400 InvalidRequestException")
            #expect(await services.send("PUT", "/things/a/principals").outcome == "400 InvalidRequestException")
            #expect(await services.send("GET", "/things/none/principals").status == 404)
            #expect(
                await services.send("GET", "/principals/things", headers: [(name: "x-amzn-principal", value: unknown)])
                    .outcome == "404 ResourceNotFoundException")
            #expect(await detach(arn, from: "none", services).outcome == "404 ResourceNotFoundException")
        }
    }
}
