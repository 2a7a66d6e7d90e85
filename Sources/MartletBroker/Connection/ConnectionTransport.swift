package import NIOCore

/// The bytes' way out of one connection. The gateway's channel handler is one; a test's recorder is another.
/// Called on the connection's event loop only.
package protocol ConnectionTransport: AnyObject {
    /// False while the socket takes no more; then the broker keeps its bytes and waits for `writabilityChanged`.
    var isWritable: Bool { get }
    /// Hands bytes over; nothing leaves before `flush`.
    func write(_ bytes: ByteBuffer)
    func flush()
    /// Closes once everything written has left; with `lingers`, not before the client can have read it.
    func closeAfterFlush(lingers: Bool)
    /// The client may be heard again. Not before the current call has returned: the broker may be in the middle of
    /// something else.
    func resumeReading()
}
