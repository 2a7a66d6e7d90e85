import MQTTCodec
import NIOCore

/// The topic aliases of one connection on the way to its client `[MQTT-3.1.2-26]`: the first topics that it is sent get
/// one each and keep it. They end with the connection `[MQTT-3.3.2-7]`. An object, since most connections have none.
final class OutboundAliases {
    private let limit: Int
    private var topics: [UInt64: (alias: UInt16, topic: ByteBuffer)] = [:]
    /// Bytes that the topics may take together.
    private var bytesLeft = 64 << 10

    init(limit: Int) { self.limit = limit }

    enum Use {
        case none
        /// The topic is sent for the last time, with its alias.
        case new(UInt16)
        /// The alias stands for the topic.
        case known(UInt16)
    }

    /// - Parameter mayBegin: false where the packet has no room for an alias beside its topic.
    func use(_ topic: UnsafeRawBufferPointer, hash: UInt64, mayBegin: Bool) -> Use {
        if let (alias, known) = topics[hash] {
            return known.withUnsafeReadableBytes { $0.elementsEqual(topic) } ? .known(alias) : .none
        }
        guard mayBegin, topics.count < limit, topic.count <= bytesLeft else { return .none }
        let alias = UInt16(topics.count + 1)
        topics[hash] = (alias, ByteBuffer(bytes: topic))
        bytesLeft -= topic.count
        return .new(alias)
    }
}
