import MQTTCodec
import NIOCore

/// Bytes from hexadecimal digits; blanks are for the reader.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

func text(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func decode(
    _ bytes: [UInt8], _ version: ProtocolVersion, limits: DecodingLimits = .unlimited
) throws(MalformedPacket) -> Packet {
    let result = bytes.withUnsafeBytes { raw in
        Result { () throws(MalformedPacket) in try Packet.decode(frame: raw, version: version, limits: limits) }
    }
    return try result.get()
}

func fault(_ bytes: [UInt8], _ version: ProtocolVersion, limits: DecodingLimits = .unlimited) -> MalformedPacket? {
    do throws(MalformedPacket) {
        _ = try decode(bytes, version, limits: limits)
        return nil
    } catch {
        return error
    }
}

func encode(_ packet: Packet, _ version: ProtocolVersion) throws -> [UInt8] {
    var buffer = ByteBuffer()
    try packet.encode(into: &buffer, version: version)
    return Array(buffer.readableBytesView)
}

func header(
    _ bytes: [UInt8], _ version: ProtocolVersion? = nil, maximumFrameLength: Int = .max
) throws(MalformedPacket) -> FixedHeader? {
    let result = bytes.withUnsafeBytes { raw in
        Result { () throws(MalformedPacket) in
            try FixedHeader.parse(raw, version: version, maximumFrameLength: maximumFrameLength)
        }
    }
    return try result.get()
}

/// The view of one PUBLISH frame.
func view(
    _ bytes: [UInt8], _ version: ProtocolVersion, sender: Sender = .client, maximumTopicBytes: Int = 65_535
) throws(MalformedPacket) -> PublishView {
    guard let header = try header(bytes, version) else { throw MalformedPacket(.incomplete, at: bytes.count) }
    let result = bytes.withUnsafeBytes { raw in
        Result { () throws(MalformedPacket) in
            try PublishView.parse(
                frame: raw, header: header, version: version, sender: sender, maximumTopicBytes: maximumTopicBytes)
        }
    }
    return try result.get()
}

/// SplitMix64: one seed repeats a run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
    mutating func chance(_ oneIn: Int) -> Bool { below(oneIn) == 0 }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}
