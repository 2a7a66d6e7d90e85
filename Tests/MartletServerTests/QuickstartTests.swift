import Glibc
import MartletBase
import MartletServer
import MartletTesting
import Synchronization
import Testing

@Suite struct QuickstartTests {
    /// Runs `quickstart pump` in a fresh directory against stand-ins; gives the lines that it said and the failure.
    private func run(
        api: FakeAPI, device: FakeDevice, name: String = "pump", inspect: (String) throws -> Void = { _ in }
    ) async throws -> (lines: [String], failure: ServerFailure?) {
        let lines = Mutex<[String]>([])
        let failure: ServerFailure? = try await withTemporaryDirectory { directory in
            try SmallFile.create(directory + "/ca.pem", Array("CA".utf8))
            try RunFile.write(ReadyReportTests.report(pid: Int(getpid()), directory: directory), in: directory)
            let location = try ServerLocation.find(sources("--data-dir \(directory)"))
            var failure: ServerFailure?
            do throws(ServerFailure) {
                let quickstart = try Quickstart(
                    name: name, location: location, api: api, device: device, clock: VirtualClock()
                ) { line in lines.withLock { $0.append(line) } }
                try await quickstart.run(in: directory)
            } catch {
                failure = error
            }
            try inspect(directory)
            return failure
        }
        return (lines.withLock { $0 }, failure)
    }

    @Test("it makes thing, certificate, policy and folder, attaches them, and runs the device")
    func wholeRun() async throws {
        let (api, device) = (FakeAPI(), FakeDevice())
        let (lines, failure) = try await run(api: api, device: device) { (directory: String) throws in
            func text(_ name: String) throws -> String {
                String(decoding: try SmallFile.read("\(directory)/pump/\(name)", bytesMax: 4_096), as: UTF8.self)
            }
            #expect(try text("certificate.pem") == "CERT")
            #expect(try text("private.key") == "KEY")
            #expect(try text("ca.pem") == "CA")
            #expect(
                try text("config.json") == #"{"endpoint":"localhost","port":8883,"thingName":"pump","clientId":"pump","#
                    + #""certificate":"certificate.pem","privateKey":"private.key","ca":"ca.pem"}"# + "\n")
            var status = stat()
            #expect(stat("\(directory)/pump/private.key", &status) == 0 && status.st_mode & 0o777 == 0o600)
        }
        #expect(failure == nil)
        #expect(
            lines.map { String($0.prefix { $0 != " " }) } == [
                "server", "thing", "endpoint", "certificate", "folder", "policy", "attached", "device",
            ])
        #expect(
            api.sent.map { "\($0.method) \($0.target)" } == [
                "POST /things/pump", "GET /endpoint?endpointType=iot%3AData-ATS",
                "POST /keys-and-certificate?setAsActive=true", "POST /policies/martlet-quickstart",
                "PUT /target-policies/martlet-quickstart", "PUT /things/pump/principals",
            ])
        #expect(api.sent.last?.headers.first?.value == "arn:aws:iot:us-east-1:000000000000:cert/9f2c")
        #expect(device.run.map(\.topic) == ["pump/hello"])
        #expect(device.run.map(\.payload) == [#"{"from":"pump","at":"2026-01-01T00:00:00.000Z"}"#])
    }

    @Test("the policy lets a device use the topics under its own thing name and nothing else")
    func policy() async throws {
        let api = FakeAPI()
        _ = try await run(api: api, device: FakeDevice())
        let body = try JSONParser.parse(try #require(api.sent.first { $0.target.hasPrefix("/policies/") }?.body))
        let document = try JSONParser.parse(try #require(body["policyDocument"]?.stringValue))
        #expect(
            document["Statement"]?.arrayValue?.map { $0["Resource"] } == [
                "arn:aws:iot:us-east-1:000000000000:client/${iot:Connection.Thing.ThingName}",
                "arn:aws:iot:us-east-1:000000000000:topic/${iot:Connection.Thing.ThingName}/*",
                "arn:aws:iot:us-east-1:000000000000:topicfilter/${iot:Connection.Thing.ThingName}/*",
            ])
    }

    @Test("every call says who calls, in the form of Signature Version 4")
    func signature() async throws {
        let api = FakeAPI()
        _ = try await run(api: api, device: FakeDevice())
        for request in api.sent {
            let headers = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name, $0.value) })
            #expect(headers["x-amz-date"] == "20260101T000000Z")
            #expect(
                headers["authorization"]?.hasPrefix(
                    "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/iot/aws4_request, ") == true)
        }
    }

    @Test("a policy from an earlier quickstart is used as it is")
    func policyExists() async throws {
        let conflict = APIAnswer(status: 409, errorType: "ResourceAlreadyExistsException", body: [])
        let (lines, failure) = try await run(
            api: FakeAPI(failures: ["POST /policies/martlet-quickstart": conflict]), device: FakeDevice())
        #expect(failure == nil)
        #expect(lines.contains("policy       martlet-quickstart exists and is used as it is"))
    }

    @Test(
        "a call that fails ends it with exit code 1, the call's name and the server's words",
        arguments: [
            ("POST /things/pump", "create-thing"), ("GET /endpoint", "describe-endpoint"),
            ("POST /keys-and-certificate", "create-keys-and-certificate"),
            ("POST /policies/martlet-quickstart", "create-policy"),
            ("PUT /target-policies/martlet-quickstart", "attach-policy"),
            ("PUT /things/pump/principals", "attach-thing-principal"),
        ])
    func failingCall(_ call: String, _ operation: String) async throws {
        let refused = APIAnswer(
            status: 403, errorType: "AccessDeniedException", body: Array(#"{"message":"not today"}"#.utf8))
        let device = FakeDevice()
        let (_, failure) = try await run(api: FakeAPI(failures: [call: refused]), device: device)
        #expect(failure == .runtime("\(operation): AccessDeniedException (403): not today"))
        #expect(device.run.isEmpty)
    }

    @Test("a first call that fails leaves no empty folder behind")
    func noEmptyFolder() async throws {
        let refused = APIAnswer(status: 500, errorType: nil, body: [])
        _ = try await run(api: FakeAPI(failures: ["POST /things/pump": refused]), device: FakeDevice()) { directory in
            #expect(access(directory + "/pump", F_OK) != 0)
        }
    }

    @Test("a device that fails ends it with exit code 1 and its own words")
    func failingDevice() async throws {
        let (lines, failure) = try await run(api: FakeAPI(), device: FakeDevice(failure: "CONNACK 5: not authorised"))
        #expect(failure?.exitCode == 1)
        #expect(failure?.sentence.hasSuffix("/pump/: CONNACK 5: not authorised") == true)
        #expect(lines.last?.hasPrefix("attached") == true)
    }

    @Test(
        "a name that is no thing name is wrong usage",
        arguments: ["", "a b", "../x", "a/b", "é", String(repeating: "a", count: 129)])
    func badName(_ name: String) async throws {
        let api = FakeAPI()
        let (_, failure) = try await run(api: api, device: FakeDevice(), name: name)
        #expect(failure?.exitCode == 2)
        #expect(api.sent.isEmpty)
    }

    @Test("a folder that exists is never written into")
    func existingFolder() async throws {
        let api = FakeAPI()
        try await withTemporaryDirectory { directory in
            try SmallFile.create(directory + "/ca.pem", Array("CA".utf8))
            try RunFile.write(ReadyReportTests.report(pid: Int(getpid()), directory: directory), in: directory)
            #expect(mkdir(directory + "/pump", 0o755) == 0)
            let quickstart = try Quickstart(
                name: "pump", location: try ServerLocation.find(sources("--data-dir \(directory)")), api: api,
                device: FakeDevice(), clock: VirtualClock()
            ) { _ in }
            await #expect(
                throws: ServerFailure.runtime("\(directory)/pump exists already; remove it or choose another name")
            ) { try await quickstart.run(in: directory) }
        }
        #expect(api.sent.isEmpty)
    }
}
