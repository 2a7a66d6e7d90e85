import MartletStore
import NIOCore

/// One subscription of a kept session, in the store.
struct StoredSubscription {
    private static let form: UInt8 = 1

    /// Of the session that holds it.
    let queue: StoreNumber
    let filter: ByteBuffer
    let options: SubscriptionOptions

    func write(into bytes: inout ByteBuffer) {
        bytes.store(Self.form)
        bytes.store(queue.rawValue)
        bytes.store(options.rawValue)
        bytes.writeImmutableBuffer(filter)
    }

    init(queue: StoreNumber, filter: ByteBuffer, options: SubscriptionOptions) {
        self.queue = queue
        self.filter = filter
        self.options = options
    }

    init(_ body: ByteBuffer) throws(StoredFormatError) {
        var rest = body
        try rest.expectStored(form: Self.form)
        queue = StoreNumber(try rest.stored())
        options = SubscriptionOptions(rawValue: try rest.stored())
        // The record's memory is the store's.
        filter = ByteBuffer(bytes: rest.readableBytesView)
    }
}
