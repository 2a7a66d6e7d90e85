/// Says of the pieces of a segment which count, and whether damage among them can be the work of a crash.
struct SegmentSorter {
    private(set) var pieces: [(SegmentWalk.Piece, LogDamage.Place)] = []
    /// Where a batch begins that the end has cut in two: it does not count. Only in the newest segment.
    private(set) var torn: Int?
    /// Behind the last whole batch, where something was left out.
    private(set) var takenThrough: Int?
    private(set) var hasDamage = false

    init(_ bytes: UnsafeRawBufferPointer, _ all: [SegmentWalk.Piece], isNewest: Bool, hasMarks: Bool) {
        // Behind the last piece that says that a group before it was finished, damage may be the work of a crash.
        var confirmed = isNewest ? -1 : all.count
        var batchStart: Int?
        for (index, piece) in all.enumerated() where piece.kind == .record {
            if Self.isContinued(bytes, piece) {
                batchStart = batchStart ?? index
            } else {
                batchStart = nil
                if isNewest, !hasMarks || Self.isMark(bytes, piece) { confirmed = index }
            }
        }
        let lastWhole = all.lastIndex { $0.kind == .record } ?? -1
        let cut = isNewest ? batchStart ?? all.count : all.count
        for (index, piece) in all.enumerated() where index < cut || piece.kind == .damage {
            let place: LogDamage.Place = index < confirmed ? .inside : index > lastWhole ? .tail : .lastGroup
            if piece.kind != .record { hasDamage = true }
            pieces.append((piece, place))
        }
        if cut < all.count {
            takenThrough = all[cut].offset
            if !hasDamage { torn = all[cut].offset }
        } else if let last = all.last, last.kind == .damage, isNewest {
            takenThrough = last.offset
        }
    }

    private static func isMark(_ bytes: UnsafeRawBufferPointer, _ piece: SegmentWalk.Piece) -> Bool {
        bytes[piece.offset + LogRecord.headerBytes] == LogRecord.RecordType.mark.rawValue
    }

    private static func isContinued(_ bytes: UnsafeRawBufferPointer, _ piece: SegmentWalk.Piece) -> Bool {
        bytes[piece.offset + LogRecord.headerBytes] & LogRecord.isContinued != 0
    }
}
