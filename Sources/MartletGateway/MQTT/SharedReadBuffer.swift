import NIOCore

/// The 64 KiB into which one event loop reads plain connections. A connection that is silent keeps no read buffer:
/// NIO holds on to the first buffer it was given, which is tiny, and every later read borrows this one.
///
/// `@unchecked Sendable` because NIO asks allocators to be Sendable; this one stays on its loop.
final class LoopReadBuffer: @unchecked Sendable {
    static let byteCount = 64 << 10
    private var idle: ByteBuffer?

    func take(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        guard let buffer = idle else { return allocator.buffer(capacity: Self.byteCount) }
        idle = nil
        return buffer
    }

    /// After parsing. A buffer of another size, or one that somebody kept a slice of, is let go.
    func giveBack(_ buffer: consuming ByteBuffer) {
        guard idle == nil, buffer.capacity == Self.byteCount else { return }
        buffer.clear()
        idle = buffer
    }
}

/// Gives NIO the loop's buffer for every read but a connection's first.
struct SharedReadBufferAllocator: RecvByteBufferAllocator {
    /// Room for the first read; NIO keeps this buffer as long as the connection lives.
    private static let firstByteCount = 64
    private let shared: LoopReadBuffer
    private var isFirst = true

    init(_ shared: LoopReadBuffer) { self.shared = shared }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        isFirst ? allocator.buffer(capacity: Self.firstByteCount) : shared.take(allocator)
    }

    mutating func record(actualReadBytes: Int) -> Bool {
        isFirst = false
        // "May grow": NIO then asks for a buffer at every read instead of keeping one.
        return true
    }
}
