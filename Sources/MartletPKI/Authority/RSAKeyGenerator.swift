internal import CryptoExtras
internal import MartletBase
internal import Synchronization

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// Makes RSA keys one after another on a thread of its own: one takes tenths of a second, which neither an event loop
/// nor Swift's cooperative pool can spare. The thread starts with the first caller and ends when none waits.
final class RSAKeyGenerator: Sendable {
    /// Callers beyond this are refused: on a small machine the last one would already wait for minutes.
    static let maximumWaiting = 256

    typealias Outcome = Result<_RSA.Signing.PrivateKey, PKIError>

    private struct State {
        var waiting: [CheckedContinuation<Outcome, Never>] = []
        var isRunning = false
    }

    private enum Admission {
        case refused
        case queued
        case queuedFirst
    }

    private let state = Mutex(State())
    private let maximumWaiting: Int

    init(maximumWaiting: Int = RSAKeyGenerator.maximumWaiting) { self.maximumWaiting = maximumWaiting }

    func makeKey() async throws(PKIError) -> _RSA.Signing.PrivateKey {
        let outcome = await withCheckedContinuation { continuation in
            switch admit(continuation) {
            case .refused: continuation.resume(returning: .failure(.keyQueueFull(limit: maximumWaiting)))
            case .queued: break
            case .queuedFirst: startThread()
            }
        }
        return try outcome.get()
    }

    private func admit(_ continuation: CheckedContinuation<Outcome, Never>) -> Admission {
        state.withLock { state in
            guard state.waiting.count < maximumWaiting else { return .refused }
            state.waiting.append(continuation)
            guard !state.isRunning else { return .queued }
            state.isRunning = true
            return .queuedFirst
        }
    }

    private func startThread() {
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let retained = Unmanaged.passRetained(self)
        let result = pthread_create(
            &thread, nil,
            { argument in
                let context: UnsafeMutableRawPointer? = argument
                pthread_detach(pthread_self())
                if let context { Unmanaged<RSAKeyGenerator>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, retained.toOpaque())
        if result != 0 {
            retained.release()
            failAll()
        }
    }

    private func run() {
        while let caller = next() {
            caller.resume(
                returning: Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }
                    .mapError { _ in PKIError.keyGenerationFailed })
        }
    }

    private func next() -> CheckedContinuation<Outcome, Never>? {
        state.withLock { state in
            if state.waiting.isEmpty {
                state.isRunning = false
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    private func failAll() {
        let callers = state.withLock { state in
            defer { state = State() }
            return state.waiting
        }
        for caller in callers { caller.resume(returning: .failure(.keyGenerationFailed)) }
    }
}
