import Glibc

/// Every connection is a file descriptor, so the process takes all that it may have (architecture.md `connect.max`).
enum FileDescriptorLimit {
    /// Descriptors that are not for clients: listeners, files, the store.
    static let reserve = 256

    /// Raises the soft limit to the hard one and returns what is allowed now.
    static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        return Int(clamping: limit.rlim_cur)
    }
}
