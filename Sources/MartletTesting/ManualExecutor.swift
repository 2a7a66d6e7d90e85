import Synchronization

/// Work that runs when the test says so, on the test's thread.
package final class ManualExecutor: Sendable {
    package init() {}

    private let work = Mutex<[@Sendable () -> Void]>([])

    package func add(_ item: @escaping @Sendable () -> Void) { work.withLock { $0.append(item) } }

    package func run() {
        while true {
            let items = work.withLock { work in
                defer { work = [] }
                return work
            }
            if items.isEmpty { return }
            for item in items { item() }
        }
    }
}
