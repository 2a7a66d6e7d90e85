internal import AWSModel
internal import MartletBase
internal import MartletBroker
internal import Synchronization

/// How often the operations on connections may be called for one client id and for one account: `api.conn.*`
/// (mqtt-broker.md section 16).
package final class ConnectionCallRates: Sendable {
    private struct State {
        var clients: KeyedBuckets?
        var accounts: KeyedBuckets?
    }

    private let state: Mutex<State>

    /// - Parameters: calls a second; nil: no limit.
    package init(perClientID: Int? = nil, perAccount: Int? = nil) {
        state = Mutex(
            State(
                clients: RateLimit(perClientID).map { KeyedBuckets($0) },
                accounts: RateLimit(perAccount).map { KeyedBuckets($0) }))
    }

    /// Returns when the call is within both rates; each call counts, whatever its operation.
    func take(_ clientID: String, _ call: CallContext) throws {
        let now = UInt64(clamping: call.now.millisecondsSinceEpoch) * 1_000_000
        var account = Hasher()
        account.combine(call.account)
        var client = account
        client.combine(clientID)
        let (accountKey, clientKey) = (UInt64(bitPattern: Int64(account.finalize())), UInt64(bitPattern: Int64(client.finalize())))
        let exceeded: String? = state.withLock { state in
            guard state.accounts?.take(accountKey, at: now) ?? true else { return "api.conn.ratePerAccount" }
            return state.clients?.take(clientKey, at: now) ?? true ? nil : "api.conn.ratePerClientId"
        }
        if let exceeded { throw ServiceFailure.throttling("More calls a second than \(exceeded) allows") }
    }
}
