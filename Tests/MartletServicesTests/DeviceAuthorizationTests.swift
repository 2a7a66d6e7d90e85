import IoTDomain
import IoTPolicy
import MartletBase
import MartletServices
import MartletStore
import Synchronization
import Testing

@Suite("What decides about a device")
struct DeviceAuthorizationTests {
    private func load(
        _ services: ServicesUnderTest, _ loader: DeviceAuthorizationLoader, _ arn: String, clientID: String?
    ) async throws -> DeviceAuthorization? {
        let id = try #require(CertificateID(services.certificateID(arn)))
        return try await loader.load(services.realm, certificate: id, clientID: clientID)
    }

    @Test("Certificate, default versions and thing are true as soon as the API has answered")
    func load() async throws {
        try await withServices { services in
            let loader = DeviceAuthorizationLoader(cache: services.cache, documents: services.store)
            let arn = try await services.certificate()
            let bare = try #require(try await load(services, loader, arn, clientID: "pump7"))
            #expect(bare.certificateStatus == .active)
            #expect(bare.policies.isEmpty && bare.thing == nil)
            #expect(bare.certificate.certificateID == services.certificateID(arn))
            #expect(bare.certificate.subject["CommonName"] == ["pump7"])
            #expect(bare.certificate.subject["Organization"] == ["Martlet Test"])
            #expect(!bare.certificate.serialNumberHex.isEmpty)

            try await services.policy("b")
            try await services.policy("a")
            for name in ["b", "a"] { _ = await services.attachPolicy(name, to: arn) }
            #expect(try await load(services, loader, arn, clientID: nil)?.policies.map(\.name) == ["a", "b"])

            _ = await services.send(
                "POST", "/policies/a/version?setAsDefault=true", ["policyDocument": .string(ServicesUnderTest.policy)])
            #expect(try await load(services, loader, arn, clientID: nil)?.policies.map(\.versionID) == ["2", "1"])
            _ = await services.send("POST", "/target-policies/b", ["target": .string(arn)])
            #expect(try await load(services, loader, arn, clientID: nil)?.policies.map(\.name) == ["a"])
            _ = await services.send("PUT", "/certificates/\(services.certificateID(arn))?newStatus=REVOKED")
            #expect(try await load(services, loader, arn, clientID: nil)?.certificateStatus == .revoked)
        }
    }

    @Test("What is remembered is bounded, and what was forgotten is made again")
    func boundedMemory() async throws {
        try await withServices { services in
            let loader = DeviceAuthorizationLoader(
                cache: services.cache, documents: services.store,
                limits: .init(compiledPolicies: 1, parsedCertificates: 1))
            let arns = [try await services.certificate(), try await services.certificate()]
            for name in ["a", "b", "c"] {
                try await services.policy(name)
                for arn in arns { _ = await services.attachPolicy(name, to: arn) }
            }
            for _ in 0..<2 {
                for arn in arns {
                    let loaded = try #require(try await load(services, loader, arn, clientID: nil))
                    #expect(loaded.policies.map(\.name) == ["a", "b", "c"])
                    #expect(loaded.certificate.certificateID == services.certificateID(arn))
                }
            }
        }
    }

    @Test("A policy that is deleted and made anew under its name has its new document")
    func recreatedPolicy() async throws {
        try await withServices { services in
            let loader = DeviceAuthorizationLoader(cache: services.cache, documents: services.store)
            let arn = try await services.certificate()
            for action in ["iot:Connect", "iot:Publish"] {
                try await services.policy("p", ServicesUnderTest.policy.replacing("iot:*", with: action))
                _ = await services.attachPolicy("p", to: arn)
                let loaded = try #require(try await load(services, loader, arn, clientID: nil))
                #expect(loaded.policies.map(\.document.statements.first?.actions) == [[action]])
                #expect(loaded.policies.map(\.versionID) == ["1"])
                _ = await services.send("POST", "/target-policies/p", ["target": .string(arn)])
                #expect(await services.send("DELETE", "/policies/p").status == 200)
            }
        }
    }

    @Test("The thing is the one named like the client id, attached or not, unless another is attached exclusively")
    func association() async throws {
        try await withServices { services in
            let loader = DeviceAuthorizationLoader(cache: services.cache, documents: services.store)
            let arn = try await services.certificate()
            try await services.thing("pump7", ["site": "north"])
            try await services.thing("other")
            let unattached = try #require(try await load(services, loader, arn, clientID: "pump7")?.thing)
            #expect(unattached.name == "pump7" && !unattached.isAttached)
            #expect(try await load(services, loader, arn, clientID: "unknown")?.thing == nil)
            #expect(try await load(services, loader, arn, clientID: nil)?.thing == nil)
            #expect(
                try await load(services, loader, arn, clientID: String(repeating: "x", count: 60_000))?.thing == nil)

            _ = await services.attach(arn, to: "pump7")
            let attached = try #require(try await load(services, loader, arn, clientID: "pump7")?.thing)
            #expect(attached.isAttached && attached.attributes == ["site": "north"])
            _ = await services.send("PATCH", "/things/pump7", ["attributePayload": ["attributes": ["site": "south"]]])
            #expect(try await load(services, loader, arn, clientID: "pump7")?.thing?.attributes == ["site": "south"])

            _ = await services.send(
                "DELETE", "/things/pump7/principals", headers: [(name: "x-amzn-principal", value: arn)])
            #expect(try await load(services, loader, arn, clientID: "pump7")?.thing?.isAttached == false)
            _ = await services.attach(arn, to: "other", type: "EXCLUSIVE_THING")
            for clientID in ["pump7", "unknown", nil] {
                let thing = try await load(services, loader, arn, clientID: clientID)?.thing
                #expect(thing?.name == "other" && thing?.isAttached == true)
            }
        }
    }

    @Test("A certificate leads to its account before the account is known")
    func owner() async throws {
        try await withServices { services in
            let loader = DeviceAuthorizationLoader(cache: services.cache, documents: services.store)
            let arn = try await services.certificate(active: false)
            let id = try #require(CertificateID(services.certificateID(arn)))
            let owner = try #require(try await loader.owner(of: id))
            #expect(owner.account == services.realm.account && owner.status == .inactive)
            #expect(owner.isValid(at: services.now))
            #expect(!owner.isValid(at: owner.notAfter.advanced(bySeconds: 1)))
            #expect(try await loader.owner(of: id, in: .zero) == nil)
            let realm = Realm(region: services.realm.region, account: .zero)
            #expect(try await loader.load(realm, certificate: id, clientID: nil) == nil)
            _ = await services.send("DELETE", "/certificates/\(id)")
            #expect(try await loader.owner(of: id) == nil)
        }
    }

    @Test("A policy in the store that cannot be read refuses the device instead of losing a Deny")
    func unreadablePolicy() async throws {
        try await withServices { services in
            let loader = DeviceAuthorizationLoader(cache: services.cache, documents: services.store)
            let arn = try await services.certificate()
            try await services.policy("p")
            _ = await services.attachPolicy("p", to: arn)
            let key = KeySpace.policyVersion(services.realm.account, "p", 1)
            let stored = try #require(try await services.store.get(key))
            var record = try #require(try JSONParser.parse(stored.body).objectValue)
            record["document"] = "{"
            _ = try await services.store.commit([.put(key, JSONWriter.bytes(.object(record)))])
            await #expect(throws: PolicyParseError.self) { try await load(services, loader, arn, clientID: nil) }
        }
    }

    @Test("Each change names the certificates and things that it touches")
    func affected() async throws {
        try await withServices { services in
            let arns = [try await services.certificate(), try await services.certificate()]
            let ids = Set(arns.compactMap { CertificateID(services.certificateID($0)) })
            let first = try #require(CertificateID(services.certificateID(arns[0])))
            try await services.thing("pump7")
            try await services.policy("fleet")

            func touched(by call: () async -> Answer) async throws -> [AffectedPrincipals] {
                let before = try await services.store.currentPosition()
                #expect(await call().status == 200)
                let after = try await services.store.currentPosition()
                var touched: [AffectedPrincipals] = []
                for try await change in services.store.changes(prefix: .empty, since: before) {
                    if let affected = try await AffectedPrincipals.of(change, in: services.store) {
                        touched.append(affected)
                    }
                    if change.position >= after { break }
                }
                return touched
            }
            func union(_ affected: [AffectedPrincipals]) -> AffectedPrincipals {
                affected.reduce(into: AffectedPrincipals(account: services.realm.account)) { all, one in
                    all.certificates.formUnion(one.certificates)
                    all.things.formUnion(one.things)
                }
            }
            let account = services.realm.account
            for arn in arns {
                let one = try #require(CertificateID(services.certificateID(arn)))
                #expect(
                    try await touched { await services.attachPolicy("fleet", to: arn) }
                        == [AffectedPrincipals(account: account, certificates: [one])])
            }
            #expect(
                try await touched {
                    await services.send(
                        "POST", "/policies/fleet/version?setAsDefault=true",
                        ["policyDocument": .string(ServicesUnderTest.policy)])
                } == [AffectedPrincipals(account: account, certificates: ids, policy: "fleet")])
            #expect(
                try await touched { await services.send("PUT", "/certificates/\(first)?newStatus=INACTIVE") }
                    == [AffectedPrincipals(account: account, certificates: [first])])
            let attached = union(try await touched { await services.attach(arns[0], to: "pump7") })
            #expect(attached == AffectedPrincipals(account: account, certificates: [first], things: ["pump7"]))
            #expect(
                try await touched { await services.send("PATCH", "/things/pump7", [:]) }
                    == [AffectedPrincipals(account: account, certificates: [first], things: ["pump7"])])
            let detached = union(
                try await touched {
                    await services.send(
                        "DELETE", "/things/pump7/principals", headers: [(name: "x-amzn-principal", value: arns[0])])
                })
            #expect(detached == AffectedPrincipals(account: account, certificates: [first], things: ["pump7"]))
            #expect(
                try await touched {
                    await services.send("POST", "/target-policies/fleet", ["target": .string(arns[0])])
                } == [AffectedPrincipals(account: account, certificates: [first])])
            #expect(
                union(try await touched { await services.send("DELETE", "/things/pump7") }).things == ["pump7"])
        }
    }
}
