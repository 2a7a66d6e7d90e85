import IoTDomain
import MartletBase

/// Updates that hit the same few fields again and again, so that types change and values meet.
struct ShadowSamples {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    /// SplitMix64.
    private mutating func below(_ limit: UInt64) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % limit)
    }

    mutating func request() throws -> ShadowUpdateRequest {
        var sections = JSONObject()
        for section in ["desired", "reported"] where below(3) > 0 {
            sections[section] = below(25) == 0 ? .null : object(depth: 1)
        }
        return try .parse(JSONWriter.bytes(["state": below(40) == 0 ? .null : .object(sections)]))
    }

    private mutating func object(depth: Int) -> JSONValue {
        var object = JSONObject()
        for _ in 0..<below(4) { object[["a", "b", "c"][below(3)]] = value(depth: depth + 1) }
        return .object(object)
    }

    private mutating func value(depth: Int) -> JSONValue {
        switch below(depth < 5 ? 10 : 5) {
        case 0: .null
        case 1: .bool(below(2) == 0)
        case 2: .int(below(3))
        case 3: .string(["", "1", "ü"][below(3)])
        case 4: .array((0..<below(3)).map { _ in .int(below(2)) })
        case 5: [["x": .int(below(2)), "y": [[], "z"]]]
        default: object(depth: depth)
        }
    }
}
