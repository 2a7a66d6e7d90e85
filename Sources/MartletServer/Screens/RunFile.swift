import Glibc
import MartletBase

/// `run.json` in the data directory: how the other commands find the server that runs on it.
package enum RunFile {
    package static let name = "run.json"
    private static let bytesMax = 65_536

    package static func path(in dataDirectory: String) -> String { dataDirectory + "/" + name }

    package static func write(_ report: ReadyReport, in dataDirectory: String) throws(ServerFailure) {
        do throws(SmallFile.Failure) {
            try SmallFile.replace(path(in: dataDirectory), Array(report.line.utf8))
        } catch {
            throw .dataDirectory("\(path(in: dataDirectory)) cannot be written: \(error.why)")
        }
    }

    /// Called at stop. A file that is gone already is no failure.
    package static func remove(in dataDirectory: String) { unlink(path(in: dataDirectory)) }

    /// Nil when there is none.
    package static func read(in dataDirectory: String) throws(ServerFailure) -> ReadyReport? {
        let bytes: [UInt8]
        do throws(SmallFile.Failure) {
            bytes = try SmallFile.read(path(in: dataDirectory), bytesMax: bytesMax)
        } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw .runtime("\(path(in: dataDirectory)) cannot be read: \(error.why)")
        }
        guard let json = try? JSONParser.parse(bytes), let report = ReadyReport(json: json) else {
            throw .runtime("\(path(in: dataDirectory)) is not what a server writes; remove it if no server runs")
        }
        return report
    }

    /// Whether the process that wrote the report still exists.
    package static func isAlive(_ report: ReadyReport) -> Bool {
        guard let pid = pid_t(exactly: report.pid), pid > 0 else { return false }
        return kill(pid, 0) == 0 || errno == EPERM
    }
}
