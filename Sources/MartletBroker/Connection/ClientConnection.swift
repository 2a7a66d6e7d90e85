import IoTPolicy
package import MQTTCodec
import MartletBase
import MartletStore
import NIOCore

/// One client's connection, with the session that ends with it or the kept one that it has taken up. Lives on its event
/// loop and is touched there only. What most connections never use is made when it is first needed: an idle connection
/// stays small.
package final class ClientConnection {
    enum Phase {
        /// Nothing but CONNECT may come.
        case awaitingConnect
        /// CONNECT was read; its policies are being looked up or its client id is being claimed. Reads wait.
        case connecting
        case connected
        case closed
    }

    /// How far the connection has come with its client id.
    enum Claim {
        case none
        /// The home loop was asked.
        case asked
        /// It is this connection's, until the home loop is told that it has ended.
        case granted
    }

    struct Holds: OptionSet {
        let rawValue: UInt8
        /// It has sent more than `publish.bytesPerSecond`.
        static let bytes = Holds(rawValue: 1)
        /// It publishes while the process has more memory than `memory.maxBytes`.
        static let memory = Holds(rawValue: 2)
    }

    let slot: UInt32
    let generation: UInt32
    let account: AccountContext
    /// CONNECT may say more about who it is.
    var peer: PeerIdentity
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
    /// The thing that the certificate belongs to alone: its events name it (lifecycle-events.md section 2).
    var exclusiveThingName: String?
    var claim = Claim.none
    var askedForPersistentSession = false
    /// Names this connection in its events.
    var sessionIdentifier: SessionIdentifier?
    /// The kept session that it has taken up.
    var session: PersistentSession?

    /// Receive needs no look-up: the policies allow it on every topic.
    var receivesEverything = false
    var wantsProblemInformation = true
    var clientPacketBytes = Int.max
    var receiveMaximum = 0
    var keepAliveSeconds = 0
    /// As the client asked for it; the server may hold it to another.
    var askedKeepAliveSeconds: UInt16 = 0
    /// When CONNECT was accepted.
    var connectedAt: WallInstant?
    /// The second of the loop's clock in which the client was last heard.
    var lastHeardSecond: UInt32 = 0

    var output = OutboundBuffer()
    /// Acknowledgements that wait for the store.
    var answers: CircularBuffer<PendingAnswer>?
    /// PUBACKs among them, which is what the client's inbound window counts.
    var pendingPubAcks = 0
    /// It has published something that the store keeps, while the store is behind: it waits.
    var waitsForStore = false
    var isDirty = false
    var inflight = InflightWindow()
    /// Of `publish.ratePerConnection`, both directions.
    var publishes = TokenBucket()
    /// Of `publish.bytesPerSecond`.
    var publishedBytes = TokenBucket()
    /// Why the client is not read from for now.
    var holds: Holds = []
    /// The next second looks at it: a rate has stopped it.
    var isThrottled = false
    /// The second of the loop's clock in which its time is over; nil: it may last.
    var endsAtSecond: UInt32?
    /// QoS 2 messages that the client has published and not released, where no kept session remembers them.
    var inbound: Set<UInt16>?
    /// Topic aliases that the client lets the server use; nil for none.
    var outboundAliases: OutboundAliases?
    /// It is a member of a shared group: publishers want to know how much room it has.
    var isShareMember = false
    var pending: CircularBuffer<PendingDelivery>?
    var pendingBytes = 0
    /// Retained messages that a new subscription is still to get.
    var retainedDeliveries: CircularBuffer<RetainedDelivery>?

    var publishCache: TopicCacheBox?
    var receiveCache: TopicCacheBox?
    /// By filter, for UNSUBSCRIBE, re-authorisation and the end of the connection.
    var subscriptions: [ByteBuffer: HeldSubscription]?
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
    /// The client id was granted, and policies have to be asked once more before it is used.
    var grant: ConnectGrant?
    init(_ packet: Connect) { self.packet = packet }
}

/// Gives a `TopicCache` a place on the heap that is made on first use.
final class TopicCacheBox {
    var cache: TopicCache
    /// The epoch of the subscription index for which the targets hold.
    var epoch: UInt64 = 0
    init(limit: Int) { cache = TopicCache(limit: limit) }
}
