import MartletBase
import NIOCore

/// One connection of a client as its events, its will and its record name it.
struct NetworkSession: Sendable {
    let sessionIdentifier: SessionIdentifier
    let peer: PeerIdentity
    let thingName: String?
    let will: LastWill?
}

/// A will whose connection has ended and whose delay has not.
struct WaitingWill: Sendable {
    let origin: NetworkSession
    let dueAt: WallInstant
}

extension NetworkSession {
    func write(into bytes: inout ByteBuffer) {
        bytes.store(sessionIdentifier.high)
        bytes.store(sessionIdentifier.low)
        bytes.store(optional: peer.storedPrincipal) { $0.store(text: $1) }
        bytes.store(text: peer.address)
        bytes.store(UInt32(clamping: peer.port))
        bytes.store(optional: peer.serverName) { $0.store(text: $1) }
        bytes.store(UInt8(peer.isEncrypted ? 1 : 0))
        bytes.store(optional: thingName) { $0.store(text: $1) }
        bytes.store(optional: will) { $1.write(into: &$0) }
    }

    init(_ bytes: inout ByteBuffer) throws(StoredFormatError) {
        sessionIdentifier = SessionIdentifier(high: try bytes.stored(), low: try bytes.stored())
        let principal = try bytes.storedOptional { bytes throws(StoredFormatError) in try bytes.storedText() }
        let address = try bytes.storedText()
        let port = Int(try bytes.stored(UInt32.self))
        let serverName = try bytes.storedOptional { bytes throws(StoredFormatError) in try bytes.storedText() }
        let isEncrypted = try bytes.stored(UInt8.self) != 0
        peer = PeerIdentity(
            principal: PeerIdentity.principal(stored: principal), address: address, port: port, serverName: serverName,
            isEncrypted: isEncrypted)
        thingName = try bytes.storedOptional { bytes throws(StoredFormatError) in try bytes.storedText() }
        will = try bytes.storedOptional { bytes throws(StoredFormatError) in try LastWill(&bytes) }
    }
}

extension PeerIdentity {
    /// nil for anonymous, a certificate's id, or `user:STAMP:NAME`, which no certificate's id can be.
    fileprivate var storedPrincipal: String? {
        switch principal {
        case .anonymous: nil
        case .certificate(let id): id.text
        case .user(let user): "user:\(user.passwordStamp):\(user.name)"
        }
    }

    fileprivate static func principal(stored text: String?) -> Principal {
        guard let text else { return .anonymous }
        if let id = CertificateID(text) { return .certificate(id) }
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "user", let stamp = UInt64(parts[1]) else { return .anonymous }
        return .user(AuthenticatedUser(name: String(parts[2]), passwordStamp: stamp))
    }
}
