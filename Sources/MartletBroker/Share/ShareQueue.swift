import MartletStore
import NIOCore
import Synchronization

/// Where the messages of a shared group wait while no member can take them: a queue of the group's own, which exists as
/// long as the group has a member whose session is kept (mqtt-broker.md section 10). One loop, its home, hands them out.
final class ShareQueue: Sendable {
    let account: AccountContext
    /// The whole filter, `$share/{name}/{filter}`.
    let filter: ByteBuffer
    let queue: StoreNumber
    /// Of the record that brings the queue back after a restart.
    let record: StoreNumber
    let homeLoop: UInt16
    /// Something waits, and no member had room when the home loop last looked: who gets room says so.
    let waits = Atomic<Bool>(false)

    init(account: AccountContext, filter: ByteBuffer, queue: StoreNumber, record: StoreNumber, homeLoop: UInt16) {
        self.account = account
        self.filter = filter
        self.queue = queue
        self.record = record
        self.homeLoop = homeLoop
    }
}
