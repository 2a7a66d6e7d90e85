import NIOCore

/// Makes the frames of a client.
enum Frames {
    static let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    static func frame(
        _ opcode: UInt8, _ payload: [UInt8] = [], fin: Bool = true, masked: Bool = true, reserved: UInt8 = 0
    ) -> [UInt8] {
        var bytes = [(fin ? 0x80 : 0) | reserved | opcode]
        let bit: UInt8 = masked ? 0x80 : 0
        switch payload.count {
        case ...125: bytes.append(bit | UInt8(payload.count))
        case ...65_535: bytes += [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default:
            bytes.append(bit | 127)
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(payload.count >> shift & 255)) }
        }
        guard masked else { return bytes + payload }
        return bytes + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
    }

    static func binary(_ payload: [UInt8], fin: Bool = true) -> [UInt8] { frame(2, payload, fin: fin) }
    static func more(_ payload: [UInt8], fin: Bool = true) -> [UInt8] { frame(0, payload, fin: fin) }
    static func ping(_ payload: [UInt8] = []) -> [UInt8] { frame(9, payload) }
    static let pong = frame(10, [1, 2])
    static func close(_ payload: [UInt8] = [0x03, 0xE8]) -> [UInt8] { frame(8, payload) }

    static func number(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) } }
}

extension ByteBuffer {
    var bytes: [UInt8] { Array(readableBytesView) }
}
