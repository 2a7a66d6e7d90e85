/// A queue that gets a message, and how: what the matching subscription asked for. `flags` and `subscriptionID` are the
/// broker's; the store gives them back with the entry.
package struct QueueTarget: Hashable, Sendable, BitwiseCopyable {
    package let queue: StoreNumber
    package let subscriptionID: UInt32
    package let flags: UInt8

    package init(queue: StoreNumber, subscriptionID: UInt32, flags: UInt8) {
        self.queue = queue
        self.subscriptionID = subscriptionID
        self.flags = flags
    }
}
