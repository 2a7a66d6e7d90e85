import NIOCore

/// A QoS 1 PUBLISH that waits for room in the client's window, encoded but for its packet identifier.
struct PendingDelivery {
    var frame: ByteBuffer
    let packetIDOffset: Int
    /// Where the Message Expiry Interval stands in the frame; 0 when there is none.
    let expiryOffset: Int
    let queuedAtSecond: UInt32
}
