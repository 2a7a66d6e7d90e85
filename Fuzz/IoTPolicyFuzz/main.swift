import FuzzDriver
import IoTPolicy
import MartletBase

/// What the fuzzer varies: a policy document, and after a NUL byte the name that is asked for. Nothing may trap, and
/// the fast form must agree with the explained one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let text = String(decoding: parts[0], as: UTF8.self)
    let name = String(decoding: parts.count == 2 ? Array(parts[1]) : Array("a/b".utf8), as: UTF8.self)
    guard let document = try? PolicyDocument(parsing: text) else { return 0 }
    let policy = CompiledPolicy(name: "fuzz", versionID: "1", document: document)
    let authorizer = Authorizer(policies: [policy], context: context(clientID: name))
    let now = WallInstant(millisecondsSinceEpoch: 1_772_360_100_000)
    for action in DataPlaneAction.allCases {
        let decision = authorizer.decide(action, name: name, now: now)
        let isAllowed = Array(name.utf8).withUnsafeBytes { authorizer.allows(action, $0, now: now) }
        precondition(isAllowed == decision.isAllowed, "\(action) \(name): \(decision)")
        precondition(!decision.description.isEmpty)
    }
    let connect = authorizer.decideConnect(clientID: name, persistent: true, lastWillTopic: name, now: now)
    let mayConnect = Array(name.utf8).withUnsafeBytes {
        authorizer.allowsConnect(clientID: $0, persistent: true, lastWillTopic: name, now: now)
    }
    precondition(mayConnect == connect.isAllowed, "\(connect)")
    return 0
}

private func context(clientID: String) -> PolicyContext {
    PolicyContext(
        realm: Realm(region: "eu-martlet-1", account: .zero), clientID: clientID, sourceIP: "192.0.2.7",
        domainName: "iot.example.com", secureTransport: true,
        thing: ThingFacts(name: clientID, typeName: "pump", attributes: ["site": "north"], isAttached: true),
        certificate: CertificateFacts(
            certificateID: "9f2c", serialNumberHex: "0a", subject: ["CommonName": ["pump", "a*b"], "Country": ["DE"]]))
}

runFuzzer(fuzzOneInput)
