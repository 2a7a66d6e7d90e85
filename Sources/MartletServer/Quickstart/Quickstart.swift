package import MartletBase
import MartletObserve

/// `martlet quickstart NAME`: everything that a new device needs, through the same API that AWS tools use, then the
/// proof that it works. Each step says what it did; the first that fails says why and ends it.
package struct Quickstart: Sendable {
    /// One policy for all quickstart devices: each may use the topics under its own thing name.
    package static let policyName = "martlet-quickstart"
    private static let caBytesMax = 65_536

    package let name: String
    package let location: ServerLocation
    let api: any QuickstartAPI
    let device: any QuickstartDevice
    let clock: any WallClock
    let say: @Sendable (String) -> Void

    package init(
        name: String, location: ServerLocation, api: any QuickstartAPI, device: any QuickstartDevice,
        clock: any WallClock = SystemClock(), say: @escaping @Sendable (String) -> Void
    ) throws(ServerFailure) {
        guard Self.isThingName(name) else {
            throw .usage("\"\(name)\" cannot name a thing: 1 to 128 letters, digits, \":\", \"_\" and \"-\"")
        }
        self.name = name
        self.location = location
        self.api = api
        self.device = device
        self.clock = clock
        self.say = say
    }

    /// Makes the device folder in `directory`. Exit code 1 with the step that failed and why.
    package func run(in directory: String = ".") async throws(ServerFailure) {
        let path = directory == "." ? name : "\(directory)/\(name)"
        let ca = try authority()
        try DeviceFolder.makeDirectory(path)
        let folder: DeviceFolder
        do throws(ServerFailure) {
            folder = try await prepare(path, ca)
        } catch {
            DeviceFolder.removeEmptyDirectory(path)
            throw error
        }
        try await prove(folder)
    }

    private func prepare(_ path: String, _ ca: [UInt8]) async throws(ServerFailure) -> DeviceFolder {
        let thing = try await makeThing()
        let endpoint = try await describeEndpoint()
        let certificate = try await makeCertificate()
        let config = DeviceFolder.Config(endpoint: endpoint, port: location.mqttsPort, thingName: name)
        let folder = DeviceFolder(path: path, config: config)
        try folder.write(certificate: certificate.pem, privateKey: certificate.privateKey, ca: ca)
        say("folder       \(path)/ with certificate.pem, private.key, ca.pem, config.json")
        try await makePolicy(thing)
        try await attach(certificate.arn)
        return folder
    }

    private func authority() throws(ServerFailure) -> [UInt8] {
        guard let file = location.caFile else {
            throw .usage("the server's CA file is in its data directory; name it with --data-dir")
        }
        do throws(SmallFile.Failure) {
            let ca = try SmallFile.read(file, bytesMax: Self.caBytesMax)
            say("server       \(location.api) (found by \(location.foundBy))")
            return ca
        } catch {
            throw .runtime("the CA file \(file) cannot be read: \(error.why)")
        }
    }

    private func makeThing() async throws(ServerFailure) -> ARN {
        let answer = try await call("create-thing", APIRequest("POST", "/things/\(encoded(name))", body: "{}"))
        guard let arn = answer["thingArn"]?.stringValue.flatMap({ ARN($0) }) else {
            throw .runtime("create-thing: the answer has no thingArn")
        }
        say("thing        \(arn)")
        return arn
    }

    private func describeEndpoint() async throws(ServerFailure) -> String {
        let request = APIRequest("GET", "/endpoint?endpointType=iot%3AData-ATS")
        guard let host = try await call("describe-endpoint", request)["endpointAddress"]?.stringValue else {
            throw .runtime("describe-endpoint: the answer has no endpointAddress")
        }
        say("endpoint     \(host):\(location.mqttsPort)")
        return host
    }

    private func makeCertificate() async throws(ServerFailure) -> (arn: String, pem: String, privateKey: String) {
        let request = APIRequest("POST", "/keys-and-certificate?setAsActive=true")
        let answer = try await call("create-keys-and-certificate", request)
        guard let arn = answer["certificateArn"]?.stringValue, let pem = answer["certificatePem"]?.stringValue,
            let key = answer["keyPair"]?["PrivateKey"]?.stringValue
        else { throw .runtime("create-keys-and-certificate: the answer lacks the certificate or its key") }
        say("certificate  \(answer["certificateId"]?.stringValue ?? arn)")
        return (arn, pem, key)
    }

    private func makePolicy(_ thing: ARN) async throws(ServerFailure) {
        let body: JSONValue = ["policyDocument": .string(JSONWriter.text(Self.policyDocument(like: thing)))]
        let request = APIRequest("POST", "/policies/\(Self.policyName)", body: JSONWriter.text(body))
        let answer = try await api.send(signed(request))
        switch answer.status {
        case 200..<300: say("policy       \(Self.policyName) made")
        case 409: say("policy       \(Self.policyName) exists and is used as it is")
        default: throw .runtime("create-policy: \(answer.failureText)")
        }
    }

    private func attach(_ certificate: String) async throws(ServerFailure) {
        let target = JSONWriter.text(["target": .string(certificate)])
        _ = try await call(
            "attach-policy", APIRequest("PUT", "/target-policies/\(Self.policyName)", body: target))
        _ = try await call(
            "attach-thing-principal",
            APIRequest("PUT", "/things/\(encoded(name))/principals", headers: [("x-amzn-principal", certificate)]))
        say("attached     policy to certificate, certificate to thing")
    }

    private func prove(_ folder: DeviceFolder) async throws(ServerFailure) {
        let topic = "\(name)/hello"
        let payload = JSONWriter.text(["from": .string(name), "at": .string(clock.now().iso8601)])
        do throws(ServerFailure) {
            try await device.roundTrip(folder, topic: topic, payload: payload)
        } catch {
            throw .runtime("the device in \(folder.path)/: \(error.sentence)")
        }
        say("device       connected, and its message on \(topic) came back")
    }

    private func call(_ operation: String, _ request: APIRequest) async throws(ServerFailure) -> JSONValue {
        let answer = try await api.send(signed(request))
        guard (200..<300).contains(answer.status) else { throw .runtime("\(operation): \(answer.failureText)") }
        return answer.body.isEmpty ? [:] : answer.json ?? [:]
    }

    /// Profile dev asks who calls and accepts any proof, so the signature is only in the right form. Profile
    /// production verifies it and refuses.
    private func signed(_ request: APIRequest) -> APIRequest {
        let digits = clock.now().iso8601.filter { $0.isNumber }
        let day = digits.prefix(8)
        let headers = [
            ("content-type", "application/json"), ("x-amz-date", "\(day)T\(digits.dropFirst(8).prefix(6))Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=\(location.account)/\(day)/\(location.region)/iot/aws4_request, "
                    + "SignedHeaders=host;x-amz-date, Signature=\(String(repeating: "0", count: 64))"
            ),
        ]
        var request = request
        request.headers += headers.map { APIRequest.Header(name: $0, value: $1) }
        return request
    }

    /// Least privilege with thing variables, as AWS recommends: a device reaches the topics under its own name.
    static func policyDocument(like thing: ARN) -> JSONValue {
        let prefix = "arn:\(thing.partition):iot:\(thing.region):\(thing.account):"
        let own = "${iot:Connection.Thing.ThingName}"
        func allow(_ actions: [JSONValue], _ resource: String) -> JSONValue {
            ["Effect": "Allow", "Action": .array(actions), "Resource": .string(prefix + resource)]
        }
        return [
            "Version": "2012-10-17",
            "Statement": [
                allow(["iot:Connect"], "client/\(own)"),
                allow(["iot:Publish", "iot:Receive"], "topic/\(own)/*"),
                allow(["iot:Subscribe"], "topicfilter/\(own)/*"),
            ],
        ]
    }

    private func encoded(_ text: String) -> String { PercentEncoding.encode(text) }

    private static func isThingName(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                        || ":_-".unicodeScalars.contains(scalar))
            }
    }
}
