import MartletStore
import NIOCore

/// One subscription of a kept session, in the store.
struct StoredSubscription {
    private static let form: UInt8 = 2
    /// Without a Subscription Identifier.
    private static let firstForm: UInt8 = 1

    /// Of the session that holds it.
    let queue: StoreNumber
    let filter: ByteBuffer
    let options: SubscriptionOptions
    let subscriptionID: UInt32

    func write(into bytes: inout ByteBuffer) {
        bytes.store(Self.form)
        bytes.store(queue.rawValue)
        bytes.store(options.rawValue)
        bytes.store(subscriptionID)
        bytes.writeImmutableBuffer(filter)
    }

    init(queue: StoreNumber, filter: ByteBuffer, options: SubscriptionOptions, subscriptionID: UInt32 = 0) {
        self.queue = queue
        self.filter = filter
        self.options = options
        self.subscriptionID = subscriptionID
    }

    init(_ body: ByteBuffer) throws(StoredFormatError) {
        var rest = body
        let form: UInt8 = try rest.stored()
        guard form == Self.form || form == Self.firstForm else { throw StoredFormatError("a form this version does not know") }
        queue = StoreNumber(try rest.stored())
        options = SubscriptionOptions(rawValue: try rest.stored())
        subscriptionID = form == Self.form ? try rest.stored() : 0
        // The record's memory is the store's.
        filter = ByteBuffer(bytes: rest.readableBytesView)
    }
}
