/// A packet as a test writes it down: the first byte, and a body that is put together for the version of the connection
/// that sends or expects it. Every part can be made wrong.
struct Wire {
    enum Part {
        case bytes([UInt8])
        /// Only in version 5.
        case properties([Property])
        /// Only in version 5: what 3.1.1 has no byte for.
        case v5([UInt8])
        /// The protocol level.
        case level
    }

    var first: UInt8
    var parts: [Part]
    /// Instead of the length of the body.
    var remainingLength: [UInt8]?
    /// Instead of everything.
    private var raw: [UInt8]?

    init(_ type: PacketType, flags: UInt8 = 0, _ parts: [Part] = []) {
        first = type.rawValue << 4 | flags
        self.parts = parts
    }

    private init(raw: [UInt8]) {
        first = raw.first ?? 0
        parts = []
        self.raw = raw
    }

    func bytes(_ version: Version) -> [UInt8] {
        if let raw { return raw }
        let body = parts.flatMap { $0.bytes(version) }
        return [first] + (remainingLength ?? variableByteInteger(body.count)) + body
    }
}

extension Wire.Part {
    func bytes(_ version: Version) -> [UInt8] {
        switch self {
        case .bytes(let bytes): bytes
        case .properties(let properties): version == .v5 ? Property.block(properties) : []
        case .v5(let bytes): version == .v5 ? bytes : []
        case .level: [version.rawValue]
        }
    }
}

/// The packet types of section 2.1.2.
enum PacketType: UInt8 {
    case connect = 1
    case connAck, publish, pubAck, pubRec, pubRel, pubComp, subscribe, subAck, unsubscribe, unsubAck, pingReq, pingResp
    case disconnect, auth
}

// MARK: Making packets wrong

extension Wire {
    /// Exactly these bytes: `.hex("C0 00")`.
    static func hex(_ text: String) -> Wire { Wire(raw: ConformanceTests.hex(text)) }

    static func bytes(_ bytes: [UInt8]) -> Wire { Wire(raw: bytes) }

    /// Other flags in the fixed header's first byte.
    func flags(_ flags: UInt8) -> Wire { with { $0.first = $0.first & 0xF0 | flags } }

    /// More bytes at the end of the body, and a remaining length that counts them.
    func appending(_ bytes: [UInt8]) -> Wire { with { $0.parts.append(.bytes(bytes)) } }

    /// A remaining length that is not the body's.
    func remainingLength(_ bytes: [UInt8]) -> Wire { with { $0.remainingLength = bytes } }

    private func with(_ change: (inout Wire) -> Void) -> Wire {
        var copy = self
        change(&copy)
        return copy
    }
}
