/// One topic filter of a SUBSCRIBE with its options (MQTT 5.0 section 3.8.3.1). The filter is UTF-8 and not checked
/// further: `TopicFilter` does that, and SUBACK answers for each one.
package struct Subscription: Hashable, Sendable {
    /// Which retained messages a subscription is sent (MQTT 5.0 section 3.8.3.1).
    package enum RetainHandling: UInt8, Sendable, CaseIterable {
        case send = 0
        case sendIfNew = 1
        case doNotSend = 2
    }

    package var filter: MQTTString
    package var qos: QoS
    package var noLocal: Bool
    package var retainAsPublished: Bool
    package var retainHandling: RetainHandling

    package init(
        _ filter: MQTTString, qos: QoS, noLocal: Bool = false, retainAsPublished: Bool = false,
        retainHandling: RetainHandling = .send
    ) {
        self.filter = filter
        self.qos = qos
        self.noLocal = noLocal
        self.retainAsPublished = retainAsPublished
        self.retainHandling = retainHandling
    }

    static func decode(_ reader: inout PacketReader, version: ProtocolVersion) throws(MalformedPacket) -> Subscription {
        let filter = try reader.string()
        let place = reader.position
        let options = try reader.uint8()
        let allowed: UInt8 = version == .v5 ? 0b0011_1111 : 0b0000_0011
        guard options & ~allowed == 0, let qos = QoS(rawValue: options & 3),
            let retainHandling = RetainHandling(rawValue: (options >> 4) & 3)
        else { throw MalformedPacket(.subscriptionOptionsReserved, at: place, value: options) }
        let noLocal = options & 0b0100 != 0
        guard !noLocal || !filter.bytes.withUnsafeBytes(TopicFilter.beginsLikeShared) else {
            throw MalformedPacket(.noLocalOnSharedSubscription, at: place, value: options)
        }
        return Subscription(
            filter, qos: qos, noLocal: noLocal, retainAsPublished: options & 0b1000 != 0,
            retainHandling: retainHandling)
    }

    /// The options byte; version 3.1.1 knows the QoS alone.
    func options(in version: ProtocolVersion) -> UInt8 {
        guard version == .v5 else { return qos.rawValue }
        return qos.rawValue | (noLocal ? 0b0100 : 0) | (retainAsPublished ? 0b1000 : 0) | retainHandling.rawValue << 4
    }
}
