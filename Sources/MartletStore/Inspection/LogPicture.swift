/// What a log holds, as one who only reads it finds. What the store would make of it, with all that is damaged left out.
package struct LogPicture: Sendable {
    package struct Segment: Sendable {
        package let number: UInt32
        package let file: String
        package let byteCount: Int
        /// Up to the end of the last record.
        package internal(set) var usedBytes = 0
        package internal(set) var records = 0
        package internal(set) var liveBytes = 0
    }

    package struct Tally: Hashable, Sendable {
        package var count = 0
        package var bytes = 0

        package init() {}

        mutating func add(_ byteCount: Int) {
            count += 1
            bytes += byteCount
        }
    }

    struct Record: Sendable {
        let location: LogLocation
        let byteCount: Int
        let revision: UInt64
        /// nil: removed.
        let kind: RecordKind?
        let note: RecordNote
    }

    package internal(set) var segments: [UInt32: Segment] = [:]
    /// Of all records that are whole, by what they are called in `LogRecord`.
    package internal(set) var written: [String: Tally] = [:]
    package internal(set) var damages: [LogDamage] = []
    package internal(set) var findings: [LogFinding] = []
    /// A number that nothing has had.
    package internal(set) var nextStoreNumber: UInt64 = 1
    /// How far what stood in a segment has been copied: before it there is nothing any more.
    var cleaned: [UInt32: Int] = [:]
    var records: [UInt64: Record] = [:]
    var queues: [UInt64: QueuePicture] = [:]

    package init() {}

    package var totalBytes: Int { segments.values.reduce(0) { $0 + $1.byteCount } }
    package var liveBytes: Int { segments.values.reduce(0) { $0 + $1.liveBytes } }

    /// Of records that are live, by kind.
    package var liveRecords: [RecordKind: Tally] {
        var tallies: [RecordKind: Tally] = [:]
        for record in records.values {
            if let kind = record.kind { tallies[kind, default: Tally()].add(record.byteCount) }
        }
        return tallies
    }

    /// The notes of all live records of a kind.
    package func notes(of kind: RecordKind) -> [(number: UInt64, note: RecordNote)] {
        records.compactMap { number, record in record.kind == kind ? (number, record.note) : nil }
    }

    package var liveQueues: [QueuePicture] { queues.values.filter(\.isLive) }

    package func isLiveQueue(_ number: UInt64) -> Bool { queues[number]?.isLive ?? false }

    /// Queues whose opening was lost, and that somebody names: they are taken as open.
    package mutating func reopen(namedBy owners: some Sequence<UInt64>) {
        guard damages.contains(where: { !$0.isWhole }) else { return }
        for number in owners where number > 0 && number < nextStoreNumber {
            var queue = queues[number] ?? QueuePicture(number: number)
            guard queue.opened == nil, !queue.hasEnded else { continue }
            queue.isReopened = true
            queues[number] = queue
        }
    }

    /// Where the newest version of a record stands.
    package func place(of number: UInt64) -> (file: String, offset: Int)? { records[number].map { place($0.location) } }

    /// Where something stands, for people.
    func place(_ location: LogLocation) -> (file: String, offset: Int) {
        (segments[location.segment]?.file ?? SegmentHeader.fileName(location.segment), location.offset)
    }
}

// MARK: Reading on

extension LogPicture {
    mutating func read(_ view: LogRecordView, at location: LogLocation, _ take: (RecordKind, UnsafeRawBufferPointer) -> RecordNote) {
        written["\(view.type)", default: Tally()].add(view.bytes.count)
        segments[location.segment]?.records += 1
        switch view.type {
        case .put, .remove: readRecord(view, at: location, take)
        case .openQueue:
            note(view.queue)
            queues[view.queue, default: QueuePicture(number: view.queue)].opened = (location, view.bytes.count)
        case .endQueue:
            note(view.queue)
            queues[view.queue, default: QueuePicture(number: view.queue)].end()
        case .cursor:
            note(view.queue)
            queues[view.queue, default: QueuePicture(number: view.queue)].move(to: view.cursor, at: location, view.bytes.count)
        case .message: readMessage(view, at: location)
        case .cleaned: cleaned[view.cleanedSegment] = max(cleaned[view.cleanedSegment] ?? 0, Int(view.cleanedThrough))
        case .mark, .void: break
        }
    }

    private mutating func note(_ number: UInt64) { nextStoreNumber = max(nextStoreNumber, number &+ 1) }

    private mutating func readRecord(
        _ view: LogRecordView, at location: LogLocation, _ take: (RecordKind, UnsafeRawBufferPointer) -> RecordNote
    ) {
        let number = view.number
        note(number)
        guard view.revision >= records[number]?.revision ?? 0 else { return }
        var recordNote = RecordNote()
        if view.type == .put {
            guard let kind = view.kind else {
                let (file, offset) = place(location)
                findings.append(LogFinding(.unknownKind, file, offset, "record \(number) is of a kind that this version does not know"))
                return
            }
            recordNote = take(kind, UnsafeRawBufferPointer(rebasing: view.bytes[LogRecordView.putBodyOffset...]))
        }
        records[number] = Record(
            location: location, byteCount: view.bytes.count, revision: view.revision,
            kind: view.type == .put ? view.kind : nil, note: recordNote)
    }

    private mutating func readMessage(_ view: LogRecordView, at location: LogLocation) {
        let slot = QueueIndex.Slot(
            location: location, recordBytes: UInt32(view.bytes.count), bodyBytes: UInt32(view.messageBodyBytes))
        for target in 0..<Int(view.targetCount) {
            let number = view.targetQueue(target)
            note(number)
            let sequence = view.targetSequence(target)
            guard sequence > 0 else { continue }
            queues[number, default: QueuePicture(number: number)].add(sequence, slot)
        }
    }

    /// All was read: says of each segment how much of it is live.
    mutating func countLiveBytes() {
        var live: [LogLocation: Int] = [:]
        for record in records.values where record.kind != nil { live[record.location] = record.byteCount }
        for queue in queues.values where queue.isLive {
            if let (location, bytes) = queue.opened { live[location] = bytes }
            if let (location, bytes) = queue.cursorPlace { live[location] = bytes }
            for (_, slot) in queue.entries { live[slot.location] = Int(slot.recordBytes) }
        }
        for number in segments.keys { segments[number]?.liveBytes = 0 }
        for (location, bytes) in live { segments[location.segment]?.liveBytes += bytes }
    }
}
