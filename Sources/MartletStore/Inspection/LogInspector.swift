import MartletBase
import NIOCore

/// Reads every byte of a log and changes nothing. It goes on behind damage, so that all of it is found, and what is
/// whole with it. Beside a running server it follows what the server appends meanwhile.
package struct LogInspector {
    /// How often the end of the log is looked at again when a server writes there.
    private static let looksMax = 20
    /// Bytes that are lost with one place that the disk cannot read.
    private static let blockBytes = 4096
    /// What stands for bytes that cannot be read. Not 0, which would be an end.
    private static let unreadable: UInt8 = 0xDB

    private let disk: any LogDisk
    private let take: RecordNote.Taker
    private let wait: (() -> Void)?
    private let crc = CRC32C()
    private var picture = LogPicture()
    private var headers: [UInt32: SegmentHeader] = [:]
    /// How far the newest segment was taken: up to here only whole batches.
    private var taken: (segment: UInt32, offset: Int)?

    /// - Parameter wait: lets a moment pass for a server that writes; nil when no server runs.
    package init(disk: any LogDisk, beside wait: (() -> Void)? = nil, take: @escaping RecordNote.Taker) {
        self.disk = disk
        self.take = take
        self.wait = wait
    }

    /// - Throws: when the directory itself cannot be read. What is wrong with its files is in the picture.
    package static func look(
        at disk: any LogDisk, beside wait: (() -> Void)? = nil, take: @escaping RecordNote.Taker = { _, _ in RecordNote() }
    ) throws(StoreFailure) -> LogPicture {
        var inspector = LogInspector(disk: disk, beside: wait, take: take)
        try inspector.run()
        return inspector.picture
    }

    private mutating func run() throws(StoreFailure) {
        var numbers = try segmentNumbers(after: 0)
        while !numbers.isEmpty {
            // More may have been written to it before the next one was begun.
            if let taken { readSegment(taken.segment, from: taken.offset, isNewest: false) }
            for number in numbers { readHeader(number) }
            for number in numbers { readSegment(number, from: nil, isNewest: number == numbers.last) }
            guard wait != nil, let last = numbers.last else { break }
            numbers = try segmentNumbers(after: last)
        }
        picture.countLiveBytes()
    }

    private func segmentNumbers(after last: UInt32) throws(StoreFailure) -> [UInt32] {
        try disk.fileNames().compactMap(SegmentHeader.number).filter { $0 > last }.sorted()
    }

    private mutating func readHeader(_ number: UInt32) {
        guard let file = try? disk.open(SegmentHeader.fileName(number)),
            let bytes = try? LogReader.read(file, at: 0, byteCount: SegmentHeader.byteCount)
        else { return }
        headers[number] = try? bytes.withUnsafeReadableBytesTyped { bytes throws(StoreFailure) in
            try SegmentHeader(bytes, file: file.name, crc)
        }
    }
}

// MARK: One segment

extension LogInspector {
    private mutating func readSegment(_ number: UInt32, from start: Int?, isNewest: Bool) {
        let name = SegmentHeader.fileName(number)
        for look in 1...Self.looksMax {
            guard let (file, bytes) = open(name, isNewest: isNewest) else { return }
            let isLastLook = wait == nil || look == Self.looksMax || !isNewest
            let isDone = bytes.withUnsafeReadableBytes { bytes in
                readSegment(number, file.name, bytes, from: start, isNewest: isNewest, isLastLook: isLastLook)
            }
            if isDone { return }
            wait?()
        }
    }

    /// nil for what a running server has deleted meanwhile: what was live in it stands further on.
    private mutating func open(_ name: String, isNewest: Bool) -> (any LogFile, ByteBuffer)? {
        do throws(StoreFailure) {
            let file = try disk.open(name)
            return (file, try readAll(file))
        } catch {
            let isThere = (try? disk.fileNames().contains(name)) ?? true
            if wait == nil || isThere { picture.findings.append(LogFinding(.unreadableFile, name, nil, error.description)) }
            return nil
        }
    }

    private mutating func readAll(_ file: any LogFile) throws(StoreFailure) -> ByteBuffer {
        let count = try file.byteCount()
        if let bytes = try? LogReader.read(file, at: 0, byteCount: count) { return bytes }
        var bytes = ByteBufferAllocator().buffer(capacity: count)
        for offset in stride(from: 0, to: count, by: Self.blockBytes) {
            let size = min(Self.blockBytes, count - offset)
            if let block = try? LogReader.read(file, at: offset, byteCount: size), block.readableBytes == size {
                bytes.writeImmutableBuffer(block)
            } else {
                bytes.writeRepeatingByte(Self.unreadable, count: size)
                picture.findings.append(LogFinding(.unreadableFile, file.name, offset, "\(size) bytes cannot be read"))
            }
        }
        return bytes
    }

    /// Returns false when the end should be looked at again.
    private mutating func readSegment(
        _ number: UInt32, _ file: String, _ bytes: UnsafeRawBufferPointer, from start: Int?, isNewest: Bool, isLastLook: Bool
    ) -> Bool {
        if isNewest, bytes.allSatisfy({ $0 == 0 }) { return true }
        let header = headers[number].flatMap { $0.number == number ? $0 : nil }
        let walk = SegmentWalk(bytes, crc, from: start ?? SegmentHeader.byteCount, cutsAreEnds: true)
        let sorted = SegmentSorter(bytes, walk.pieces, isNewest: isNewest)
        if !isLastLook, sorted.hasDamage { return false }
        if picture.segments[number] == nil {
            picture.segments[number] = LogPicture.Segment(number: number, file: file, byteCount: bytes.count)
        }
        if header == nil, start == nil {
            picture.findings.append(LogFinding(.damagedHeader, file, 0, "the header is not what was written"))
        }
        picture.nextStoreNumber = max(picture.nextStoreNumber, header?.nextStoreNumber ?? 0)
        picture.segments[number]?.usedBytes = sorted.takenThrough ?? walk.end
        for (piece, place) in sorted.pieces { read(piece, place, number, file, bytes) }
        if let torn = sorted.torn, wait == nil {
            picture.findings.append(
                LogFinding(
                    .tornEnd, file, torn, isHarmless: true,
                    "the log ends in the middle of a batch (\(walk.end - torn) bytes), as a crash leaves it; nothing in it was acknowledged"))
        }
        taken = isNewest ? (number, sorted.takenThrough ?? walk.end) : nil
        return true
    }

    private mutating func read(
        _ piece: SegmentWalk.Piece, _ place: LogDamage.Place, _ number: UInt32, _ file: String, _ bytes: UnsafeRawBufferPointer
    ) {
        let location = LogLocation(segment: number, offset: piece.offset)
        let record = UnsafeRawBufferPointer(rebasing: bytes[piece.offset..<piece.end])
        let take = { [take] (kind: RecordKind, body: UnsafeRawBufferPointer) in take(kind, ByteBuffer(bytes: body)) }
        switch piece.kind {
        case .record:
            if let view = LogRecordView(unchecked: record) { picture.read(view, at: location, take) }
        case .lengthLost:
            var repaired = [UInt8](record)
            RawRecord.setLength(of: &repaired)
            repaired.withUnsafeBytes { bytes in
                if let view = LogRecordView(unchecked: bytes) { picture.read(view, at: location, take) }
            }
            note(piece, .nothing, isCertain: true, isWhole: true, place, number, file)
        case .damage:
            noteDamage(piece, record, take, place, number, file)
        }
    }

    private mutating func noteDamage(
        _ piece: SegmentWalk.Piece, _ record: UnsafeRawBufferPointer, _ take: (RecordKind, UnsafeRawBufferPointer) -> RecordNote,
        _ place: LogDamage.Place, _ number: UInt32, _ file: String
    ) {
        let undone = OneByteHit.undone(record, crc)
        let claim = (undone ?? [UInt8](record)).withUnsafeBytes { bytes in
            RecordClaim(LogRecordView(unchecked: bytes).flatMap { $0.bytes.count == bytes.count ? $0 : nil }, take)
        }
        note(piece, claim, isCertain: undone != nil, isWhole: false, place, number, file)
    }

    private mutating func note(
        _ piece: SegmentWalk.Piece, _ claim: RecordClaim, isCertain: Bool, isWhole: Bool, _ place: LogDamage.Place, _ number: UInt32, _ file: String
    ) {
        // What a running server is just writing.
        if place == .tail, wait != nil { return }
        picture.damages.append(
            LogDamage(
                segment: number, file: file, from: piece.offset, to: piece.end, claim: claim, isCertain: isCertain,
                isWhole: isWhole, place: place))
        let what = "bytes \(piece.offset) to \(piece.end) are not what was written"
        let sentence =
            switch place {
            case _ where isWhole: "the length of a record is not what was written; by its checksum the rest of it is whole"
            case .inside: what
            case .lastGroup: what + "; they belong to the last group, which a loss of power may have torn"
            case .tail: "the log ends in \(piece.byteCount) bytes that are no whole record, as a crash leaves them"
            }
        picture.findings.append(
            LogFinding(place == .tail ? .tornEnd : .damagedRecord, file, piece.offset, isHarmless: place != .inside, sentence))
    }
}
