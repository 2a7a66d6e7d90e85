import Logging
package import MQTTCodec
import NIOCore

/// One packet of a client: the protocol's rules of what may come when.
extension BrokerShard {
    /// The largest packet that is read from the connection now.
    package func packetLimit(of connection: ClientConnection) -> Int {
        connection.phase == .connected ? limits.packetBytes : limits.packetBytesBeforeConnAck
    }

    /// Handles one whole frame. Its bytes are borrowed for the length of the call.
    package func receive(
        _ frame: UnsafeRawBufferPointer, header: FixedHeader, from connection: ClientConnection
    ) {
        connection.lastHeardSecond = second
        let body = UnsafeRawBufferPointer(rebasing: frame[header.headerLength...])
        guard connection.phase == .connected else {
            // [MQTT-3.1.0-1]
            guard header.type == .connect else {
                return close(connection, .protocolViolation(.protocolError, "the first packet must be CONNECT"))
            }
            return connect(connection, body, header)
        }
        do throws(MalformedPacket) {
            try dispatch(frame, body, header, connection)
        } catch {
            receivedInvalid(header, error, connection)
        }
    }

    /// A bad topic name at QoS 1 and 2 has an answer of its own in version 5; everything else ends the connection.
    private func receivedInvalid(_ header: FixedHeader, _ error: MalformedPacket, _ connection: ClientConnection) {
        guard connection.version == .v5, header.type == .publish, error.packetID != 0,
            error.reasonCode.isDefined(in: .pubAck)
        else {
            return close(connection, .malformed(error))
        }
        refusals.write("publish refused", metadata(of: connection).merging(error.metadata) { $1 })
        let packet = Acknowledgement(packetID: error.packetID, reasonCode: error.reasonCode)
        answer(connection, header.flags & 0b0100 != 0 ? .pubRec(packet) : .pubAck(packet), isStored: false)
    }

    private func dispatch(
        _ frame: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer, _ header: FixedHeader,
        _ connection: ClientConnection
    ) throws(MalformedPacket) {
        switch header.type {
        case .publish:
            let view = try PublishView.parse(frame: frame, header: header, version: connection.version)
            try publish(connection, frame, view)
        case .pubAck:
            acknowledged(
                connection,
                try AckView.parse(frame: frame, header: header, version: connection.version).packetID)
        case .pingReq:
            guard body.isEmpty else { throw MalformedPacket(.trailingBytes, at: header.headerLength) }
            counters.pings += 1
            ensureOutput(connection)
            AckEncoder.appendPingResp(into: &connection.output.tail)
            markDirty(connection)
        case .subscribe:
            subscribe(connection, try Subscribe.decode(body: body, version: connection.version))
        case .unsubscribe:
            unsubscribe(connection, try Unsubscribe.decode(body: body, version: connection.version))
        case .disconnect:
            disconnect(connection, try Disconnect.decode(body: body, version: connection.version))
        case .connect:
            // [MQTT-3.1.0-2]
            close(connection, .protocolViolation(.protocolError, "a second CONNECT"))
        case .pubRec:
            received(connection, try AckView.parse(frame: frame, header: header, version: connection.version))
        case .pubRel:
            release(connection, try AckView.parse(frame: frame, header: header, version: connection.version).packetID)
        case .pubComp:
            completed(
                connection,
                try AckView.parse(frame: frame, header: header, version: connection.version).packetID)
        case .auth:
            close(connection, .protocolViolation(.protocolError, "AUTH without an authentication method in CONNECT"))
        case .connAck, .subAck, .unsubAck, .pingResp:
            close(connection, .protocolViolation(.protocolError, "a packet that only a server sends"))
        }
    }

    private func disconnect(_ connection: ClientConnection, _ packet: Disconnect) {
        if let expiry = packet.properties.sessionExpiryIntervalSeconds {
            // [MQTT-3.14.2-2]
            guard expiry == 0 || connection.session?.expirySeconds ?? 0 > 0 else {
                return close(
                    connection, .protocolViolation(.protocolError, "DISCONNECT may not raise a session expiry of 0"))
            }
            connection.session?.expirySeconds = limits.sessionExpiry(version5Asked: expiry)
        }
        close(connection, .clientDisconnect(packet.reasonCode))
    }

    /// The bytes are no packet, or one that is too large.
    package func receivedMalformed(_ error: MalformedPacket, from connection: ClientConnection) {
        if connection.phase == .connected { return close(connection, .malformed(error)) }
        refuse(connection, .malformed(error))
    }
}
