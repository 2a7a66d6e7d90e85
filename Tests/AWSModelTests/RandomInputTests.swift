import AWSModel
import MartletBase
import Testing

@Suite struct RandomInputTests {
    /// Steele, Lea and Flood's SplitMix64: small, and the same everywhere.
    private struct SplitMix64: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }

    private static let oddities: [JSONValue] = [
        .null, true, "", "x", "é\u{0}", 0, -1, .double(1.5), .int(Int.max), .double(1e300), [], [.null], [:],
        ["Key": .null], .string(String(repeating: "y", count: 300)), "AQID", "2023-11-14T22:13:20Z",
    ]

    /// A value of the shape, in which about one value in twelve is something else.
    private func value(_ table: ShapeTable, _ name: String, _ random: inout SplitMix64) throws -> JSONValue {
        if Int.random(in: 0..<12, using: &random) == 0 {
            return try #require(Self.oddities.randomElement(using: &random))
        }
        let shape = try #require(table.shape(named: name))
        switch shape.kind {
        case .string: return .string(shape.enumeration.randomElement(using: &random) ?? "abc")
        case .boolean: return .bool(Bool.random(using: &random))
        case .integer, .long: return .int(Int(shape.minimum ?? 1))
        case .double: return .double(Double.random(in: -1...1, using: &random))
        case .timestamp: return .double(Double(Int.random(in: 0...4_000_000_000_000, using: &random)) / 1000)
        case .blob: return "AQID"
        case .list(let element):
            return .array(
                try (0..<Int.random(in: 0...2, using: &random)).map { _ in try value(table, element, &random) })
        case .map(_, let element): return ["abc": try value(table, element, &random)]
        case .structure(let members): return .object(try object(table, members, &random))
        }
    }

    private func object(
        _ table: ShapeTable, _ members: [Shape.Member], _ random: inout SplitMix64
    ) throws -> JSONObject {
        var object = JSONObject()
        for member in members where member.isRequired || Bool.random(using: &random) {
            object[member.name] = try value(table, member.shape, &random)
        }
        return object
    }

    @Test(
        "Whatever a body holds, it is decoded or refused by name, and what is decoded survives the way through JSON",
        arguments: [1, 2, 3])
    func anyBody(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        var decoded = 0
        var refused = 0
        for operation in Service.allCases.flatMap({ ShapeTable.of($0).operations }) {
            let table = ShapeTable.of(operation.service)
            let shape = try #require(table.shape(named: operation.inputShape.name))
            let object = try object(table, shape.members, &random)
            let body = shape.payload.map { object[$0] ?? .null } ?? .object(object)
            let labels = Dictionary(
                shape.members.compactMap { member in
                    if case .uri(let name) = member.location {
                        (name, object[member.name]?.stringValue ?? "1")
                    } else {
                        nil
                    }
                }, uniquingKeysWith: { first, _ in first })
            let request = RawRequest(method: operation.method, rawPath: "/", body: JSONWriter.bytes(body))
            do {
                let input = try RequestDecoder.decode(operation, labels: labels, request: request)
                let json = ModelJSON.object(input, as: operation.inputShape)
                #expect(try ModelJSON.model(json, as: operation.inputShape) == input)
                decoded += 1
            } catch let failure as ServiceFailure {
                #expect(failure.code == operation.validationErrorCode && failure.status == 400)
                refused += 1
            }
        }
        #expect(decoded > 30 && refused > 30)
    }
}
