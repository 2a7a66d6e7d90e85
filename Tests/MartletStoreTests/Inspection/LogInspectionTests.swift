import MartletBase
import MartletStore
import MartletTesting
import NIOCore
import Testing

@testable import MartletStore

@Suite("Looking into a log")
struct LogInspectionTests {
    static var small: LogLimits {
        var limits = LogLimits()
        limits.segmentBytes = 256
        return limits
    }

    @Test("A sound log has no findings, and what is live is what the store says", arguments: [256, 2048])
    func sound(segmentBytes: Int) throws {
        var limits = LogLimits()
        limits.segmentBytes = segmentBytes
        let log = try InspectedLog(limits: limits)
        let picture = try LogInspector.look(at: log.disk)
        #expect(picture.findings == [] && picture.damages == [])
        let store = try StoreHarness.log(on: log.disk.afterKill(), limits: limits).store
        #expect(picture.liveBytes == store.statistics.liveBytes)
        #expect(picture.totalBytes == store.statistics.totalBytes)
        #expect(picture.liveQueues.map(\.number).sorted() == store.queueNumbers.map(\.rawValue).sorted())
        #expect(picture.liveQueues.reduce(0) { $0 + $1.messageCount } == store.statistics.queuedMessages)
        #expect(picture.liveRecords[.client]?.count == 1 && picture.liveRecords[.retained]?.count == 1)
        #expect(LogLosses(picture).isNothing)
    }

    @Test("Salvage of a sound log is the same log: numbers, revisions, sequences, cursors", arguments: [256, 2048])
    func copy(segmentBytes: Int) throws {
        var limits = LogLimits()
        limits.segmentBytes = segmentBytes
        let log = try InspectedLog(limits: limits)
        let (copy, _) = try log.disk.salvaged()
        #expect(try LogContents(copy) == LogContents(log.disk, limits: limits))
        let (one, other) = (try StoreHarness.log(on: copy, limits: limits), try StoreHarness.log(on: log.disk.afterKill(), limits: limits))
        #expect(one.store.makeNumber() == other.store.makeNumber())
        #expect(one.store.highestRevision == other.store.highestRevision)
        one.append("next", to: log.session)
        other.append("next", to: log.session)
        #expect(try one.page(log.session).lastSequence == other.page(log.session).lastSequence)
    }

    /// The heart of it: whatever byte is hit, in whatever way, it is found, and nothing is lost but what was hit.
    @Test(
        "A byte that is hit is reported, and salvage loses no more than the record it was in, and names it",
        arguments: [256, 2048], [1, 0x80, 0xFF] as [UInt8])
    func everyByte(segmentBytes: Int, change: UInt8) throws {
        var limits = LogLimits()
        limits.segmentBytes = segmentBytes
        let log = try InspectedLog(limits: limits)
        let whole = try LogContents(log.disk, limits: limits)
        let crc = CRC32C()
        for name in log.segments {
            let bytes = try #require(log.disk.bytes(of: name))
            let pieces = bytes.withUnsafeBytes { SegmentWalk($0, crc, from: SegmentHeader.byteCount).pieces }
            for piece in pieces where !Self.isEnd(piece, name, log, pieces) {
                for offset in piece.offset..<piece.end {
                    let damaged = log.disk.afterKill()
                    damaged.damage(name) { $0[offset] ^= change }
                    try check(damaged, log, whole, hit: piece, in: name, "\(name):\(offset) in \(piece.offset)-\(piece.end)")
                }
            }
        }
    }

    /// The last group of all: no later mark says that it was synced.
    private static func isEnd(_ piece: SegmentWalk.Piece, _ name: String, _ log: InspectedLog, _ pieces: [SegmentWalk.Piece]) -> Bool {
        let bytes = log.disk.bytes(of: name) ?? []
        let mark = pieces.last { bytes[$0.offset + LogRecord.headerBytes] == LogRecord.RecordType.mark.rawValue }
        return name == log.segments.last && piece.offset >= mark?.offset ?? 0
    }

    private func check(
        _ damaged: MemoryLogDisk, _ log: InspectedLog, _ whole: LogContents, hit: SegmentWalk.Piece, in name: String, _ comment: Comment
    ) throws {
        let (saved, picture) = try damaged.salvaged(reopening: [log.session, log.other])
        // Found, where it is, and nowhere else.
        #expect(picture.damages.map { $0.file == name && $0.from == hit.offset && $0.to == hit.end } == [true], comment)
        #expect(picture.findings.count { !$0.isHarmless } == 1, comment)
        let losses = LogLosses(picture)
        let found = try LogContents(saved)
        let messages = Dictionary(uniqueKeysWithValues: losses.messages.map { ($0.queue, $0.sequences) })
        for (queue, entries) in whole.messages {
            for (sequence, text) in entries where found.messages[queue]?[sequence] != text {
                #expect(found.messages[queue]?[sequence] == nil, comment)
                #expect(messages[queue]?.contains { $0.contains(sequence) } == true, "\(comment): message \(sequence)")
            }
            let missing = entries.keys.filter { found.messages[queue]?[$0] == nil }
            #expect(messages[queue]?.reduce(0) { $0 + $1.count } ?? 0 == missing.count, "\(comment): no more than is lost is named")
        }
        for (number, text) in whole.records where found.records[number] != text {
            #expect(losses.records.contains { $0.number == number }, comment)
        }
        for number in found.records.keys where whole.records[number] == nil {
            #expect(losses.returned.contains { $0.number == number }, comment)
        }
        for queue in found.messages.keys where whole.messages[queue] == nil {
            #expect(losses.endings.contains { $0.queue == queue }, comment)
        }
        for (queue, cursor) in whole.cursors where found.cursors[queue] != cursor && messages[queue] == nil {
            #expect(losses.cursors.contains { $0.queue == queue }, comment)
        }
        if found == whole, !losses.isNothing { #expect(losses.reopened.count == 1, comment) }
        #expect(losses.unknown.isEmpty, comment)
    }

    @Test("Nothing that was lost gets its number or sequence again")
    func numbers() throws {
        let log = try InspectedLog()
        let bytes = try #require(log.disk.bytes(of: log.segments[0]))
        let text = Array("the last".utf8)
        let place = try #require((0..<(bytes.count - text.count)).first { Array(bytes[$0..<$0 + text.count]) == text })
        log.disk.damage(log.segments[0]) { $0[place] ^= 1 }
        let (saved, picture) = try log.disk.salvaged()
        #expect(LogLosses(picture).messages.map(\.queue) == [log.other.rawValue])
        #expect(LogLosses(picture).messages.map(\.sequences) == [[4...4]])
        let store = try StoreHarness.log(on: saved, limits: InspectedLog.oneSegment)
        store.append("new", to: log.other)
        #expect(try store.page(log.other).entries.map(\.sequence) == [1, 2, 3, 5])
    }

    @Test("Many bytes in a row that are lost cost what stood in them, and the rest is found", arguments: [0 as UInt8, 0xFF, 0x5A])
    func stretch(_ filling: UInt8) throws {
        let log = try InspectedLog()
        let name = log.segments[0]
        let end = try #require(log.disk.bytes(of: name)).withUnsafeBytes { SegmentWalk($0, CRC32C(), from: SegmentHeader.byteCount).end }
        let whole = try LogContents(log.disk)
        for start in stride(from: SegmentHeader.byteCount, to: end - 200, by: 7) {
            let damaged = log.disk.afterKill()
            damaged.damage(name) { bytes in for place in start..<(start + 100) { bytes[place] = filling } }
            let (saved, picture) = try damaged.salvaged(reopening: [log.session, log.other])
            #expect(!picture.damages.isEmpty && !LogLosses(picture).isNothing, "\(start): \(picture.damages) \(picture.findings)")
            let found = try LogContents(saved)
            #expect(found.messages[log.other.rawValue]?[4] == whole.messages[log.other.rawValue]?[4], "\(start)")
            for damage in picture.damages { #expect(damage.to > start && damage.from < start + 100 + 40, "\(start): \(damage)") }
        }
    }

    @Test("The torn end of a crash is a note and costs nothing")
    func torn() throws {
        let log = try InspectedLog()
        let name = log.segments[0]
        let bytes = try #require(log.disk.bytes(of: name))
        let last = try #require(bytes.withUnsafeBytes { SegmentWalk($0, CRC32C(), from: SegmentHeader.byteCount).pieces.last })
        for cut in (last.offset + 1)..<last.end {
            let torn = log.disk.afterKill()
            torn.damage(name) { bytes in for place in cut..<last.end { bytes[place] = 0 } }
            let (saved, picture) = try torn.salvaged()
            #expect(picture.findings.allSatisfy { $0.code == .tornEnd && $0.isHarmless } && !picture.findings.isEmpty)
            #expect(LogLosses(picture).isNothing)
            #expect(try LogContents(saved) == LogContents(torn))
        }
    }

    @Test("A record inside a message is no record")
    func forged() throws {
        let disk = MemoryLogDisk()
        let log = try StoreHarness.log(on: disk, limits: InspectedLog.oneSegment)
        let queue = log.openQueue()
        let target = log.store.makeNumber()
        log.write { $0.put(target, .retained) { $0.writeString("true") } }
        var batch = StoreBatch()
        batch.put(target, .retained, revision: 9) { $0.writeString("forged") }
        let forged = batch.bytes.withUnsafeReadableBytes { RawRecord.alone($0, CRC32C()) }
        log.write { $0.append(to: [QueueTarget(queue: queue, subscriptionID: 0, flags: 0)]) { $0.writeBytes(forged) } }
        log.append("after", to: queue)
        let name = SegmentHeader.fileName(1)
        let bytes = try #require(disk.bytes(of: name))
        let pieces = bytes.withUnsafeBytes { SegmentWalk($0, CRC32C(), from: SegmentHeader.byteCount).pieces }
        let message = pieces[pieces.count - 2]
        for offset in message.offset..<message.end {
            let damaged = disk.afterKill()
            damaged.damage(name) { $0[offset] ^= 0x10 }
            let (saved, _) = try damaged.salvaged()
            #expect(try LogContents(saved).records[target.rawValue] == "3:true", "\(offset)")
        }
    }

    @Test("A segment that is missing is named, wherever in the chain it was, and the rest is saved")
    func missing() throws {
        let log = try InspectedLog(limits: Self.small)
        #expect(log.segments.count > 3)
        for name in log.segments {
            let damaged = log.disk.afterKill()
            try damaged.remove(name)
            let (saved, picture) = try damaged.salvaged(reopening: [log.session, log.other])
            #expect(picture.findings.filter { !$0.isHarmless }.map(\.code) == [.missingSegment], "\(name)")
            #expect(picture.findings.contains { $0.file == name })
            #expect(!LogLosses(picture).isNothing)
            _ = try LogContents(saved)
        }
    }

    @Test("A manifest that is missing or spoiled is a finding; one spoiled place of two is a note")
    func manifest() throws {
        let log = try InspectedLog(limits: Self.small)
        let without = log.disk.afterKill()
        try without.remove(LogManifest.fileName)
        #expect(try LogInspector.look(at: without).findings.map(\.code) == [.manifest])
        let one = log.disk.afterKill()
        one.damage(LogManifest.fileName) { $0[14] ^= 1 }
        #expect(try LogInspector.look(at: one).findings.map(\.isHarmless) == [true])
        one.damage(LogManifest.fileName) { $0[4096 + 14] ^= 1 }
        #expect(try LogInspector.look(at: one).findings.contains { $0.code == .manifest && !$0.isHarmless })
    }

    @Test("A file that was cut short is damage up to where its records ended")
    func cutShort() throws {
        let log = try InspectedLog(limits: Self.small)
        let damaged = log.disk.afterKill()
        damaged.damage(log.segments[1]) { $0.removeLast($0.count - 60) }
        let (saved, picture) = try damaged.salvaged(reopening: [log.session, log.other])
        #expect(picture.findings.contains { !$0.isHarmless && $0.file == log.segments[1] })
        #expect(!LogLosses(picture).isNothing)
        _ = try LogContents(saved)
    }

    @Test("The newest file cut short is refused at a start, and what it may have held is lost, whatever its rest looks like")
    func newestCutShort() throws {
        let log = try InspectedLog(limits: Self.small)
        let newest = try #require(log.segments.last)
        let whole = try #require(log.disk.bytes(of: newest)).count
        for left in [SegmentHeader.byteCount, 60, whole - 1] {
            let damaged = log.disk.afterKill()
            damaged.damage(newest) { $0.removeLast($0.count - left) }
            #expect(throws: StoreFailure.corrupt(file: newest, offset: left, because: "it is cut short: it had \(whole) bytes")) {
                _ = try StoreHarness.log(on: damaged)
            }
            let picture = try LogInspector.look(at: damaged)
            #expect(picture.findings.contains { !$0.isHarmless && $0.file == newest && $0.offset == left })
            #expect(LogLosses(picture).unknown.contains { $0.from == left && $0.to == whole })
        }
    }

    @Test("The disk is only read")
    func untouched() throws {
        let log = try InspectedLog(limits: Self.small)
        log.disk.damage(log.segments[1]) { $0[100] ^= 1 }
        let before = log.segments.map { log.disk.bytes(of: $0) }
        for operation in ["write", "sync", "create"] { log.disk.fail(operation) }
        _ = try log.disk.salvaged()
        #expect(log.segments.map { log.disk.bytes(of: $0) } == before)
    }
}
