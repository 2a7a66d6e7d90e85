import AWSModel
import Logging
import MartletBase
import MartletServices
import MartletStore
import Testing

@Suite("The way of an API call")
struct DispatcherTests {
    @Test("An operation that is not built is named with 501")
    func notBuilt() async throws {
        try await withServices { services in
            let answer = await services.send(
                "PUT", "/jobs/j1", ["targets": ["arn"], "documentSource": "x"])
            #expect(answer.outcome == "501 NotImplementedException")
            #expect(answer.message.contains("CreateJob is not built yet"))
            #expect(answer.names == ["message"])
            #expect(answer.requestID?.isEmpty == false)
            #expect(
                await services.send("POST", "/connections/c/messages?topic=t", service: .iotData).outcome
                    == "501 NotImplementedException")
            let tunnel = await services.send(
                "POST", "/", [:], headers: [(name: "x-amz-target", value: "IoTSecuredTunneling.OpenTunnel")],
                service: .secureTunneling)
            #expect(tunnel.status == 501)
            #expect(tunnel.text("__type") == "NotImplementedException")
        }
    }

    @Test("The same path goes to the operation of the service that was signed for")
    func scopeBeforePath() async throws {
        try await withServices { services in
            #expect(await services.send("GET", "/things/a/jobs").message.hasPrefix("ListJobExecutionsForThing "))
            #expect(
                await services.send("GET", "/things/a/jobs", service: .iotJobsData).message
                    .hasPrefix("GetPendingJobExecutions "))
        }
    }

    @Test("An unknown route is 404")
    func unknownRoute() async throws {
        try await withServices { services in
            for (method, path) in [("GET", "/nowhere"), ("DELETE", "/things"), ("GET", "/"), ("PUT", "/things/a/b/c")] {
                let answer = await services.send(method, path)
                #expect(answer.outcome == "404 UnknownOperationException")
                #expect(answer.message.contains(path))
            }
        }
    }

    @Test("A body that is no JSON object is the caller's fault")
    func badBody() async throws {
        try await withServices { services in
            for body in ["{", "[]", "\"x\"", "{\"attributePayload\":7}"] {
                let request = RawRequest(method: "POST", uri: "/things/a", body: Array(body.utf8))
                let call = CallContext(
                    realm: services.realm, caller: .anonymous, requestID: "r", now: services.now)
                let answer = Answer(await services.dispatcher.handle(service: .iot, request: request, call: call))
                #expect(answer.outcome == "400 InvalidRequestException")
                #expect(answer.requestID == "r")
            }
        }
    }

    @Test("A fault of the server is 500 with the request id, its cause in the log only")
    func internalFailure() async throws {
        struct Surprise: Error {}
        let logged = LogRecorder()
        var table = OperationTable()
        table.on(IoT.DescribeEndpoint.self) { _, _ in throw Surprise() }
        let dispatcher = Dispatcher(table: table, logger: logged.logger)
        let call = CallContext(
            realm: Realm(region: "r", account: .zero), caller: .anonymous, requestID: "id-9",
            now: WallInstant(millisecondsSinceEpoch: 0))
        let answer = Answer(
            await dispatcher.handle(
                service: .iot, request: RawRequest(method: "GET", uri: "/endpoint"), call: call))
        #expect(answer.outcome == "500 InternalFailureException")
        #expect(answer.message.contains("id-9") && !answer.message.contains("Surprise"))
        #expect(logged.all.count == 1)
        #expect(logged.all.first?.contains("requestId=id-9") == true && logged.all.first?.contains("Surprise") == true)
    }

    @Test("A call that meets other changes at every attempt ends with an answer that tells to try again")
    func conflicts() async throws {
        try await withServices(wrapping: { ConflictingStore(store: $0) }) { services in
            let answer = await services.send("POST", "/things/a", [:])
            #expect(answer.outcome == "503 ServiceUnavailableException")
        }
    }

    @Test("The answer leaves when the change has been applied on this node")
    func barrier() async throws {
        try await withServices { services in
            let arn = try await services.certificate()
            let id = try #require(CertificateID(services.certificateID(arn)))
            let key = KeySpace.certificate(services.realm.account, id)
            _ = try await services.cache.load(key)
            for status in ["INACTIVE", "ACTIVE", "REVOKED"] {
                _ = await services.send("PUT", "/certificates/\(id)?newStatus=\(status)")
                guard case .hit(let document?) = services.cache.cached(key) else {
                    Issue.record("the certificate left the cache")
                    return
                }
                #expect(try JSONParser.parse(document.body)["status"]?.stringValue == status)
            }
        }
    }

    @Test("Every member of a body may be absent when the model says so, and a required one is named")
    func requiredMember() async throws {
        try await withServices { services in
            let answer = await services.send("POST", "/policies/fleet", [:])
            #expect(answer.outcome == "400 InvalidRequestException")
            #expect(answer.message.contains("policyDocument"))
        }
    }

    @Test("An endpoint is a bare host for each type, the same each time; another type is refused")
    func endpoints() async throws {
        try await withServices { services in
            for query in [
                "", "?endpointType=iot%3AData", "?endpointType=iot%3AData-ATS", "?endpointType=iot%3AJobs",
                "?endpointType=iot%3ACredentialProvider",
            ] {
                #expect(await services.send("GET", "/endpoint\(query)").json == ["endpointAddress": "localhost"])
            }
            let unknown = await services.send("GET", "/endpoint?endpointType=iot%3AMail")
            #expect(unknown.outcome == "400 InvalidRequestException")
            #expect(unknown.message.contains("'iot:Mail'"))
        }
        let realm = Realm(region: "eu-martlet-1", account: .zero)
        let names = EndpointNames.suffix("iot.example.test")
        let id = EndpointNames.id(of: realm)
        #expect(id.count == 14 && id == EndpointNames.id(of: realm))
        #expect(id != EndpointNames.id(of: Realm(region: "eu-martlet-2", account: .zero)))
        #expect(names.host(type: "iot:Data-ATS", in: realm) == "\(id)-ats.iot.eu-martlet-1.iot.example.test")
        #expect(names.host(type: "iot:Jobs", in: realm) == "\(id).jobs.iot.eu-martlet-1.iot.example.test")
    }
}
