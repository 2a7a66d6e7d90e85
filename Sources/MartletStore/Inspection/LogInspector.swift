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
    /// Of a log that no server writes: what it says of its own segments.
    private var missing: LogChain?
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
        let chain = readHeaders(numbers)
        if wait == nil { checkChain(chain, numbers) }
        try read(chain)
        while wait != nil, let last = numbers.last {
            numbers = try segmentNumbers(after: last)
            try read(readHeaders(numbers, after: last))
        }
        finish()
    }

    private mutating func read(_ chain: LogChain) throws(StoreFailure) {
        // More may have been written to it before the next one was begun.
        if let taken, let end = chain.ends[taken.segment], end > taken.offset {
            readSegment(taken.segment, from: taken.offset, end: end, isNewest: false)
        }
        for number in chain.members {
            readSegment(number, from: nil, end: chain.ends[number], isNewest: number == chain.members.last)
        }
    }

    private func segmentNumbers(after last: UInt32) throws(StoreFailure) -> [UInt32] {
        try disk.fileNames().compactMap(SegmentHeader.number).filter { $0 > last }.sorted()
    }

    private mutating func readHeaders(_ numbers: [UInt32], after last: UInt32 = 0) -> LogChain {
        for number in numbers { readHeader(number) }
        // One that was made and not begun is nothing yet.
        let begun = numbers.filter { headers[$0] != nil || !isEmpty($0) }
        return LogChain(begun, headers, after: last)
    }

    private mutating func readHeader(_ number: UInt32) {
        let name = SegmentHeader.fileName(number)
        do throws(StoreFailure) {
            let file = try disk.open(name)
            let bytes = try LogReader.read(file, at: 0, byteCount: min(SegmentHeader.byteCount, try file.byteCount()))
            let header = try bytes.withUnsafeReadableBytesTyped { bytes throws(StoreFailure) in
                try SegmentHeader(bytes, file: file.name, crc)
            }
            headers[number] = header.flatMap { $0.number == number ? $0 : nil }
        } catch {
            // What cannot be opened is said when it is read.
            if case .newerFormat = error { picture.findings.append(LogFinding(.newerFormat, name, 8, error.description)) }
        }
    }

    private func isEmpty(_ number: UInt32) -> Bool {
        guard let file = try? disk.open(SegmentHeader.fileName(number)), let count = try? file.byteCount(),
            let bytes = try? LogReader.read(file, at: 0, byteCount: count)
        else { return false }
        return bytes.withUnsafeReadableBytes { $0.dropFirst(SegmentHeader.byteCount).allSatisfy { $0 == 0 } }
    }

    private mutating func checkChain(_ chain: LogChain, _ numbers: [UInt32]) {
        let hasChain = chain.members.last.flatMap { headers[$0]?.chain } != nil
        let (newest, findings) = ManifestLook.look(disk, crc, hasChain: hasChain)
        picture.findings += findings
        if let newest, newest > chain.members.last ?? 0 { noteMissing(newest, end: 0, "the manifest names it as the newest") }
        if let newest = chain.members.last { noteCutShort(newest) }
        missing = chain
    }

    /// Of an older segment its successor tells where it ended; of the newest only its own header tells how long it was.
    private mutating func noteCutShort(_ number: UInt32) {
        let name = SegmentHeader.fileName(number)
        guard let written = headers[number]?.chain?.fileBytes, let file = try? disk.open(name),
            let found = try? file.byteCount(), found < written
        else { return }
        picture.damages.append(
            LogDamage(
                segment: number, file: file.name, from: found, to: written, claim: .unknown, isCertain: false, isWhole: false,
                place: .inside))
    }

    private mutating func noteMissing(_ number: UInt32, end: Int, _ why: String) {
        let file = SegmentHeader.fileName(number)
        picture.findings.append(LogFinding(.missingSegment, file, nil, "the segment is missing: \(why)"))
        picture.damages.append(
            LogDamage(
                segment: number, file: file, from: 0, to: end, claim: .unknown, isCertain: false, isWhole: false, place: .inside))
    }

    /// All was read: what was damaged is said, and what of that means nothing any more.
    private mutating func finish() {
        for number in missing?.missing ?? [] where picture.cleaned[number] != Int(LogRecord.wholeSegment) {
            noteMissing(number, end: missing?.ends[number] ?? 0, "a later one names it")
        }
        for index in picture.damages.indices {
            let damage = picture.damages[index]
            if let through = picture.cleaned[damage.segment], damage.to <= through { picture.damages[index].place = .void }
            picture.findings += Self.finding(picture.damages[index])
        }
        picture.countLiveBytes()
    }

    private static func finding(_ damage: LogDamage) -> [LogFinding] {
        // A segment that is missing as a whole was said already.
        guard damage.from > 0 else { return [] }
        let what = "bytes \(damage.from) to \(damage.to) are not what was written"
        let sentence =
            switch damage.place {
            case .void: what + "; all that is needed of them has been copied"
            case _ where damage.isWhole: "the length of a record is not what was written; by its checksum the rest of it is whole"
            case .inside: what
            case .lastGroup: what + "; they belong to the last group, which a loss of power may have torn"
            case .tail: "the log ends in \(damage.to - damage.from) bytes that are no whole record, as a crash leaves them"
            }
        return [
            LogFinding(
                damage.place == .tail ? .tornEnd : .damagedRecord, damage.file, damage.from, isHarmless: damage.place != .inside,
                sentence)
        ]
    }
}

// MARK: One segment

extension LogInspector {
    private mutating func readSegment(_ number: UInt32, from start: Int?, end: Int?, isNewest: Bool) {
        let name = SegmentHeader.fileName(number)
        for look in 1...Self.looksMax {
            guard let (file, bytes) = open(name, isNewest: isNewest) else { return }
            let isLastLook = wait == nil || look == Self.looksMax || !isNewest
            let isDone = bytes.withUnsafeReadableBytes { bytes in
                readSegment(number, file.name, bytes, from: start, end: end, isNewest: isNewest, isLastLook: isLastLook)
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
        _ number: UInt32, _ file: String, _ bytes: UnsafeRawBufferPointer, from start: Int?, end: Int?, isNewest: Bool,
        isLastLook: Bool
    ) -> Bool {
        let header = headers[number]
        let walk = SegmentWalk(
            bytes, crc, from: start ?? header?.recordsOffset ?? SegmentHeader.byteCount, knownEnd: end,
            cutsAreEnds: header.map { $0.chain == nil } ?? false)
        let sorted = SegmentSorter(bytes, walk.pieces, isNewest: isNewest, hasMarks: header.map { $0.chain != nil } ?? true)
        if !isLastLook, sorted.hasDamage { return false }
        if picture.segments[number] == nil {
            picture.segments[number] = LogPicture.Segment(number: number, file: file, byteCount: bytes.count)
        }
        if header == nil, start == nil {
            picture.findings.append(LogFinding(.damagedHeader, file, 0, "the header is not what was written"))
        }
        if let end, end > bytes.count { noteCutOff(number, file, from: bytes.count, to: end) }
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
    }

    private mutating func noteCutOff(_ number: UInt32, _ file: String, from: Int, to: Int) {
        picture.damages.append(
            LogDamage(
                segment: number, file: file, from: from, to: to, claim: .unknown, isCertain: false, isWhole: false, place: .inside))
    }
}
