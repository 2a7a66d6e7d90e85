import MartletStore
import NIOCore

/// One step of a QoS 2 exchange that has to outlive a crash: a message that a client has published and not released, or
/// one that it has received and whose release it has not confirmed. There as long as the exchange is at that step.
struct StoredExchange {
    private static let form: UInt8 = 1

    enum Step {
        /// PUBLISH was taken, and PUBREL has not come.
        case awaitsPubRel(packetID: UInt16)
        /// PUBREC has come for the entry of this sequence, and PUBCOMP has not.
        case awaitsPubComp(sequence: UInt64)
    }

    /// Of the session that the exchange belongs to.
    let queue: StoreNumber
    let step: Step

    func write(into bytes: inout ByteBuffer) {
        bytes.store(Self.form)
        bytes.store(queue.rawValue)
        switch step {
        case .awaitsPubRel(let packetID):
            bytes.store(UInt8(0))
            bytes.store(UInt64(packetID))
        case .awaitsPubComp(let sequence):
            bytes.store(UInt8(1))
            bytes.store(sequence)
        }
    }

    init(queue: StoreNumber, step: Step) {
        self.queue = queue
        self.step = step
    }

    init(_ body: ByteBuffer) throws(StoredFormatError) {
        var rest = body
        try rest.expectStored(form: Self.form)
        queue = StoreNumber(try rest.stored())
        let (kind, value): (UInt8, UInt64) = (try rest.stored(), try rest.stored())
        switch kind {
        case 0:
            guard let packetID = UInt16(exactly: value), packetID > 0 else { throw StoredFormatError("no packet identifier") }
            step = .awaitsPubRel(packetID: packetID)
        case 1:
            guard value > 0 else { throw StoredFormatError("no sequence") }
            step = .awaitsPubComp(sequence: value)
        default: throw StoredFormatError("a step this version does not know")
        }
    }
}
