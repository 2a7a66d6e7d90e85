import MQTTCodec
import MartletBase

/// A client id in its account's name space.
struct ClientKey: Hashable, Sendable {
    let account: AccountID
    let clientID: String
}

/// A CONNECT that was authorised and wants its client id.
struct ConnectClaim: Sendable {
    let key: ClientKey
    let ref: ConnectionRef
    let account: AccountContext
    let cleanStart: Bool
    /// Seconds that the session is to be kept after the connection; 0 for a session that ends with it.
    let expirySeconds: UInt32
    let version: ProtocolVersion
    let network: NetworkSession

    var address: String { "\(network.peer.address):\(network.peer.port)" }
}

/// The client id is the claimant's.
struct ConnectGrant: Sendable {
    /// The session that it has taken up or begun; nil for one that ends with the connection.
    let session: PersistentSession?
    let isSessionPresent: Bool
}

/// A connection that had the client id has ended.
struct ConnectionEnd: Sendable {
    let key: ClientKey
    let ref: ConnectionRef
    let session: PersistentSession?
    let reason: DisconnectReason
    let network: NetworkSession
    /// The will is still to be published, after its delay.
    let leavesWill: Bool
    /// What the connection was; nil for one that never was accepted.
    var facts: ConnectionFacts?
}

/// What loops tell each other about client ids.
enum DirectoryMessage: Sendable {
    /// To the home loop: this connection wants the client id.
    case claim(ConnectClaim)
    /// To the home loop: this connection has ended before it was granted the id. A grant that is on its way comes back
    /// as `release`.
    case withdraw(ClientKey, ConnectionRef)
    /// To the owner's loop: another connection wants the client id; end yours.
    case takeOver(ConnectionRef, by: String)
    /// To the claimant's loop: the client id is yours.
    case granted(ConnectClaim, ConnectGrant)
    /// To the claimant's loop: no session can be kept for it.
    case refused(ConnectionRef, ConnectRefusal)
    /// To the home loop: this connection has ended.
    case release(ConnectionEnd)
    /// To the home loop: publish this in the order of the client's other events.
    case event(LifecycleEvent, AccountContext)
}

/// Who holds which client id. Each id has one home loop, which serialises CONNECT and take-over for it: a second
/// CONNECT is admitted only when the first connection has said that it is gone `[MQTT-3.1.4-2]`. Event in, steps out.
struct ClientDirectory {
    enum Step {
        /// The id is free: the claim's session may be taken up.
        case admit(ClientEntry, ConnectClaim)
        case takeOver(ConnectionRef, by: String)
    }

    private var entries: [ClientKey: ClientEntry] = [:]

    var count: Int { entries.count }
    var all: some Collection<ClientEntry> { entries.values }

    subscript(_ key: ClientKey) -> ClientEntry? { entries[key] }

    mutating func add(_ entry: ClientEntry) { entries[entry.key] = entry }
    mutating func forget(_ entry: ClientEntry) { entries[entry.key] = nil }

    mutating func claim(_ claim: ConnectClaim, makeEntry: () -> ClientEntry) -> Step? {
        let entry = entries[claim.key] ?? makeEntry()
        entries[claim.key] = entry
        guard let owner = entry.owner else {
            entry.owner = claim.ref
            return .admit(entry, claim)
        }
        entry.waiting.append(claim)
        return entry.waiting.count == 1 ? .takeOver(owner, by: claim.address) : nil
    }

    func withdraw(_ key: ClientKey, _ ref: ConnectionRef) {
        entries[key]?.waiting.removeAll { $0.ref == ref }
    }

    /// The owner is gone; the first of those who wait is next, and the second makes it leave again.
    func release(_ entry: ClientEntry) -> [Step] {
        entry.owner = nil
        guard !entry.waiting.isEmpty else { return [] }
        let next = entry.waiting.removeFirst()
        entry.owner = next.ref
        return [.admit(entry, next)] + entry.waiting.prefix(1).map { .takeOver(next.ref, by: $0.address) }
    }
}
