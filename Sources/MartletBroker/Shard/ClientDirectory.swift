import MartletBase

/// A client id in its account's name space.
struct ClientKey: Hashable, Sendable {
    let account: AccountID
    let clientID: String
}

/// What loops tell each other about client ids.
enum DirectoryMessage: Sendable {
    /// To the home loop: this connection wants the client id.
    case claim(ClientKey, ConnectionRef, address: String)
    /// To the owner's loop: another connection wants the client id; end yours.
    case takeOver(ConnectionRef, by: String)
    /// To the claimant's loop: the client id is yours.
    case granted(ConnectionRef)
    /// To the home loop: this connection has ended.
    case release(ClientKey, ConnectionRef)
}

/// Who holds which client id. Each id has one home loop, which serialises CONNECT and take-over for it: a second
/// CONNECT is granted only when the first connection has said that it is gone `[MQTT-3.1.4-2]`. A value: message in,
/// messages out.
struct ClientDirectory {
    private struct Entry {
        var owner: ConnectionRef
        var waiting: [(ref: ConnectionRef, address: String)] = []
    }

    private var entries: [ClientKey: Entry] = [:]

    var count: Int { entries.count }

    /// Returns what to send: to the claimant, or to the owner that has to leave first.
    mutating func claim(_ key: ClientKey, by ref: ConnectionRef, address: String) -> DirectoryMessage? {
        guard var entry = entries[key] else {
            entries[key] = Entry(owner: ref)
            return .granted(ref)
        }
        entry.waiting.append((ref, address))
        entries[key] = entry
        return entry.waiting.count == 1 ? .takeOver(entry.owner, by: address) : nil
    }

    /// The connection is gone, whether it owned the id or still waited for it.
    mutating func release(_ key: ClientKey, by ref: ConnectionRef) -> [DirectoryMessage] {
        guard var entry = entries[key] else { return [] }
        guard entry.owner == ref else {
            entry.waiting.removeAll { $0.ref == ref }
            entries[key] = entry
            return []
        }
        guard !entry.waiting.isEmpty else {
            entries[key] = nil
            return []
        }
        entry.owner = entry.waiting.removeFirst().ref
        entries[key] = entry
        let next = entry.waiting.first.map { DirectoryMessage.takeOver(entry.owner, by: $0.address) }
        return [.granted(entry.owner)] + (next.map { [$0] } ?? [])
    }
}
