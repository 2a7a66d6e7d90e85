import MartletBase
import Testing

@testable import MartletBroker

@Suite struct AbuseLedgerTests {
    private let start = WallInstant(millisecondsSinceEpoch: 1_767_225_600_000)

    private func ledger(_ change: (inout AbuseBudgets) -> Void = { _ in }) -> AbuseLedger {
        var budgets = AbuseBudgets()
        budgets.malformedPackets = 3
        budgets.banSeconds = 30
        change(&budgets)
        return AbuseLedger(budgets)
    }

    @Test("the packet beyond the budget shuts the address out, and the clock lets it in again")
    func ban() {
        var ledger = ledger()
        for _ in 0..<3 { #expect(ledger.note(.malformedPackets, by: "192.0.2.1", at: start) == nil) }
        #expect(!ledger.isBanned("192.0.2.1", at: start))
        let ban = ledger.note(.malformedPackets, by: "192.0.2.1", at: start)
        #expect(ban == AbuseLedger.Ban(
            address: "192.0.2.1", kind: .malformedPackets, limit: 3, until: start.advanced(bySeconds: 30)))
        #expect(ledger.isBanned("192.0.2.1", at: start.advanced(bySeconds: 29)))
        #expect(!ledger.isBanned("192.0.2.1", at: start.advanced(bySeconds: 30)))
        #expect(!ledger.isBanned("192.0.2.2", at: start))
        for _ in 0..<3 {
            #expect(ledger.note(.malformedPackets, by: "192.0.2.1", at: start.advanced(bySeconds: 30)) == nil)
        }
    }

    @Test("a minute later the count begins again")
    func window() {
        var ledger = ledger()
        for _ in 0..<3 { _ = ledger.note(.malformedPackets, by: "192.0.2.1", at: start) }
        #expect(ledger.note(.malformedPackets, by: "192.0.2.1", at: start.advanced(bySeconds: 60)) == nil)
    }

    @Test("kinds are counted apart, and one without a budget not at all")
    func kinds() {
        var ledger = ledger { $0.failedAuthentications = 1 }
        for _ in 0..<3 { #expect(ledger.note(.malformedPackets, by: "192.0.2.1", at: start) == nil) }
        for _ in 0..<100 { #expect(ledger.note(.connects, by: "192.0.2.1", at: start) == nil) }
        #expect(ledger.note(.failedAuthentications, by: "192.0.2.1", at: start) == nil)
        #expect(ledger.note(.failedAuthentications, by: "192.0.2.1", at: start)?.kind == .failedAuthentications)
    }

    @Test("loopback addresses are never counted unless that is asked for", arguments: ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
    func loopback(_ address: String) {
        var spared = ledger()
        for _ in 0..<10 { #expect(spared.note(.malformedPackets, by: address, at: start) == nil) }
        #expect(spared.count == 0)
        var counted = ledger { $0.countsLoopback = true }
        let bans = (0..<4).compactMap { _ in counted.note(.malformedPackets, by: address, at: start) }
        #expect(bans.count == 1)
    }

    @Test("beyond abuse.addresses the address that was noticed first is forgotten")
    func addresses() {
        var ledger = ledger { $0.addresses = 2 }
        for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            for _ in 0..<4 { _ = ledger.note(.malformedPackets, by: address, at: start) }
        }
        #expect(ledger.count == 2)
        #expect(!ledger.isBanned("192.0.2.1", at: start))
        #expect(ledger.isBanned("192.0.2.2", at: start) && ledger.isBanned("192.0.2.3", at: start))
    }
}
