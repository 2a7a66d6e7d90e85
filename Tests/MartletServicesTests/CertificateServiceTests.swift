import MartletBase
import MartletServices
import Testing

@Suite("Certificates")
struct CertificateServiceTests {
    @Test("Keys and certificate are made once and the certificate comes back byte for byte")
    func createKeys() async throws {
        try await withServices { services in
            let created = await services.send("POST", "/keys-and-certificate?setAsActive=true")
            #expect(created.outcome == "200")
            #expect(created.names == ["certificateArn", "certificateId", "certificatePem", "keyPair"])
            #expect(created["keyPair"]?.objectValue?.names == ["PublicKey", "PrivateKey"])
            let privateKey = try #require(created["keyPair"]?["PrivateKey"]?.stringValue)
            #expect(privateKey.hasPrefix("-----BEGIN RSA PRIVATE KEY-----"))
            let id = created.text("certificateId")
            #expect(created.text("certificateArn") == services.arn("cert/\(id)"))

            let described = await services.send("GET", "/certificates/\(id)")
            #expect(described.names == ["certificateDescription"])
            let description = try #require(described["certificateDescription"])
            #expect(
                Set(try #require(description.objectValue).names) == [
                    "certificateArn", "certificateId", "status", "certificatePem", "ownedBy", "creationDate",
                    "lastModifiedDate", "customerVersion", "generationId", "validity", "certificateMode",
                ])
            #expect(description["certificatePem"]?.stringValue == created.text("certificatePem"))
            #expect(description["status"] == "ACTIVE")
            #expect(description["customerVersion"] == 1)
            #expect(description["certificateMode"] == "DEFAULT")
            #expect(description["ownedBy"] == "210987654321")
            #expect(description["creationDate"] == 1_767_225_600)
            #expect(description["validity"]?["notAfter"] == 2_524_607_999)
        }
    }

    @Test("One request gives a new, inactive certificate each time")
    func createFromCSR() async throws {
        try await withServices { services in
            let body: JSONValue = ["certificateSigningRequest": .string(ServicesUnderTest.csr)]
            let first = await services.send("POST", "/certificates", body)
            let second = await services.send("POST", "/certificates", body)
            #expect(first.names == ["certificateArn", "certificateId", "certificatePem"])
            #expect(first.text("certificateId") != second.text("certificateId"))
            let described = await services.send("GET", "/certificates/\(first.text("certificateId"))")
            #expect(described["certificateDescription"]?["status"] == "INACTIVE")
            let bad = await services.send("POST", "/certificates", ["certificateSigningRequest": "nonsense"])
            #expect(bad.outcome == "400 InvalidRequestException")
            #expect(bad.message.hasPrefix("certificateSigningRequest: "))
        }
    }

    @Test("Status changes count, repeat harmlessly, and REVOKED is the end")
    func status() async throws {
        try await withServices { services in
            let id = services.certificateID(try await services.certificate())
            func set(_ status: String) async -> String {
                services.pass(seconds: 10)
                return await services.send("PUT", "/certificates/\(id)?newStatus=\(status)").outcome
            }
            func description() async -> JSONValue? {
                await services.send("GET", "/certificates/\(id)")["certificateDescription"]
            }
            #expect(await set("ACTIVE") == "200")
            #expect(await description()?["customerVersion"] == 1)
            #expect(await set("INACTIVE") == "200")
            #expect(await description()?["customerVersion"] == 2)
            #expect(await description()?["lastModifiedDate"] == 1_767_225_620)
            #expect(await description()?["creationDate"] == 1_767_225_600)
            for refused in ["PENDING_TRANSFER", "PENDING_ACTIVATION", "REGISTER_INACTIVE", "SLEEPING"] {
                #expect(await set(refused) == "400 InvalidRequestException")
            }
            #expect(await set("REVOKED") == "200")
            #expect(await set("REVOKED") == "200")
            #expect(await set("ACTIVE") == "406 CertificateStateException")
            #expect(await description()?["status"] == "REVOKED")
        }
    }

    @Test("What blocks a delete, in AWS's order")
    func delete() async throws {
        try await withServices { services in
            let arn = try await services.certificate()
            let id = services.certificateID(arn)
            try await services.thing("pump7")
            try await services.policy("fleet")
            #expect(await services.attach(arn, to: "pump7").outcome == "200")
            #expect(await services.attachPolicy("fleet", to: arn).outcome == "200")

            let active = await services.send("DELETE", "/certificates/\(id)?forceDelete=true")
            #expect(active.outcome == "406 CertificateStateException")
            #expect(active.message.contains(id))
            _ = await services.send("PUT", "/certificates/\(id)?newStatus=INACTIVE")
            let withThing = await services.send("DELETE", "/certificates/\(id)?forceDelete=true")
            #expect(withThing.outcome == "409 DeleteConflictException")
            #expect(withThing.message.contains("thing"))
            _ = await services.send(
                "DELETE", "/things/pump7/principals", headers: [(name: "x-amzn-principal", value: arn)])
            let withPolicy = await services.send("DELETE", "/certificates/\(id)")
            #expect(withPolicy.outcome == "409 DeleteConflictException")
            #expect(withPolicy.message.contains("policies"))
            #expect(await services.send("DELETE", "/certificates/\(id)?forceDelete=true").outcome == "200")

            #expect(await services.send("GET", "/certificates/\(id)").outcome == "404 ResourceNotFoundException")
            #expect(await services.send("GET", "/certificates")["certificates"] == [])
            #expect(await services.send("POST", "/policy-targets/fleet", [:])["targets"] == [])
            #expect(await services.send("DELETE", "/policies/fleet").outcome == "200")
            #expect(await services.send("DELETE", "/certificates/\(id)").outcome == "404 ResourceNotFoundException")
        }
    }

    @Test("Ids are accepted with 0x and capitals, and refused by name when they are none")
    func ids() async throws {
        try await withServices { services in
            let id = services.certificateID(try await services.certificate())
            #expect(await services.send("GET", "/certificates/\(id.uppercased())").status == 200)
            #expect(await services.send("GET", "/certificates/12").outcome == "400 InvalidRequestException")
            #expect(
                await services.send("GET", "/certificates/" + String(repeating: "0", count: 64)).outcome
                    == "404 ResourceNotFoundException")
        }
    }

    @Test("Certificates are listed by creation, newest first or in ascending order, page by page")
    func list() async throws {
        try await withServices { services in
            var made: [String] = []
            for _ in 0..<5 {
                services.pass(seconds: 1)
                made.append(try await services.certificate())
            }
            func listed(_ query: String) async throws -> [[String]] {
                try await services.pages(
                    "/certificates?pageSize=2\(query)", "certificates", token: "marker", answerToken: "nextMarker"
                ).map { $0.compactMap { $0["certificateArn"]?.stringValue } }
            }
            #expect(try await listed("").flatMap { $0 } == made.reversed())
            #expect(try await listed("&isAscendingOrder=true").flatMap { $0 } == made)
            #expect(try await listed("").map(\.count) == [2, 2, 1])
            let entry = try #require(await services.send("GET", "/certificates")["certificates"]?.arrayValue?.first)
            #expect(
                entry.objectValue?.names.sorted()
                    == ["certificateArn", "certificateId", "certificateMode", "creationDate", "status"])
            let marker = PercentEncoding.encode(
                await services.send("GET", "/certificates?pageSize=2").text("nextMarker"))
            #expect(
                await services.send("GET", "/certificates?isAscendingOrder=true&marker=\(marker)").outcome
                    == "400 InvalidRequestException")
        }
    }
}
