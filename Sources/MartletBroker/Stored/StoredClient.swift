import MQTTCodec
import MartletBase
import MartletStore
import NIOCore

/// A client id in the store: its presence, the connection that it has, the session that is kept for it, and the will
/// that waits. One record for each client id, written by its home loop.
struct StoredClient {
    private static let form: UInt8 = 1

    let key: ClientKey
    var presence: Presence
    var session: Session?
    /// The connection that was open when the record was written.
    var open: NetworkSession?
    var waitingWill: WaitingWill?

    struct Session {
        let queue: StoreNumber
        let expirySeconds: UInt32
        let version: ProtocolVersion
    }

    func write(into bytes: inout ByteBuffer) {
        bytes.store(Self.form)
        bytes.store(text: key.account.text)
        bytes.store(text: key.clientID)
        bytes.store(presence.versionNumber)
        bytes.store(presence.nextVersionNumber)
        bytes.store(optional: presence.connectedAt) { $0.store(time: $1) }
        bytes.store(optional: presence.disconnectedAt) { $0.store(time: $1) }
        bytes.store(optional: presence.disconnectReason) { $0.store(text: $1.rawValue) }
        bytes.store(optional: session) { bytes, session in
            bytes.store(session.queue.rawValue)
            bytes.store(session.expirySeconds)
            bytes.store(session.version.rawValue)
        }
        bytes.store(optional: open) { $1.write(into: &$0) }
        bytes.store(optional: waitingWill) { bytes, waiting in
            waiting.origin.write(into: &bytes)
            bytes.store(time: waiting.dueAt)
        }
    }

    init(key: ClientKey, presence: Presence, session: Session?, open: NetworkSession?, waitingWill: WaitingWill?) {
        self.key = key
        self.presence = presence
        self.session = session
        self.open = open
        self.waitingWill = waitingWill
    }

    init(_ body: ByteBuffer) throws(StoredFormatError) {
        var rest = body
        try rest.expectStored(form: Self.form)
        key = ClientKey(account: try rest.storedAccount(), clientID: try rest.storedText())
        presence = Presence(versionNumber: try rest.stored(), nextVersionNumber: try rest.stored())
        presence.connectedAt = try rest.storedOptional { bytes throws(StoredFormatError) in try bytes.storedTime() }
        presence.disconnectedAt = try rest.storedOptional { bytes throws(StoredFormatError) in try bytes.storedTime() }
        let reason = try rest.storedOptional { bytes throws(StoredFormatError) in try bytes.storedText() }
        presence.disconnectReason = reason.flatMap(DisconnectReason.init)
        session = try rest.storedOptional { bytes throws(StoredFormatError) in
            let queue = StoreNumber(try bytes.stored())
            let expiry: UInt32 = try bytes.stored()
            guard let version = ProtocolVersion(rawValue: try bytes.stored()) else {
                throw StoredFormatError("a protocol version this version does not know")
            }
            return Session(queue: queue, expirySeconds: expiry, version: version)
        }
        open = try rest.storedOptional { bytes throws(StoredFormatError) in try NetworkSession(&bytes) }
        waitingWill = try rest.storedOptional { bytes throws(StoredFormatError) in
            let origin = try NetworkSession(&bytes)
            return WaitingWill(origin: origin, dueAt: try bytes.storedTime())
        }
    }
}
