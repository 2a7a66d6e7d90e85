import Glibc
import Synchronization

/// A file descriptor that takes log lines. A line leaves in one write(2), so lines of several threads never mix.
package final class LogOutput: Sendable {
    package static let standardError = LogOutput(fileDescriptor: STDERR_FILENO)

    private let fileDescriptor: Int32
    /// Held while a line is written: the kernel may take a long line in parts.
    private let writing = Mutex(())

    package init(fileDescriptor: Int32) { self.fileDescriptor = fileDescriptor }

    package var isTerminal: Bool { isatty(fileDescriptor) == 1 }

    /// Writes a line that already ends in a line feed. What cannot be written is lost: a log that is gone must not
    /// stop the server.
    package func write(line: [UInt8]) {
        writing.withLock { _ in
            var rest = line[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { Glibc.write(fileDescriptor, $0.baseAddress, $0.count) }
                if written < 0 && errno == EINTR { continue }
                guard written > 0 else { return }
                rest = rest.dropFirst(written)
            }
        }
    }
}
