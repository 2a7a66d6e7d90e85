extension Properties {
    /// Reads a property list with its length.
    /// - Throws: 0x81 for an unknown property, one that the packet does not have, and lengths that do not fit; 0x82 for
    ///   a duplicate, a value out of range and authentication data without a method; 0x94 for topic alias 0.
    static func decode(
        _ reader: inout PacketReader, in place: PropertyPlace, limits: DecodingLimits
    ) throws(MalformedPacket) -> Properties {
        let start = reader.position
        let length = try reader.variableByteInteger()
        guard length <= reader.remaining else { throw MalformedPacket(.propertyLengthMismatch, at: start) }
        var section = try reader.section(length)
        return try decodeAll(&section, in: place, limits: limits)
    }

    /// Reads a property list that ends where the bytes end.
    static func decodeAll(
        _ reader: inout PacketReader, in place: PropertyPlace, limits: DecodingLimits
    ) throws(MalformedPacket) -> Properties {
        var properties = Properties()
        var seen: UInt64 = 0
        while !reader.isAtEnd {
            guard properties.elements.count < limits.maximumProperties else {
                throw MalformedPacket(.tooManyProperties, at: reader.position)
            }
            let start = reader.position
            let byte = try reader.uint8()
            guard let identifier = PropertyIdentifier(rawValue: byte) else {
                throw MalformedPacket(.unknownProperty, at: start, value: byte)
            }
            guard identifier.places.contains(place) else {
                throw MalformedPacket(.propertyNotInPacket, at: start, value: byte)
            }
            let bit: UInt64 = 1 << UInt64(byte)
            guard seen & bit == 0 || identifier.mayRepeat(in: place) else {
                throw MalformedPacket(.duplicateProperty, at: start, value: byte)
            }
            seen |= bit
            let value = try Self.value(&reader, identifier.encoding)
            if let fault = identifier.fault(of: value) { throw MalformedPacket(fault, at: start + 1, value: byte) }
            properties.append(identifier, value)
        }
        guard properties.authenticationData == nil || properties.authenticationMethod != nil else {
            throw MalformedPacket(.authenticationDataWithoutMethod, at: reader.position)
        }
        return properties
    }

    private static func value(
        _ reader: inout PacketReader, _ encoding: PropertyIdentifier.Encoding
    ) throws(MalformedPacket) -> PropertyValue {
        switch encoding {
        case .byte: .byte(try reader.uint8())
        case .twoByteInteger: .twoByteInteger(try reader.uint16())
        case .fourByteInteger: .fourByteInteger(try reader.uint32())
        case .variableByteInteger: .variableByteInteger(try reader.variableByteInteger())
        case .string: .string(try reader.string())
        case .binary: .binary(Array(try reader.binary()))
        case .stringPair: .stringPair(try reader.string(), try reader.string())
        }
    }
}
