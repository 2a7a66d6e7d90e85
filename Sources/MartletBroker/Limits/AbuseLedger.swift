import MartletBase
import NIOCore

/// Counts what source addresses do wrong and says which are shut out. A value: what happened and when comes in.
struct AbuseLedger: Sendable {
    /// An address has used a budget up.
    struct Ban: Equatable {
        let address: String
        let kind: AbuseKind
        let limit: Int
        let until: WallInstant
    }

    private struct Record {
        /// The minute that is being counted begins here.
        var since: WallInstant
        var counts: (malformed: Int, authentication: Int, connects: Int) = (0, 0, 0)
        var bannedUntil: WallInstant?
    }

    static let windowMilliseconds: Int64 = 60_000

    let budgets: AbuseBudgets
    private var records: [String: Record] = [:]
    /// The addresses of `records` in the order in which they were noticed.
    private var order = CircularBuffer<String>()

    init(_ budgets: AbuseBudgets) { self.budgets = budgets }

    var count: Int { records.count }

    /// - Returns: the ban that begins with this; nil when the budget is not used up, or the address is shut out already.
    mutating func note(_ kind: AbuseKind, by address: String, at now: WallInstant) -> Ban? {
        guard let limit = limit(of: kind), counts(address) else { return nil }
        var record = records[address] ?? add(address, now)
        guard !isBanned(record, now) else { return nil }
        if now.millisecondsSinceEpoch - record.since.millisecondsSinceEpoch >= Self.windowMilliseconds {
            record.since = now
            record.counts = (0, 0, 0)
        }
        defer { records[address] = record }
        guard Self.countUp(kind, &record) > limit else { return nil }
        let until = now.advanced(bySeconds: Int64(budgets.banSeconds))
        record.bannedUntil = until
        record.since = until
        record.counts = (0, 0, 0)
        return Ban(address: address, kind: kind, limit: limit, until: until)
    }

    func isBanned(_ address: String, at now: WallInstant) -> Bool {
        records[address].map { isBanned($0, now) } ?? false
    }

    private func isBanned(_ record: Record, _ now: WallInstant) -> Bool { record.bannedUntil.map { $0 > now } ?? false }

    private func limit(of kind: AbuseKind) -> Int? {
        switch kind {
        case .malformedPackets: budgets.malformedPackets
        case .failedAuthentications: budgets.failedAuthentications
        case .connects: budgets.connects
        }
    }

    private static func countUp(_ kind: AbuseKind, _ record: inout Record) -> Int {
        switch kind {
        case .malformedPackets:
            record.counts.malformed += 1
            return record.counts.malformed
        case .failedAuthentications:
            record.counts.authentication += 1
            return record.counts.authentication
        case .connects:
            record.counts.connects += 1
            return record.counts.connects
        }
    }

    private func counts(_ address: String) -> Bool {
        !address.isEmpty && (budgets.countsLoopback || !Self.isLoopback(address))
    }

    static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }

    private mutating func add(_ address: String, _ now: WallInstant) -> Record {
        while records.count >= budgets.addresses, let oldest = order.popFirst() { records[oldest] = nil }
        order.append(address)
        return Record(since: now)
    }
}
