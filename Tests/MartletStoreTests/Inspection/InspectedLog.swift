import MartletBase
import MartletStore
import MartletTesting
import NIOCore

@testable import MartletStore

/// A small log with everything in it that a log has, for damage.
struct InspectedLog {
    let disk = MemoryLogDisk()
    let session: StoreNumber
    let other: StoreNumber
    let records: [StoreNumber]
    let limits: LogLimits

    /// So small that thousands of logs are no burden.
    static var oneSegment: LogLimits {
        var limits = LogLimits()
        limits.segmentBytes = 2048
        return limits
    }

    init(limits: LogLimits = InspectedLog.oneSegment) throws {
        self.limits = limits
        let log = try StoreHarness.log(on: disk, limits: limits)
        session = log.openQueue()
        other = log.openQueue()
        let ended = log.openQueue()
        let client = log.store.makeNumber()
        let retained = log.store.makeNumber()
        let gone = log.store.makeNumber()
        records = [client, retained, gone]
        log.write { $0.put(client, .client, revision: 1) { $0.writeString("client, first") } }
        for index in 1...4 { log.append("to one \(index)", to: session) }
        for index in 1...3 { log.append("to all \(index)", to: session, other, ended) }
        log.write { batch in
            batch.put(client, .client, revision: 2) { $0.writeString("client, second") }
            batch.put(retained, .retained) { $0.writeString("retained") }
        }
        log.write { $0.put(gone, .retained) { $0.writeString("removed later") } }
        log.write { $0.moveCursor(of: session, to: QueueCursor(settledThrough: 1, sentThrough: 3)) }
        log.write { $0.moveCursor(of: session, to: QueueCursor(settledThrough: 2, sentThrough: 4, settledBeyond: [4])) }
        log.write { $0.remove(gone) }
        log.write { $0.endQueue(ended) }
        log.append("the last", to: other)
        // The end of a log may be torn; what stands here may not.
        log.write { $0.put(log.store.makeNumber(), .shareQueue) { $0.writeString("the end") } }
    }

    var segments: [String] { (try? disk.fileNames().filter { $0.hasSuffix(".log") }.sorted()) ?? [] }
}

/// What a log holds, in a form that can be compared.
struct LogContents: Equatable {
    var records: [UInt64: String] = [:]
    /// By queue and sequence.
    var messages: [UInt64: [UInt64: String]] = [:]
    var cursors: [UInt64: QueueCursor] = [:]

    init(_ disk: MemoryLogDisk, limits: LogLimits = InspectedLog.oneSegment) throws {
        let log = try StoreHarness.log(on: disk.afterKill(), limits: limits)
        for (number, text) in try log.records() { records[number.rawValue] = text }
        for queue in log.store.queueNumbers {
            messages[queue.rawValue] = [:]
            cursors[queue.rawValue] = log.store.queue(queue)?.cursor
            for entry in try log.page(queue).entries { messages[queue.rawValue]?[entry.sequence] = String(buffer: entry.body) }
        }
    }
}

extension MemoryLogDisk {
    /// What salvage makes of it.
    func salvaged(reopening: [StoreNumber] = []) throws -> (MemoryLogDisk, LogPicture) {
        var picture = try LogInspector.look(at: self)
        picture.reopen(namedBy: reopening.map(\.rawValue))
        let target = MemoryLogDisk()
        try LogSalvage.write(picture, from: self, to: target, limits: InspectedLog.oneSegment)
        return (target, picture)
    }
}
