extension PublishProperties {
    /// Checks the properties of a PUBLISH, given without their length, in one pass that allocates nothing.
    /// - Parameters:
    ///   - place: added to the offsets of faults.
    ///   - sender: a client must not send a subscription identifier [MQTT-3.3.4-6].
    /// - Throws: 0x81 for a property that PUBLISH does not have or that does not fit; 0x82 for a duplicate or a value
    ///   out of range; 0x94 for alias 0 [MQTT-3.3.2-8]; UTF-8 [MQTT-3.3.2-13] [MQTT-3.3.2-19] [MQTT-1.5.7-1]; a
    ///   response topic with wildcards [MQTT-3.3.2-14].
    public static func scan(
        _ properties: UnsafeRawBufferPointer, place: Int = 0, sender: Sender = .client
    ) throws(MalformedPacket) -> PublishProperties {
        var result = PublishProperties()
        var seen: UInt64 = 0
        var reader = PacketReader(properties)
        do throws(MalformedPacket) {
            while !reader.isAtEnd {
                try result.scanOne(&reader, &seen, sender)
            }
        } catch {
            throw error.shifted(by: place)
        }
        return result
    }

    private mutating func scanOne(
        _ reader: inout PacketReader, _ seen: inout UInt64, _ sender: Sender
    ) throws(MalformedPacket) {
        let start = reader.position
        let byte = try reader.uint8()
        guard let identifier = PropertyIdentifier(rawValue: byte) else {
            throw MalformedPacket(.unknownProperty, at: start, value: byte)
        }
        let bit: UInt64 = 1 << UInt64(byte)
        guard seen & bit == 0 || identifier == .userProperty || identifier == .subscriptionIdentifier else {
            throw MalformedPacket(.duplicateProperty, at: start, value: byte)
        }
        seen |= bit
        switch identifier {
        case .payloadFormatIndicator:
            let indicator = try reader.uint8()
            guard indicator <= 1 else { throw MalformedPacket(.invalidPropertyValue, at: start + 1, value: indicator) }
            payloadIsUTF8 = indicator == 1
        case .messageExpiryInterval:
            messageExpiryInterval = try reader.uint32()
            messageExpiryOffset = UInt32(truncatingIfNeeded: start)
        case .topicAlias:
            topicAlias = try reader.uint16()
            guard topicAlias != 0 else { throw MalformedPacket(.topicAliasZero, at: start + 1) }
            topicAliasOffset = UInt32(truncatingIfNeeded: start)
        case .subscriptionIdentifier:
            guard sender == .server else {
                throw MalformedPacket(.subscriptionIdentifierFromClient, at: start, value: byte)
            }
            guard try reader.variableByteInteger() > 0 else {
                throw MalformedPacket(.invalidPropertyValue, at: start + 1)
            }
            hasSubscriptionIdentifier = true
        case .contentType:
            contentTypeLength = try Self.checkedString(&reader)
        case .responseTopic:
            responseTopicLength = try Self.checkedResponseTopic(&reader)
            hasResponseTopic = true
        case .correlationData:
            correlationDataLength = UInt16(truncatingIfNeeded: try reader.binary().count)
        case .userProperty:
            userPropertyBytes += UInt32(try Self.checkedString(&reader))
            userPropertyBytes += UInt32(try Self.checkedString(&reader))
        default:
            throw MalformedPacket(.propertyNotInPacket, at: start, value: byte)
        }
    }

    private static func checkedString(_ reader: inout PacketReader) throws(MalformedPacket) -> UInt16 {
        let text = try reader.binary()
        if let (fault, offset) = UTF8Validation.fault(in: text) {
            throw MalformedPacket(fault, at: reader.position - text.count + offset)
        }
        return UInt16(truncatingIfNeeded: text.count)
    }

    private static func checkedResponseTopic(_ reader: inout PacketReader) throws(MalformedPacket) -> UInt16 {
        let topic = try reader.binary()
        do throws(MalformedPacket) {
            try TopicName.validate(topic)
        } catch {
            let isText = error.fault == .illFormedUTF8 || error.fault == .nullCharacter
            throw MalformedPacket(
                isText ? error.fault : .responseTopicInvalid, at: reader.position - topic.count + error.place,
                value: error.value)
        }
        return UInt16(truncatingIfNeeded: topic.count)
    }
}
