package import NIOCore

/// What the broker must find again after a crash: queues of messages, and numbered records (clients with their
/// presence, session and will; subscriptions; retained messages). The write side is synchronous, ordered and called on
/// event loops; it never blocks.
///
/// Two kinds of things are kept:
///
/// - a **record** has a number, a kind and a body. `put` replaces it, `remove` ends it. Of two writes of one record the
///   one with the higher revision wins, whatever the order in which they come; equal revisions win in the order of
///   submission.
/// - a **queue** has a number and entries with rising sequences. One message is stored once, however many queues get
///   it. Its cursor says what is settled. What is appended to a queue that does not exist, or has ended, is nobody's.
///
/// A batch that somebody waits for (`StoreBatch.isAwaited`) is synced as soon as the disk can. Others are handed to the
/// system at once, so that they survive the end of the process, and are durable with the next that is awaited.
///
/// A store that cannot write says so (`StoreReport.condition`), keeps what was submitted, and goes on when the cause has gone:
/// a batch is durable late, or never if the process ends first, but none is left out.
///
/// Batches become durable in the order of submission, over all loops: who submits after another loop's batch was
/// submitted is durable after it.
package protocol MessageStore: Sendable {
    /// A number that nothing has had. Never blocks.
    func makeNumber() -> StoreNumber

    /// Where reports for a loop go; called once for each loop, before its first submit. `report` is called on a thread
    /// of the store and must not block.
    func attach(loop: Int, _ report: @escaping @Sendable (StoreReport) -> Void)

    /// Hands a loop's batch over. When it is durable, a report with `through` at or beyond the returned ticket follows.
    func submit(_ batch: StoreBatch, from loop: Int) -> StoreTicket

    /// Asks a store that is full or stalled to see whether the cause has gone. Called about once a second while it is.
    func retry()

    /// Reads entries after a sequence, at least one if there is any, until `byteLimit` bytes of bodies are exceeded. It
    /// sees every append that was durable before the call. `done` is called on a thread of the store.
    func read(
        _ queue: StoreNumber, after sequence: UInt64, byteLimit: Int,
        _ done: @escaping @Sendable (Result<QueuePage, StoreFailure>) -> Void)

    /// Bytes that were submitted and are not durable yet: what back-pressure looks at.
    var waitingBytes: Int { get }

    /// All records, in no particular order. For the start, before anything is submitted.
    func forEachRecord(
        _ visit: (StoreNumber, RecordKind, ByteBuffer) throws(StoreFailure) -> Void
    ) throws(StoreFailure)

    /// No record that is there, and none whose removal is still remembered, has a higher one. For the start.
    var highestRevision: UInt64 { get }

    /// All queues, in no particular order. For the start.
    var queueNumbers: [StoreNumber] { get }

    /// nil when there is no such queue.
    func queue(_ number: StoreNumber) -> QueueState?

    /// What operators see on `/metrics`.
    var statistics: MessageStoreStatistics { get }
}
