/// What the damage of a log has cost, as exactly as what is left of it tells.
package struct LogLosses: Sendable {
    /// A record whose newest version is gone.
    package struct Record: Hashable, Sendable {
        package let kind: RecordKind
        package let number: UInt64
        /// Whom it is about, by the version that was taken, else by the damaged bytes.
        package let label: String
        /// Where the newest version stood.
        package let damage: LogDamage
        /// Where the version stands that was taken instead; nil when there is none.
        package let older: (file: String, offset: Int)?

        package static func == (one: Record, other: Record) -> Bool { one.number == other.number && one.damage == other.damage }
        package func hash(into hasher: inout Hasher) { hasher.combine(number) }
    }

    /// Messages of one queue that are not settled and not there.
    package struct Messages: Hashable, Sendable {
        package let queue: UInt64
        package let sequences: [ClosedRange<UInt64>]
        package var count: UInt64 { sequences.reduce(0) { $0 + UInt64($1.count) } }
    }

    package private(set) var records: [Record] = []
    /// Records that had been removed, and are there again.
    package private(set) var returned: [Record] = []
    package private(set) var messages: [Messages] = []
    /// Queues whose newest cursor is gone: what it had settled beyond the one that was taken comes again.
    package private(set) var cursors: [(queue: UInt64, damage: LogDamage)] = []
    /// Queues that had ended, and are there again.
    package private(set) var endings: [(queue: UInt64, damage: LogDamage)] = []
    /// Queues whose opening was lost, and that were opened again.
    package private(set) var reopened: [UInt64] = []
    /// Where nothing tells what stood there.
    package private(set) var unknown: [LogDamage] = []
    /// Records at the very end that a crash may have torn: then they had not been acknowledged.
    package private(set) var unfinished: [LogDamage] = []

    /// Damage that was no crash's has cost something, or may have.
    package var isNothing: Bool {
        records.isEmpty && returned.isEmpty && messages.isEmpty && cursors.isEmpty && endings.isEmpty && reopened.isEmpty
            && unknown.isEmpty
    }

    package init(_ picture: LogPicture) {
        var claimed: [UInt64: [UInt64]] = [:]
        for damage in picture.damages where !damage.isWhole && damage.place != .void {
            guard damage.place != .tail else {
                unfinished.append(damage)
                continue
            }
            guard damage.claim.isPlausible(below: picture.nextStoreNumber) else {
                unknown.append(damage)
                continue
            }
            let before = count
            weigh(damage, picture, &claimed)
            // What its damaged bytes say may be wrong, so that nothing was lost too.
            if !damage.isCertain, count == before, damage.claim != .unknown { unknown.append(damage) }
        }
        for queue in picture.queues.values where queue.isLive {
            let missing = queue.missing(claimed: claimed[queue.number] ?? [])
            if !missing.isEmpty { messages.append(Messages(queue: queue.number, sequences: missing)) }
            if queue.isReopened { reopened.append(queue.number) }
        }
        messages.sort { $0.queue < $1.queue }
        reopened.sort()
    }

    private var count: Int { records.count + returned.count + cursors.count + endings.count + unknown.count }

    private mutating func weigh(_ damage: LogDamage, _ picture: LogPicture, _ claimed: inout [UInt64: [UInt64]]) {
        switch damage.claim {
        case .put(let number, let kind, let revision, let note):
            weighPut(damage, number, kind, revision, note, picture)
        case .remove(let number, let revision):
            guard let record = picture.records[number], let kind = record.kind, record.revision <= revision,
                record.location < damage.location
            else { return }
            returned.append(
                Record(kind: kind, number: number, label: record.note.label, damage: damage, older: picture.place(record.location)))
        case .message(let entries):
            for entry in entries where entry.sequence > 0 {
                guard let queue = picture.queues[entry.queue], queue.isLive,
                    // A sequence that the queue cannot have reached is a damaged one.
                    entry.sequence <= queue.lastSequence + UInt64(picture.damages.count)
                else { continue }
                claimed[entry.queue, default: []].append(entry.sequence)
            }
        case .openQueue, .nothing: break
        case .endQueue(let number):
            if picture.isLiveQueue(number) { endings.append((number, damage)) }
        case .cursor(let number, let cursor):
            guard let queue = picture.queues[number], queue.isLive, queue.cursorPlace.map({ $0.location < damage.location }) ?? true,
                cursor.settledThrough >= queue.cursor.settledThrough
            else { return }
            cursors.append((number, damage))
        case .unknown: unknown.append(damage)
        }
    }

    private mutating func weighPut(
        _ damage: LogDamage, _ number: UInt64, _ kind: RecordKind, _ revision: UInt64, _ note: RecordNote, _ picture: LogPicture
    ) {
        let current = picture.records[number]
        if let current, current.location > damage.location, current.revision >= revision { return }
        let taken = current.flatMap { $0.kind == nil ? nil : $0 }
        records.append(
            Record(
                kind: taken?.kind ?? kind, number: number, label: taken?.note.label ?? note.label, damage: damage,
                older: taken.map { picture.place($0.location) }))
    }
}

extension LogLocation: Comparable {
    static func < (one: LogLocation, other: LogLocation) -> Bool {
        (one.segment, one.offset) < (other.segment, other.offset)
    }
}
