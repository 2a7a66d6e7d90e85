import MartletBase
import MartletServer
import Synchronization

/// Answers the quickstart's calls like a server, or with the failure that a test sets for one of them.
final class FakeAPI: QuickstartAPI {
    private let requests = Mutex<[APIRequest]>([])
    private let failures: [String: APIAnswer]

    /// `failures` by method and path: `PUT /target-policies/p`.
    init(failures: [String: APIAnswer] = [:]) { self.failures = failures }

    var sent: [APIRequest] { requests.withLock { $0 } }

    func send(_ request: APIRequest) async throws(ServerFailure) -> APIAnswer {
        requests.withLock { $0.append(request) }
        let call = request.method + " " + request.target.prefix { $0 != "?" }
        if let failure = failures[call] { return failure }
        return APIAnswer(status: 200, errorType: nil, body: JSONWriter.bytes(Self.answers[call] ?? [:]))
    }

    private static let answers: [String: JSONValue] = [
        "POST /things/pump": ["thingArn": "arn:aws:iot:us-east-1:000000000000:thing/pump"],
        "GET /endpoint": ["endpointAddress": "localhost"],
        "POST /keys-and-certificate": [
            "certificateArn": "arn:aws:iot:us-east-1:000000000000:cert/9f2c", "certificateId": "9f2c",
            "certificatePem": "CERT", "keyPair": ["PublicKey": "PUB", "PrivateKey": "KEY"],
        ],
    ]
}

/// Stands in for the device; remembers what it was asked, or fails.
final class FakeDevice: QuickstartDevice {
    private let runs = Mutex<[(folder: DeviceFolder, topic: String, payload: String)]>([])
    private let failure: String?

    init(failure: String? = nil) { self.failure = failure }

    var run: [(folder: DeviceFolder, topic: String, payload: String)] { runs.withLock { $0 } }

    func roundTrip(_ folder: DeviceFolder, topic: String, payload: String) async throws(ServerFailure) {
        runs.withLock { $0.append((folder, topic, payload)) }
        if let failure { throw .runtime(failure) }
    }
}
