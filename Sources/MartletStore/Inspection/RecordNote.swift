package import NIOCore

/// What an inspection has to know of a record's body. The store does not read bodies; who wrote them does
/// (`MartletBroker/Stored`), and gives this.
package struct RecordNote: Hashable, Sendable {
    /// The queue that the body names: of the session that a client has, of the one that a subscription belongs to.
    package var queue: UInt64?
    /// Whom it is about, for people: the client id, the filter, the topic.
    package var label: String
    /// Why the body cannot be read; nil when it can.
    package var problem: String?

    package init(queue: UInt64? = nil, label: String = "", problem: String? = nil) {
        self.queue = queue
        self.label = label
        self.problem = problem
    }

    package typealias Taker = @Sendable (RecordKind, ByteBuffer) -> RecordNote
}
