#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One mutex per event loop, each in cache lines of its own: a loop that takes its lock disturbs no other loop.
///
/// Sendable because a mutex is made to be called from many threads and the memory lives until `deinit`.
final class LoopLocks: @unchecked Sendable {
    /// Two lines of 64 bytes, because processors fetch the neighbouring line too.
    private static let stride = 128

    let count: Int
    private let memory: UnsafeMutableRawPointer

    init(count: Int) {
        precondition(MemoryLayout<pthread_mutex_t>.size <= Self.stride)
        self.count = count
        memory = .allocate(byteCount: count * Self.stride, alignment: Self.stride)
        for index in 0..<count { Self.initialize(mutex(index)) }
    }

    deinit {
        for index in 0..<count { pthread_mutex_destroy(mutex(index)) }
        memory.deallocate()
    }

    @inline(__always)
    func lock(_ index: Int) {
        let result = pthread_mutex_lock(mutex(index))
        assert(result == 0, "this thread already holds lock \(index)")
    }

    @inline(__always)
    func unlock(_ index: Int) {
        let result = pthread_mutex_unlock(mutex(index))
        assert(result == 0, "this thread does not hold lock \(index)")
    }

    @inline(__always)
    private func mutex(_ index: Int) -> UnsafeMutablePointer<pthread_mutex_t> {
        (memory + index * Self.stride).assumingMemoryBound(to: pthread_mutex_t.self)
    }

    /// Debug builds use the kind of mutex that reports a second lock by the same thread, which would hang for ever.
    private static func initialize(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) {
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        assert(pthread_mutexattr_settype(&attributes, CInt(PTHREAD_MUTEX_ERRORCHECK)) == 0)
        pthread_mutex_init(mutex, &attributes)
        pthread_mutexattr_destroy(&attributes)
    }
}
