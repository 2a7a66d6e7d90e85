/// What a damaged record says of itself. Its checksum does not hold, so any of it may be wrong.
package enum RecordClaim: Hashable, Sendable {
    case put(number: UInt64, kind: RecordKind, revision: UInt64, note: RecordNote)
    case remove(number: UInt64, revision: UInt64)
    /// The entries that it made: queue and sequence.
    case message([Entry])
    case openQueue(UInt64)
    case endQueue(UInt64)
    case cursor(UInt64, QueueCursor)
    /// It says nothing that a reader would need.
    case nothing
    /// There may have been a record of any type, or several.
    case unknown

    package struct Entry: Hashable, Sendable {
        package let queue: UInt64
        package let sequence: UInt64
    }

    /// - Parameter view: the record as its length and type describe it; nil where they do not hold together.
    init(_ view: LogRecordView?, _ take: (RecordKind, UnsafeRawBufferPointer) -> RecordNote) {
        guard let view else {
            self = .unknown
            return
        }
        switch view.type {
        case .put:
            guard let kind = view.kind else {
                self = .unknown
                return
            }
            let body = UnsafeRawBufferPointer(rebasing: view.bytes[LogRecordView.putBodyOffset...])
            self = .put(number: view.number, kind: kind, revision: view.revision, note: take(kind, body))
        case .remove: self = .remove(number: view.number, revision: view.revision)
        case .message:
            let targets = 0..<Int(view.targetCount)
            self = .message(targets.map { Entry(queue: view.targetQueue($0), sequence: view.targetSequence($0)) })
        case .openQueue: self = .openQueue(view.queue)
        case .endQueue: self = .endQueue(view.queue)
        case .cursor: self = .cursor(view.queue, view.cursor)
        case .mark, .cleaned, .void: self = .nothing
        }
    }

    /// Whether the numbers in it can have been given at all.
    func isPlausible(below limit: UInt64) -> Bool {
        switch self {
        case .put(let number, _, _, _), .remove(let number, _), .openQueue(let number), .endQueue(let number),
            .cursor(let number, _):
            number > 0 && number < limit
        case .message(let entries): entries.allSatisfy { $0.queue > 0 && $0.queue < limit }
        case .nothing, .unknown: true
        }
    }
}
