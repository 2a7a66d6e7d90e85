import MartletBase
import MartletStore
import NIOCore

/// Which queue belongs to which shared group, in the store.
struct StoredShareQueue {
    private static let form: UInt8 = 1

    let account: AccountID
    let queue: StoreNumber
    /// `$share/{name}/{filter}`.
    let filter: ByteBuffer

    func write(into bytes: inout ByteBuffer) {
        bytes.store(Self.form)
        bytes.store(text: account.text)
        bytes.store(queue.rawValue)
        bytes.writeImmutableBuffer(filter)
    }

    init(account: AccountID, queue: StoreNumber, filter: ByteBuffer) {
        self.account = account
        self.queue = queue
        self.filter = filter
    }

    init(_ body: ByteBuffer) throws(StoredFormatError) {
        var rest = body
        try rest.expectStored(form: Self.form)
        account = try rest.storedAccount()
        queue = StoreNumber(try rest.stored())
        // The record's memory is the store's.
        filter = ByteBuffer(bytes: rest.readableBytesView)
    }
}
