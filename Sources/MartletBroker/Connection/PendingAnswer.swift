import MQTTCodec
import MartletStore
import NIOCore

/// An acknowledgement that waits for its turn: for the store, or for those before it `[MQTT-4.6.0-2]`.
struct PendingAnswer {
    enum Answer {
        /// PUBACK, PUBREC, PUBREL or PUBCOMP that says success.
        case short(PacketType, UInt16)
        /// In a box, so that a queue of short ones carries no room for one.
        case packet(PacketBox)
    }

    final class PacketBox {
        let packet: Packet
        init(_ packet: Packet) { self.packet = packet }
    }

    /// It may leave when this batch is durable.
    let ticket: StoreTicket
    let answer: Answer
}
