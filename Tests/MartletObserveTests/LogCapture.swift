import Glibc
import Logging
import MartletBase
import MartletObserve
import MartletTesting

/// A pipe that log lines are written into and read back from.
struct LogCapture {
    let output: LogOutput
    private let readEnd: Int32
    private let writeEnd: Int32

    init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        readEnd = ends[0]
        writeEnd = ends[1]
        output = LogOutput(fileDescriptor: writeEnd)
    }

    /// Ends the log and returns all that was written. No more than a pipe holds, 64 KiB, may be written before.
    func text() -> String {
        close(writeEnd)
        defer { close(readEnd) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(readEnd, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What `write` logs as JSON lines, at 2026-01-01T00:00:00.000Z.
    static func jsonLines(level: Logger.Level = .trace, _ write: (Logger) -> Void) -> String {
        let capture = LogCapture()
        write(
            Logger(label: "martlet.test") {
                JSONLinesLogHandler(label: $0, level: level, output: capture.output, clock: VirtualClock())
            })
        return capture.text()
    }

    /// What `write` logs for a terminal without colours, from the message on.
    static func terminal(_ write: (Logger) -> Void) -> String {
        let capture = LogCapture()
        write(
            Logger(label: "martlet.test") { _ in
                TerminalLogHandler(level: .trace, output: capture.output, clock: VirtualClock(), coloured: false)
            })
        return capture.text()
    }
}
