/// What `PublishEncoder` wrote.
@frozen public struct EncodedPublish: Hashable, Sendable {
    /// Bytes written.
    public let length: Int
    /// Offset of the packet identifier from the frame's first byte; 0 at QoS 0, which has none.
    public let packetIDOffset: Int

    @inlinable public init(length: Int, packetIDOffset: Int) {
        self.length = length
        self.packetIDOffset = packetIDOffset
    }
}
