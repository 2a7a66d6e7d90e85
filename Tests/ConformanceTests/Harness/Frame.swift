/// One packet that the server has sent, as its bytes, and the few readings of them that tests need beside comparing.
struct Frame: Equatable, CustomStringConvertible {
    let bytes: [UInt8]
    let version: Version

    static func == (left: Frame, right: Frame) -> Bool { left.bytes == right.bytes }

    var description: String { "\(type.map { "\($0)" } ?? "?") [\(hexText(bytes))]" }

    var type: PacketType? { bytes.first.flatMap { PacketType(rawValue: $0 >> 4) } }
    var flags: UInt8 { (bytes.first ?? 0) & 0x0F }
    var qos: UInt8 { flags >> 1 & 3 }
    var isDuplicate: Bool { flags & 8 != 0 }
    var isRetained: Bool { flags & 1 != 0 }

    /// What follows the fixed header.
    var body: ArraySlice<UInt8> { bytes.dropFirst(1 + bytes.dropFirst().prefix { $0 >= 0x80 }.count + 1) }

    /// Takes the first whole frame of `bytes`.
    static func read(_ bytes: inout ArraySlice<UInt8>, _ version: Version) -> Frame? {
        var length = 0
        var shift = 0
        for (index, digit) in bytes.dropFirst().prefix(4).enumerated() {
            length |= Int(digit & 0x7F) << shift
            shift += 7
            guard digit < 0x80 else { continue }
            let whole = 2 + index + length
            guard bytes.count >= whole else { return nil }
            defer { bytes = bytes.dropFirst(whole) }
            return Frame(bytes: Array(bytes.prefix(whole)), version: version)
        }
        return nil
    }
}

// MARK: Readings

extension Frame {
    /// Of a PUBLISH.
    var topic: String { String(decoding: body.dropFirst(2).prefix(topicLength), as: UTF8.self) }

    private var topicLength: Int { number(body.prefix(2)) }

    /// Of any packet that has one; nil for PUBLISH at QoS 0.
    var packetID: UInt16? {
        switch type {
        case .publish: qos == 0 ? nil : UInt16(number(body.dropFirst(2 + topicLength).prefix(2)))
        case .pubAck, .pubRec, .pubRel, .pubComp, .subAck, .unsubAck: UInt16(number(body.prefix(2)))
        default: nil
        }
    }

    /// Return code or reason code of CONNACK, acknowledgements, DISCONNECT and AUTH; 0 where it is left out.
    var code: UInt8 {
        switch type {
        case .connAck: body.dropFirst().first ?? 0
        case .pubAck, .pubRec, .pubRel, .pubComp: body.dropFirst(2).first ?? 0
        case .disconnect, .auth: body.first ?? 0
        default: 0
        }
    }

    /// Of SUBACK and UNSUBACK.
    var codes: [UInt8] { Array(afterProperties) }

    var isSessionPresent: Bool { type == .connAck && body.first == 1 }

    /// Of a PUBLISH.
    var payload: String { String(decoding: afterProperties, as: UTF8.self) }

    /// In the order in which they were sent; none in 3.1.1.
    var properties: [Property] {
        var bytes = propertyBlock.bytes
        var properties: [Property] = []
        while let property = Property.read(&bytes) { properties.append(property) }
        return properties
    }

    func property(_ id: UInt8) -> [UInt8]? { properties.first { $0.id == id }?.value }

    private var afterProperties: ArraySlice<UInt8> { beforeProperties.dropFirst(propertyBlock.length) }

    private var beforeProperties: ArraySlice<UInt8> {
        switch type {
        case .publish: body.dropFirst(2 + topicLength + (qos == 0 ? 0 : 2))
        case .connAck, .subAck, .unsubAck: body.dropFirst(2)
        case .pubAck, .pubRec, .pubRel, .pubComp: body.dropFirst(3)
        case .disconnect, .auth: body.dropFirst()
        default: body.suffix(0)
        }
    }

    /// The properties' bytes, and how many bytes they are with their length.
    private var propertyBlock: (bytes: ArraySlice<UInt8>, length: Int) {
        let rest = beforeProperties
        guard version == .v5, !rest.isEmpty else { return (rest.prefix(0), 0) }
        let digits = rest.prefix { $0 >= 0x80 }.count + 1
        let length = rest.prefix(digits).reversed().reduce(0) { $0 << 7 | Int($1 & 0x7F) }
        return (rest.dropFirst(digits).prefix(length), digits + length)
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
}
