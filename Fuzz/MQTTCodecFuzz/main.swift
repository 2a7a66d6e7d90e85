import FuzzDriver
import MQTTCodec
import NIOCore

/// Feeds the bytes to every decoder of MQTT, in both versions and from both sides. What a decoder accepts must encode,
/// and decode again to the same packet.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    for version in ProtocolVersion.allCases {
        readParts(input, version)
        readWhole(input, version)
    }
    readTopics(input)
    return 0
}

private func readParts(_ input: UnsafeRawBufferPointer, _ version: ProtocolVersion) {
    guard let header = try? FixedHeader.parse(input, version: version) else { return }
    if header.type == .publish {
        _ = try? PublishView.parse(frame: input, header: header, version: version)
        if let view = try? PublishView.parse(frame: input, header: header, version: version, sender: .server) {
            precondition(view.payload.upperBound == header.frameLength && view.topic.upperBound <= header.frameLength)
        }
    }
    if PacketType.pubAck.rawValue...PacketType.pubComp.rawValue ~= header.type.rawValue {
        _ = try? AckView.parse(frame: input, header: header, version: version)
    }
}

private func readWhole(_ input: UnsafeRawBufferPointer, _ version: ProtocolVersion) {
    guard let packet = try? Packet.decode(frame: input, version: version) else { return }
    var buffer = ByteBuffer()
    do {
        try packet.encode(into: &buffer, version: version)
        let again = try buffer.withUnsafeReadableBytes { try Packet.decode(frame: $0, version: version) }
        precondition(again == packet, "decoding is not the inverse of encoding")
    } catch {
        preconditionFailure("\(error)")
    }
}

private func readTopics(_ input: UnsafeRawBufferPointer) {
    _ = try? TopicName.validate(input)
    if let filter = try? TopicFilter(Array(input)) { _ = filter.matches(input) }
    if let summary = try? PublishProperties.scan(input) {
        var buffer = ByteBuffer()
        summary.appendForwarded(input, messageExpiryInterval: 1, into: &buffer)
        precondition(buffer.readableBytes == summary.forwardedLength(of: input))
    }
}

runFuzzer(fuzzOneInput)
