import MartletBase
import MartletServices
import Testing

@Suite("Things")
struct ThingServiceTests {
    @Test("A thing is made, described, updated and deleted")
    func life() async throws {
        try await withServices { services in
            let created = await services.send(
                "POST", "/things/pump7", ["attributePayload": ["attributes": ["site": "north"]]])
            #expect(created.outcome == "200")
            #expect(created.names == ["thingName", "thingArn", "thingId"])
            #expect(created.text("thingArn") == "arn:aws:iot:eu-martlet-1:210987654321:thing/pump7")
            #expect(created.requestID?.count == 36)

            let described = await services.send("GET", "/things/pump7")
            #expect(
                described.json == [
                    "defaultClientId": "pump7", "thingName": "pump7", "thingId": .string(created.text("thingId")),
                    "thingArn": .string(created.text("thingArn")), "attributes": ["site": "north"], "version": 1,
                ])

            let updated = await services.send(
                "PATCH", "/things/pump7",
                ["attributePayload": ["attributes": ["line": "4", "site": ""], "merge": true], "expectedVersion": 1])
            #expect(updated.outcome == "200")
            #expect(updated.json == [:])
            let again = await services.send("GET", "/things/pump7")
            #expect(again["attributes"] == ["line": "4"])
            #expect(again["version"] == 2)

            #expect(await services.send("DELETE", "/things/pump7?expectedVersion=2").json == [:])
            let gone = await services.send("GET", "/things/pump7")
            #expect(gone.outcome == "404 ResourceNotFoundException")
            #expect(gone.message == "Thing 'pump7' does not exist")
        }
    }

    @Test("CreateThing repeated: the same configuration gives the same thing, another one is refused with its ARN")
    func idempotency() async throws {
        try await withServices { services in
            let body: JSONValue = ["attributePayload": ["attributes": ["site": "north"]]]
            let first = await services.send("POST", "/things/pump7", body)
            let second = await services.send("POST", "/things/pump7", body)
            #expect(second.outcome == "200")
            #expect(second.json == first.json)
            let other = await services.send("POST", "/things/pump7", [:])
            #expect(other.outcome == "409 ResourceAlreadyExistsException")
            #expect(other.text("resourceId") == "pump7")
            #expect(other.text("resourceArn") == first.text("thingArn"))
        }
    }

    @Test("Types and billing groups that cannot exist are not found, by name")
    func unbuiltMembers() async throws {
        try await withServices { services in
            let typed = await services.send("POST", "/things/a", ["thingTypeName": "pump"])
            #expect(typed.outcome == "404 ResourceNotFoundException")
            #expect(typed.message == "Thing type 'pump' does not exist")
            let billed = await services.send("POST", "/things/a", ["billingGroupName": "plant"])
            #expect(billed.message == "Billing group 'plant' does not exist")
            #expect(await services.send("GET", "/things/a").status == 404)
            try await services.thing("a")
            #expect(await services.send("PATCH", "/things/a", ["thingTypeName": "pump"]).status == 404)
            #expect(
                await services.send("PATCH", "/things/a", ["thingTypeName": "pump", "removeThingType": true]).outcome
                    == "400 InvalidRequestException")
            #expect(await services.send("PATCH", "/things/a", ["removeThingType": true]).outcome == "200")
        }
    }

    @Test("An update without merge replaces all attributes, an empty map clears them, none leaves them")
    func replace() async throws {
        try await withServices { services in
            try await services.thing("a", ["x": "1", "y": "2"])
            _ = await services.send("PATCH", "/things/a", [:])
            #expect(await services.send("GET", "/things/a")["attributes"] == ["x": "1", "y": "2"])
            _ = await services.send("PATCH", "/things/a", ["attributePayload": ["attributes": ["z": "3"]]])
            #expect(await services.send("GET", "/things/a")["attributes"] == ["z": "3"])
            _ = await services.send("PATCH", "/things/a", ["attributePayload": ["attributes": [:]]])
            #expect(await services.send("GET", "/things/a")["attributes"] == [:])
        }
    }

    @Test("Every refusal of a thing has its modelled exception")
    func refusals() async throws {
        try await withServices { services in
            try await services.thing("a")
            let four: JSONValue = ["attributePayload": ["attributes": ["a": "1", "b": "2", "c": "3", "d": "4"]]]
            #expect(await services.send("POST", "/things/b", four).outcome == "400 InvalidRequestException")
            #expect(await services.send("PATCH", "/things/a", four).outcome == "400 InvalidRequestException")
            let conflict = await services.send("PATCH", "/things/a", ["expectedVersion": 4])
            #expect(conflict.outcome == "409 VersionConflictException")
            #expect(conflict.message.contains("4") && conflict.message.contains("'a'"))
            #expect(await services.send("DELETE", "/things/a?expectedVersion=0").outcome == "409 VersionConflictException")
            #expect(await services.send("PATCH", "/things/none", [:]).outcome == "404 ResourceNotFoundException")
            #expect(await services.send("DELETE", "/things/none").outcome == "200")
            #expect(await services.send("POST", "/things/a%20b", [:]).outcome == "400 InvalidRequestException")
            let spaced = await services.send(
                "POST", "/things/b", ["attributePayload": ["attributes": ["a": "no spaces"]]])
            #expect(spaced.outcome == "400 InvalidRequestException")
            let certificate = try await services.certificate()
            #expect(await services.attach(certificate, to: "a").outcome == "200")
            let attached = await services.send("DELETE", "/things/a")
            #expect(attached.outcome == "400 InvalidRequestException")
            #expect(attached.message.contains("principals"))
        }
    }

    @Test("A list is whole and stable while things are added and deleted between its pages")
    func pagination() async throws {
        try await withServices { services in
            for number in 10..<35 { try await services.thing("t\(number)") }
            let pages = try await services.pages("/things?maxResults=10", "things") { page in
                guard page == 1 else { return }
                try await services.thing("a-before")
                try await services.thing("t15-inside-page-one")
                try await services.thing("z-after")
                #expect(await services.send("DELETE", "/things/t12").status == 200)
                #expect(await services.send("DELETE", "/things/t30").status == 200)
            }
            let names = pages.flatMap { $0 }.compactMap { $0["thingName"]?.stringValue }
            #expect(names == (10..<35).filter { $0 != 30 }.map { "t\($0)" } + ["z-after"])
            #expect(pages.map(\.count) == [10, 10, 5])
            let exact = try await services.pages("/things?maxResults=27", "things")
            #expect(exact.map(\.count) == [26])
            let one = try #require(exact[0].last)
            #expect(one["thingArn"]?.stringValue == services.arn("thing/z-after"))
            #expect(one["version"] == 1)
        }
    }

    @Test("A last page that is exactly full has no token")
    func fullLastPage() async throws {
        try await withServices { services in
            for name in ["a", "b", "c", "d"] { try await services.thing(name) }
            #expect(try await services.pages("/things?maxResults=2", "things").map(\.count) == [2, 2])
            #expect(try await services.pages("/things", "things").map(\.count) == [4])
        }
    }

    @Test("Things are listed by attribute, value and start of a value")
    func filters() async throws {
        try await withServices { services in
            try await services.thing("a", ["site": "north", "line": "1"])
            try await services.thing("b", ["site": "north-east"])
            try await services.thing("c", ["line": "2"])
            func names(_ query: String) async throws -> [String] {
                try await services.pages("/things?maxResults=1&\(query)", "things").flatMap { $0 }
                    .compactMap { $0["thingName"]?.stringValue }
            }
            #expect(try await names("attributeName=site") == ["a", "b"])
            #expect(try await names("attributeName=site&attributeValue=north") == ["a"])
            #expect(
                try await names("attributeName=site&attributeValue=north&usePrefixAttributeValue=true") == ["a", "b"])
            #expect(try await names("thingTypeName=pump") == [])
            #expect(
                await services.send("GET", "/things?attributeValue=north").outcome == "400 InvalidRequestException")
        }
    }

    @Test("A filter that few things pass gives short pages with a token, and no thing is lost")
    func sparseFilter() async throws {
        try await withServices(examinedPerPage: 3) { services in
            for number in 10..<21 { try await services.thing("t\(number)", number % 5 == 0 ? ["x": "1"] : [:]) }
            let pages = try await services.pages("/things?attributeName=x", "things")
            #expect(pages.map(\.count) == [1, 1, 0, 1])
            #expect(
                pages.flatMap { $0 }.map { $0["thingName"]?.stringValue } == ["t10", "t15", "t20"])
        }
    }

    @Test("A token of another list, filter or account, and a broken one, are refused by name")
    func tokens() async throws {
        try await withServices { services in
            for name in ["a", "b", "c"] { try await services.thing(name, ["x": "1"]) }
            let token = PercentEncoding.encode(await services.send("GET", "/things?maxResults=1").text("nextToken"))
            #expect(await services.send("GET", "/things?maxResults=2&nextToken=\(token)").status == 200)
            var elsewhere = services
            elsewhere.realm = Realm(region: "eu-martlet-1", account: .zero)
            for answer in [
                await services.send("GET", "/things?attributeName=x&nextToken=\(token)"),
                await services.send("GET", "/policies?marker=\(token)"),
                await services.send("GET", "/things?nextToken=nonsense"),
                await elsewhere.send("GET", "/things?nextToken=\(token)"),
            ] {
                #expect(answer.outcome == "400 InvalidRequestException")
                #expect(answer.message.contains("was not given out by this list"))
            }
            #expect(await services.send("GET", "/things?maxResults=251").outcome == "400 InvalidRequestException")
        }
    }

    @Test("Accounts do not see each other's things")
    func accounts() async throws {
        try await withServices { services in
            try await services.thing("a")
            var elsewhere = services
            elsewhere.realm = Realm(region: "eu-martlet-1", account: .zero)
            #expect(await elsewhere.send("GET", "/things/a").status == 404)
            #expect(await elsewhere.send("GET", "/things")["things"] == [])
        }
    }
}
