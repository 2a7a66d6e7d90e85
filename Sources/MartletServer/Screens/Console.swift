import Glibc

/// The two streams of a command: what it answers, and what it says about itself. Both leave at once, also when they
/// are pipes.
package enum Console {
    package static func answer(_ text: String) { write(text, to: STDOUT_FILENO) }
    package static func tell(_ text: String) { write(text, to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}
