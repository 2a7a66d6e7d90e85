import IoTPolicy
package import MQTTCodec
import NIOCore

/// One client's connection and, until sessions are kept, its session. Lives on its event loop and is touched there
/// only. What most connections never use is made when it is first needed: an idle connection stays small.
package final class ClientConnection {
    enum Phase {
        /// Nothing but CONNECT may come.
        case awaitingConnect
        /// CONNECT was read; its policies are being looked up or its client id is being claimed. Reads wait.
        case connecting
        case connected
        case closed
    }

    let slot: UInt32
    let generation: UInt32
    let account: AccountContext
    let peer: PeerIdentity
    unowned let transport: any ConnectionTransport

    var phase = Phase.awaitingConnect
    var version = ProtocolVersion.v3_1_1
    var clientID = ""
    /// The server was full when the socket came: CONNECT is answered with this.
    var admissionLimit: LimitExceeded?
    /// CONNECT while it is being decided; nil afterwards.
    var pendingConnect: PendingConnect?
    /// The principal's policies changed while CONNECT was being decided: decide again.
    var authorizationIsStale = false
    var authorizer: Authorizer?
    var thingName: String?
    var isClientIDClaimed = false
    var askedForPersistentSession = false

    /// Receive needs no look-up: the policies allow it on every topic.
    var receivesEverything = false
    var wantsProblemInformation = true
    var clientPacketBytes = Int.max
    var receiveMaximum = 0
    var keepAliveSeconds = 0
    /// The second of the loop's clock in which the client was last heard.
    var lastHeardSecond: UInt32 = 0

    var output = OutboundBuffer()
    var isDirty = false
    var inflight = InflightWindow()
    var pending: CircularBuffer<PendingDelivery>?
    var pendingBytes = 0
    /// Retained messages that a new subscription is still to get.
    var retainedDeliveries: CircularBuffer<RetainedDelivery>?

    var publishCache: TopicCacheBox?
    var receiveCache: TopicCacheBox?
    /// By filter, for UNSUBSCRIBE, re-authorisation and the end of the connection.
    var subscriptions: [ByteBuffer: SubscriptionOptions]?
    var inboundAliases: [UInt16: ByteBuffer]?
    var will: LastWill?

    init(
        slot: UInt32, generation: UInt32, account: AccountContext, peer: PeerIdentity,
        transport: any ConnectionTransport
    ) {
        self.slot = slot
        self.generation = generation
        self.account = account
        self.peer = peer
        self.transport = transport
    }

    /// False while packets that have been read must wait for a decision.
    package var acceptsPackets: Bool { phase == .awaitingConnect || phase == .connected }
    package var isClosed: Bool { phase == .closed }
    package var protocolVersion: ProtocolVersion? { phase == .awaitingConnect ? nil : version }

}

/// A CONNECT that is being decided. An object, so that a connection carries no room for it afterwards.
final class PendingConnect {
    let packet: Connect
    init(_ packet: Connect) { self.packet = packet }
}

/// Gives a `TopicCache` a place on the heap that is made on first use.
final class TopicCacheBox {
    var cache: TopicCache
    /// The epoch of the subscription index for which the targets hold.
    var epoch: UInt64 = 0
    init(limit: Int) { cache = TopicCache(limit: limit) }
}
