#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// glibc leaves the atomic instructions out of a mutex while a process has never had a second thread. A server always
/// has, so a lock measured without one looks several times too cheap.
func startSecondThread() {
    #if !canImport(Darwin)
    var thread = pthread_t()
    pthread_create(&thread, nil, { _ in nil }, nil)
    pthread_join(thread, nil)
    #endif
}
