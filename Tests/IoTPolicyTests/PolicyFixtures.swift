import IoTPolicy
import MartletBase

let realm = Realm(region: "eu-martlet-1", account: AccountID("210987654321")!)
let arnPrefix = "arn:aws:iot:eu-martlet-1:210987654321:"
/// 2026-03-01T10:15:00Z
let noon = WallInstant(millisecondsSinceEpoch: 1_772_360_100_000)

func caller(
    clientID: String? = "pump7", sourceIP: String = "192.0.2.7", domainName: String? = nil, secure: Bool = true,
    thing: ThingFacts? = nil, certificate: CertificateFacts? = nil, extra: [String: [String]] = [:]
) -> PolicyContext {
    PolicyContext(
        realm: realm, clientID: clientID, sourceIP: sourceIP, domainName: domainName, secureTransport: secure,
        thing: thing, certificate: certificate, extra: extra)
}

func policy(_ document: JSONValue, name: String = "fleet") throws -> CompiledPolicy {
    CompiledPolicy(name: name, versionID: "1", document: try PolicyDocument(parsing: JSONWriter.text(document)))
}

func authorizer(_ context: PolicyContext = caller(), _ statements: JSONValue...) throws -> Authorizer {
    Authorizer(policies: [try policy(["Version": "2012-10-17", "Statement": .array(statements)])], context: context)
}

func statement(
    _ effect: String = "Allow", _ action: JSONValue, _ resource: JSONValue, _ condition: JSONValue? = nil
) -> JSONValue {
    var members = JSONObject([("Effect", .string(effect)), ("Action", action), ("Resource", resource)])
    members["Condition"] = condition
    return .object(members)
}

extension Authorizer {
    /// The fast decision, for text.
    func allows(_ action: DataPlaneAction, _ name: String, at now: WallInstant = noon) -> Bool {
        Array(name.utf8).withUnsafeBytes { allows(action, $0, now: now) }
    }

    /// The explained decision.
    func decision(_ action: DataPlaneAction, _ name: String, at now: WallInstant = noon) -> PolicyDecision {
        decide(action, name: name, now: now)
    }
}

/// SplitMix64: one seed repeats a run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &self)]
    }

    mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &self) == 0 }
}
