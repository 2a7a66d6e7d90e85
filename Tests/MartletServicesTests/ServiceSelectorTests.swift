import AWSModel
import MartletBase
import MartletServices
import MartletTesting
import Testing

@Suite("Which service a request is for")
struct ServiceSelectorTests {
    private let realm = Realm(region: "us-east-1", account: .zero)
    private var dev: ServiceSelector { ServiceSelector(profile: .dev, realm: realm) }
    private var production: ServiceSelector { ServiceSelector(profile: .production, realm: realm) }

    private func header(_ service: String, key: String = "martlet", region: String = "us-east-1") -> String {
        "AWS4-HMAC-SHA256 Credential=\(key)/20260101/\(region)/\(service)/aws4_request, "
            + "SignedHeaders=host;x-amz-date, Signature=0123abcd"
    }

    @Test(
        "The signing name chooses the service",
        arguments: [
            ("iot", .iot), ("execute-api", .iot), ("iotdata", .iotData), ("iot-jobs-data", .iotJobsData),
            ("IoTSecuredTunneling", .secureTunneling),
        ] as [(String, Service)])
    func services(name: String, service: Service) throws {
        let selection = try dev.select(authorization: header(name), peer: .none)
        #expect(selection.services == [service])
        #expect(selection.caller == .iam(accessKeyID: "martlet"))
        #expect(selection.realm == realm)
        #expect(selection.foreignRegion == nil)
    }

    @Test("Twelve digits as access key name the account; another region is answered as the server's own")
    func account() throws {
        let selection = try dev.select(
            authorization: header("iot", key: "210987654321", region: "eu-west-1"), peer: .none)
        #expect(selection.realm == Realm(region: "us-east-1", account: AccountID("210987654321")!))
        #expect(selection.foreignRegion == "eu-west-1")
        #expect(try dev.select(authorization: header("iot", key: "21098765432"), peer: .none).realm.account == .zero)
    }

    @Test(
        "A header that is no SigV4 authorisation is an incomplete signature in both profiles",
        arguments: [
            "", "Basic bWFydGxldA==", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/20260101/r/iot/aws4_request",
            "AWS4-HMAC-SHA256 Credential=a/20260101/r/iot, SignedHeaders=host, Signature=0",
            "AWS4-HMAC-SHA256 Credential=/20260101/r/iot/aws4_request, SignedHeaders=host, Signature=0",
            "AWS4-HMAC-SHA256 Credential=a/today/r/iot/aws4_request, SignedHeaders=host, Signature=0",
            "AWS4-HMAC-SHA256 Credential=a/20260101//iot/aws4_request, SignedHeaders=host, Signature=0",
            "AWS4-HMAC-SHA256 Credential=a/20260101/r/iot/aws4_request, SignedHeaders=, Signature=0",
            "AWS4-HMAC-SHA256 Credential=" + String(repeating: "a", count: 129)
                + "/20260101/r/iot/aws4_request, SignedHeaders=host, Signature=0",
        ])
    func incomplete(header: String) {
        for selector in [dev, production] {
            let failure = #expect(throws: ServiceFailure.self) {
                try selector.select(authorization: header, peer: .none)
            }
            #expect(failure?.code == "IncompleteSignatureException" && failure?.status == 403)
        }
    }

    @Test("Clients that put no space after the commas are understood")
    func compactHeader() throws {
        let compact = header("iot").replacing(", ", with: ",")
        #expect(try dev.select(authorization: compact, peer: .none).services == [.iot])
    }

    @Test("Production refuses every signed call with the reason until signatures are verified")
    func productionSigned() {
        let failure = #expect(throws: ServiceFailure.self) {
            try production.select(authorization: header("iot"), peer: .none)
        }
        #expect(failure?.code == "AccessDeniedException" && failure?.status == 403)
        #expect(failure?.message.contains("not verified yet") == true)
    }

    @Test("Another AWS service is named in a 404")
    func otherService() {
        let failure = #expect(throws: ServiceFailure.self) { try dev.select(authorization: header("sts"), peer: .none) }
        #expect(failure?.status == 404 && failure?.message.contains("'sts'") == true)
    }

    @Test("A certificate without a signature is for the data plane of its account")
    func certificate() throws {
        let id = CertificateID(String(repeating: "1", count: 64))!
        for selector in [dev, production] {
            let selection = try selector.select(authorization: nil, peer: .certificate(id, AccountID("210987654321")!))
            #expect(selection.services == [.iotData, .iotJobsData])
            #expect(selection.caller == .certificate(id))
            #expect(selection.realm.account.text == "210987654321")
        }
    }

    @Test("Nothing shown: anonymous on dev's data plane, refused in production")
    func anonymous() throws {
        #expect(try dev.select(authorization: nil, peer: .none).caller == .anonymous)
        #expect(throws: ServiceFailure.missingAuthenticationToken) {
            try production.select(authorization: nil, peer: .none)
        }
    }

    @Test("The two services of an unsigned request share no route")
    func disjointDataPlane() {
        for operation in ShapeTable.of(.iotData).operations {
            let path = operation.uriTemplate.replacing("{", with: "").replacing("}", with: "")
            #expect(Router.route(.iotData, method: operation.method, rawPath: path) != nil)
            #expect(Router.route(.iotJobsData, method: operation.method, rawPath: path) == nil)
        }
    }

    @Test("An unsigned call of the control plane misses its authentication token; one of the data plane is routed")
    func unsigned() async throws {
        try await withServices { services in
            let selection = try dev.select(authorization: nil, peer: .none)
            func send(_ method: String, _ uri: String) async -> Answer {
                Answer(
                    await services.dispatcher.handle(
                        selection, request: RawRequest(method: method, uri: uri), requestID: "r",
                        now: services.now))
            }
            for (method, uri) in [("GET", "/things"), ("POST", "/keys-and-certificate"), ("GET", "/nowhere")] {
                let answer = await send(method, uri)
                #expect(answer.outcome == "403 MissingAuthenticationTokenException")
                #expect(answer.requestID == "r")
            }
            #expect(await send("POST", "/connections/c/messages?topic=t").message.hasPrefix("SendDirectMessage "))
            #expect(await send("GET", "/things/a/shadow").message == "No shadow exists with name: 'a'")
            #expect(await send("GET", "/things/a/jobs").message.hasPrefix("GetPendingJobExecutions "))
            let signed = try dev.select(authorization: header("iot", key: "210987654321"), peer: .none)
            let answer = Answer(
                await services.dispatcher.handle(
                    signed, request: RawRequest(method: "GET", uri: "/endpoint"), requestID: "r",
                    now: services.now))
            #expect(answer.outcome == "200")
        }
    }
}
