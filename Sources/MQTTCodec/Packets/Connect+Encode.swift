package import NIOCore

extension Connect {
    /// Appends the frame in the version that the packet names, fields in the order of [MQTT-3.1.3-1].
    /// - Throws: nothing is written; a password without user name does not exist in version 3.1.1 [MQTT-3.1.2-22].
    package func encode(into buffer: inout ByteBuffer) throws(PacketEncodingError) {
        guard version == .v5 || password == nil || userName != nil else { throw .notInVersion3(.connect) }
        try buffer.writeFrame(.connect) { (buffer) throws(PacketEncodingError) in
            try buffer.writeBinary(Self.protocolName)
            buffer.writeInteger(version.rawValue)
            buffer.writeInteger(flags.rawValue)
            buffer.writeInteger(keepAliveSeconds)
            if version == .v5 { try properties.encode(into: &buffer) }
            try buffer.writeString(clientID)
            if let will {
                if version == .v5 { try will.properties.encode(into: &buffer) }
                try buffer.writeString(will.topic)
                try buffer.writeBinary(Array(will.payload.readableBytesView))
            }
            if let userName { try buffer.writeString(userName) }
            if let password { try buffer.writeBinary(password) }
        }
    }

    private var flags: Flags {
        var flags: Flags = cleanStart ? .cleanStart : []
        if let will {
            flags.formUnion([.will, Flags(rawValue: will.qos.rawValue << 3)])
            if will.retain { flags.insert(.willRetain) }
        }
        if userName != nil { flags.insert(.userName) }
        if password != nil { flags.insert(.password) }
        return flags
    }
}
