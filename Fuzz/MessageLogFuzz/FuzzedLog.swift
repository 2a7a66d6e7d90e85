import MartletStore
import MartletTesting
import NIOCore
import Synchronization

/// A log on a disk in memory, driven by hand.
struct FuzzedLog {
    private let store: EmbeddedMessageStore
    private let executor = ManualExecutor()

    init(on disk: MemoryLogDisk) throws(StoreFailure) {
        var limits = LogLimits()
        limits.segmentBytes = 2048
        limits.cleaningSlackBytes = 4096
        limits.cleaningSliceBytes = 512
        let executor = executor
        store = try EmbeddedMessageStore(
            disk: disk, limits: limits, writer: { executor.add($0) }, reader: { executor.add($0) })
        store.attach(loop: 0) { _ in }
    }

    /// A queue with messages, some of them settled, and a record over an older one.
    func addSomething() {
        let (queue, record) = (store.makeNumber(), store.makeNumber())
        for step in 0..<6 as Range<UInt64> {
            var batch = StoreBatch()
            if step == 0 { batch.openQueue(queue) }
            batch.append(to: [QueueTarget(queue: queue, subscriptionID: 1, flags: 1)]) { $0.writeString("message \(step)") }
            batch.put(record, .client) { $0.writeString("record \(step)") }
            if step > 2 { batch.moveCursor(of: queue, to: QueueCursor(settledThrough: step - 1, sentThrough: step)) }
            if step == 5, queue.rawValue % 3 == 0 { batch.endQueue(queue) }
            batch.markAwaited()
            _ = store.submit(batch, from: 0)
            executor.run()
        }
    }

    /// Every message and every record, in words.
    func everything() -> Set<String> {
        let found = Mutex<Set<String>>([])
        for queue in store.queueNumbers {
            store.read(queue, after: 0, byteLimit: .max) { page in
                for entry in (try? page.get().entries) ?? [] {
                    found.withLock { _ = $0.insert("\(queue.rawValue)/\(entry.sequence) \(String(buffer: entry.body))") }
                }
            }
            executor.run()
        }
        try? store.forEachRecord { number, kind, body throws(StoreFailure) in
            found.withLock { _ = $0.insert("\(number.rawValue) \(kind) \(String(buffer: body))") }
        }
        return found.withLock { $0 }
    }
}
