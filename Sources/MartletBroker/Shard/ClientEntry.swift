import MartletBase
import MartletStore

/// What the home loop knows of one client id: who holds it, who waits for it, and what is kept while nobody does. Lives
/// on the home loop and is touched there only.
final class ClientEntry {
    let key: ClientKey
    let account: AccountContext
    /// Its record in the store.
    let number: StoreNumber

    /// The connection that the id was granted to, until it says that it has ended.
    var owner: ConnectionRef?
    var waiting: [ConnectClaim] = []
    var presence = Presence()
    /// Of `connect.ratePerClientId`.
    var connects = TokenBucket()
    /// The kept session while nobody has taken it up.
    var session: PersistentSession?
    var waitingWill: WaitingWill?
    /// Its policies are being looked up.
    var isPublishingWill = false
    /// DeleteConnection calls that wait for the owner to be gone.
    var deletions: [PendingDeletion] = []
    /// The last connection, for those who ask after it has ended.
    var lastConnection: LastConnection?
    /// The earliest time at which a timer will look at it.
    var timedAt: WallInstant?

    init(key: ClientKey, account: AccountContext, number: StoreNumber) {
        self.key = key
        self.account = account
        self.number = number
    }

    /// When the kept session ends, if its client does not come back; nil when nothing ends.
    var sessionEndsAt: WallInstant? {
        guard let session, let left = presence.disconnectedAt, session.expirySeconds != .max else { return nil }
        return left.advanced(bySeconds: Int64(session.expirySeconds))
    }

    /// When the version number starts again (lifecycle-events.md section 2); nil while a session is kept or a client is
    /// connected.
    var presenceResetsAt: WallInstant? {
        guard session == nil, owner == nil, !presence.isReset else { return nil }
        return presence.disconnectedAt?.advanced(bySeconds: Presence.resetSeconds)
    }

    /// The next time at which something is due.
    var nextDue: WallInstant? {
        guard owner == nil else { return nil }
        let willDueAt = isPublishingWill ? nil : waitingWill?.dueAt
        return [willDueAt, sessionEndsAt, presenceResetsAt].compactMap(\.self).min()
    }
}
