/// A PUBLISH as it lies in the read buffer: places in the frame, nothing copied (MQTT 5.0 section 3.3). All ranges
/// count from the frame's first byte.
@frozen public struct PublishView: Sendable {
    @usableFromInline let topicStart: UInt32
    @usableFromInline let topicEnd: UInt32
    @usableFromInline let propertiesStart: UInt32
    @usableFromInline let payloadStart: UInt32
    @usableFromInline let frameEnd: UInt32
    /// 0 at QoS 0.
    public let packetID: UInt16
    /// The low four bits of the first byte: DUP, QoS, RETAIN.
    public let flags: UInt8
    public let qos: QoS
    /// What the properties say; `.none` in version 3.1.1 and where there are none.
    public let summary: PublishProperties

    @inlinable init(
        topicStart: Int, topicEnd: Int, propertiesStart: Int, payloadStart: Int, frameEnd: Int, packetID: UInt16,
        flags: UInt8, qos: QoS, summary: PublishProperties
    ) {
        self.topicStart = UInt32(truncatingIfNeeded: topicStart)
        self.topicEnd = UInt32(truncatingIfNeeded: topicEnd)
        self.propertiesStart = UInt32(truncatingIfNeeded: propertiesStart)
        self.payloadStart = UInt32(truncatingIfNeeded: payloadStart)
        self.frameEnd = UInt32(truncatingIfNeeded: frameEnd)
        self.packetID = packetID
        self.flags = flags
        self.qos = qos
        self.summary = summary
    }

    @inlinable public var dup: Bool { flags & 0b1000 != 0 }
    @inlinable public var retain: Bool { flags & 0b0001 != 0 }
    /// Empty only in version 5 together with a topic alias.
    @inlinable public var topic: Range<Int> { Range(uncheckedBounds: (Int(topicStart), Int(topicEnd))) }
    /// Version 5: the properties without their length. Empty in 3.1.1.
    @inlinable public var properties: Range<Int> {
        Range(uncheckedBounds: (Int(propertiesStart), Int(payloadStart)))
    }
    @inlinable public var payload: Range<Int> { Range(uncheckedBounds: (Int(payloadStart), Int(frameEnd))) }

    /// Reads and checks one whole PUBLISH frame.
    /// - Parameters:
    ///   - frame: begins with the frame; more bytes may follow it.
    ///   - header: what `FixedHeader.parse` found there.
    ///   - sender: a client's PUBLISH must not carry a subscription identifier [MQTT-3.3.4-6].
    ///   - maximumTopicBytes: longer topic names are `topicNameTooLong`.
    /// - Throws: QoS 3 [MQTT-3.3.1-4], DUP at QoS 0 [MQTT-3.3.1-2], packet identifier 0 [MQTT-2.3.1-1], lengths that do
    ///   not fit, an invalid topic name [MQTT-3.3.2-1] [MQTT-3.3.2-2], an empty one without an alias [MQTT-4.7.3-1],
    ///   faults of the properties. Faults of the topic name carry the packet identifier.
    @inlinable public static func parse(
        frame: UnsafeRawBufferPointer, header: FixedHeader, version: ProtocolVersion, sender: Sender = .client,
        maximumTopicBytes: Int = 65_535
    ) throws(MalformedPacket) -> PublishView {
        let end = header.frameLength
        guard frame.count >= end else { throw MalformedPacket(.incomplete, at: frame.count) }
        guard let qos = QoS(rawValue: (header.flags >> 1) & 3) else {
            throw MalformedPacket(.invalidQoS, at: 0, value: header.flags)
        }
        guard qos != .atMostOnce || header.flags & 0b1000 == 0 else {
            throw MalformedPacket(.dupWithQoS0, at: 0, value: header.flags)
        }
        let topicStart = header.headerLength + 2
        guard topicStart <= end else { throw MalformedPacket(.truncatedField, at: header.headerLength) }
        let topicEnd = topicStart + Int(bigEndian16(frame, at: header.headerLength))
        var place = topicEnd
        var packetID: UInt16 = 0
        if qos != .atMostOnce { place += 2 }
        guard place <= end else { throw MalformedPacket(.truncatedField, at: topicStart) }
        if qos != .atMostOnce {
            packetID = bigEndian16(frame, at: topicEnd)
            guard packetID != 0 else { throw MalformedPacket(.packetIDZero, at: topicEnd) }
        }
        let topic = UnsafeRawBufferPointer(rebasing: frame[Range(uncheckedBounds: (topicStart, topicEnd))])
        guard topic.count <= maximumTopicBytes else {
            throw MalformedPacket(.topicNameTooLong, at: topicStart, packetID: packetID)
        }
        if !TopicName.isPlain(topic) { try checkTopic(topic, at: topicStart, packetID: packetID) }

        var propertiesStart = place
        var summary = PublishProperties.none
        if version == .v5 {
            (propertiesStart, place) = try propertiesRange(frame, from: place, to: end)
            if place > propertiesStart {
                summary = try PublishProperties.scan(
                    UnsafeRawBufferPointer(rebasing: frame[propertiesStart..<place]), place: propertiesStart,
                    sender: sender)
            }
        }
        guard topicEnd > topicStart || summary.topicAlias != 0 else {
            throw MalformedPacket(.topicNameEmpty, at: topicStart, packetID: packetID)
        }
        return PublishView(
            topicStart: topicStart, topicEnd: topicEnd, propertiesStart: propertiesStart, payloadStart: place,
            frameEnd: end, packetID: packetID, flags: header.flags, qos: qos, summary: summary)
    }

    @inlinable static func bigEndian16(_ bytes: UnsafeRawBufferPointer, at place: Int) -> UInt16 {
        UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt16.self))
    }

    @inlinable static func propertiesRange(
        _ frame: UnsafeRawBufferPointer, from place: Int, to end: Int
    ) throws(MalformedPacket) -> (start: Int, end: Int) {
        if place < end, frame[place] == 0 { return (place + 1, place + 1) }
        let inReach = UnsafeRawBufferPointer(rebasing: frame[..<end])
        guard let (count, width) = VariableByteInteger.read(inReach, at: place) else {
            throw MalformedPacket(.truncatedField, at: place)
        }
        guard width > 0, width == VariableByteInteger.length(of: count) else {
            throw MalformedPacket(.malformedVariableByteInteger, at: place)
        }
        guard place + width + count <= end else { throw MalformedPacket(.propertyLengthMismatch, at: place) }
        return (place + width, place + width + count)
    }

    @usableFromInline static func checkTopic(
        _ topic: UnsafeRawBufferPointer, at start: Int, packetID: UInt16
    ) throws(MalformedPacket) {
        do throws(MalformedPacket) {
            try TopicName.validateCharacters(topic)
        } catch {
            let answersPacket = error.fault == .topicNameWildcard
            throw MalformedPacket(
                error.fault, at: start + error.place, value: error.value, packetID: answersPacket ? packetID : 0)
        }
    }
}
