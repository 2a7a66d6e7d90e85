import IoTPolicy
import MQTTCodec
package import MartletBase
import NIOCore

/// What a change of policies, certificates or things touches: the live connections of these certificates, and those
/// associated with these things or named like them (policies.md section 6, "When changes take effect").
package struct AffectedConnections: Sendable {
    package var certificates: Set<CertificateID>
    package var thingNames: Set<String>
    /// Users of the password file.
    package var users: Set<String>
    private let isEverything: Bool

    package init(certificates: Set<CertificateID>, thingNames: Set<String>, users: Set<String> = []) {
        self.init(certificates: certificates, thingNames: thingNames, users: users, isEverything: false)
    }

    /// When it cannot be known what a change touches, everything is decided anew.
    package static let everything = AffectedConnections(certificates: [], thingNames: [], users: [], isEverything: true)

    private init(certificates: Set<CertificateID>, thingNames: Set<String>, users: Set<String>, isEverything: Bool) {
        self.certificates = certificates
        self.thingNames = thingNames
        self.users = users
        self.isEverything = isEverything
    }

    func contains(_ connection: ClientConnection) -> Bool {
        if isEverything { return true }
        if case .certificate(let id) = connection.peer.principal, certificates.contains(id) { return true }
        if let name = connection.userName, users.contains(name) { return true }
        if thingNames.contains(connection.clientID) { return true }
        return connection.thingName.map(thingNames.contains) ?? false
    }
}

extension BrokerShard {
    /// Decides anew for every connection that is touched, and calls `done` on the loop when all have been.
    func reauthorize(_ affected: AffectedConnections, _ done: @escaping @Sendable () -> Void) {
        let shard = NIOLoopBound(self, eventLoop: loop)
        let group = ReauthorizationGroup(done)
        let groupBox = NIOLoopBound(group, eventLoop: loop)
        for connection in openConnections where affected.contains(connection) {
            if connection.phase == .connecting { connection.authorizationIsStale = true }
            guard connection.phase == .connected else { continue }
            group.enter()
            let ref = ref(connection)
            let request = AuthorizationRequest(
                realm: connection.account.realm, peer: connection.peer, clientID: connection.clientID)
            broker.authority.authorize(request, on: loop) { result in
                shard.value.reauthorized(ref, result)
                groupBox.value.leave()
            }
        }
        group.leave()
    }

    private func reauthorized(_ ref: ConnectionRef, _ result: Result<ConnectionAuthorization, ConnectRefusal>) {
        guard let connection = connection(ref), connection.phase == .connected else { return }
        switch result {
        case .failure(let refusal):
            close(connection, .principalRevoked(refusal.description))
        case .success(let authorization):
            let decision = authorization.authorizer.decideConnect(
                clientID: connection.clientID, persistent: connection.askedForPersistentSession,
                lastWillTopic: connection.will.map { String(buffer: $0.topic) }, now: broker.clock.now())
            // Installed first, so that the will is judged by the new policies too.
            install(authorization, on: connection)
            guard decision.isAllowed else { return close(connection, .connectNoLongerAllowed(decision)) }
            recheckSubscriptions(connection, authorization.authorizer)
        }
    }

    /// A subscription that lost `iot:Subscribe` stays and delivers nothing until it is allowed again.
    func recheckSubscriptions(_ connection: ClientConnection, _ authorizer: Authorizer) {
        guard let subscriptions = connection.subscriptions else { return }
        var changed: [(ByteBuffer, SubscriptionOptions)] = []
        for (filter, held) in subscriptions {
            let options = held.options
            let isAllowed = filter.withUnsafeReadableBytes { maySubscribe(authorizer, $0) }
            guard isAllowed == options.contains(.suspended) else { continue }
            let new = isAllowed ? options.subtracting(.suspended) : options.union(.suspended)
            changed.append((filter, new))
        }
        guard !changed.isEmpty else { return }
        let ref = indexRef(connection)
        asWriter(of: connection.account) { table in
            for (filter, options) in changed {
                filter.withUnsafeReadableBytes { table.change($0, of: ref) { $0.options = options } }
            }
        }
        for (filter, options) in changed { connection.subscriptions?[filter]?.options = options }
    }
}

/// Counts answers that are still to come; calls `done` once when the last one has. Starts with the caller's own hold.
private final class ReauthorizationGroup {
    private var open = 1
    private let done: @Sendable () -> Void

    init(_ done: @escaping @Sendable () -> Void) { self.done = done }

    func enter() { open += 1 }

    func leave() {
        open -= 1
        if open == 0 { done() }
    }
}
