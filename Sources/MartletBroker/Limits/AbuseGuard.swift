package import Logging
package import MartletBase
import NIOConcurrencyHelpers
import Synchronization

/// The abuse budgets of the node, behind one lock that is taken when a socket is accepted and when something goes
/// wrong, never for a message. Nobody has one while all budgets are off.
package final class AbuseGuard: Sendable {
    private let ledger: NIOLockedValueBox<AbuseLedger>
    private let clock: any WallClock
    private let logger: Logger
    private let banned = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)
    private let countsConnects: Bool

    /// nil when no budget is set.
    package init?(_ budgets: AbuseBudgets, clock: any WallClock, logger: Logger) {
        guard !budgets.isOff else { return nil }
        ledger = NIOLockedValueBox(AbuseLedger(budgets))
        countsConnects = budgets.connects != nil
        self.clock = clock
        self.logger = logger
    }

    /// Whether a socket from this address is closed at once.
    package func refuses(_ address: String) -> Bool {
        let now = clock.now()
        guard ledger.withLockedValue({ $0.isBanned(address, at: now) }) else { return false }
        refused.add(1, ordering: .relaxed)
        return true
    }

    package func note(_ kind: AbuseKind, by address: String) {
        guard kind != .connects || countsConnects else { return }
        let now = clock.now()
        guard let ban = ledger.withLockedValue({ $0.note(kind, by: address, at: now) }) else { return }
        banned.add(1, ordering: .relaxed)
        logger.notice(
            "address shut out",
            metadata: [
                "reason": "abuseBudget", "limit": "abuse.\(ban.kind.rawValue)", "allowed": "\(ban.limit)",
                "address": "\(ban.address)", "until": "\(ban.until.iso8601)",
            ])
    }

    /// Bans so far.
    package var banCount: Int { banned.load(ordering: .relaxed) }
    /// Sockets closed at accept because their address was shut out.
    package var refusedCount: Int { refused.load(ordering: .relaxed) }
}
