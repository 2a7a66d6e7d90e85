package import MartletBase

/// Why a data directory was refused. The description is one sentence for people; the process ends with exit code 3.
/// What was found is left as it was.
package enum DataDirectoryError: Error, Hashable, Reason {
    case notADirectory(path: String)
    /// Another user's: what this one writes there, that one might not read.
    case wrongOwner(path: String, owner: Int, user: Int)
    /// The directory had this once.
    case missing(path: String, file: String)
    case notWritable(path: String, because: String)
    /// - pid: of the process that holds it, when it could be read.
    case locked(path: String, pid: Int?)
    /// The directory has something in it and no `FORMAT` file of Martlet.
    case foreign(path: String, found: String)
    case newerFormat(path: String, found: Int, supported: Int)
    case corruptFormat(path: String, because: String)
    case corruptDatabase(path: String, because: String)

    package var code: String {
        switch self {
        case .notADirectory: "dataDirectoryNotADirectory"
        case .wrongOwner: "dataDirectoryWrongOwner"
        case .missing: "dataDirectoryFileMissing"
        case .notWritable: "dataDirectoryNotWritable"
        case .locked: "dataDirectoryLocked"
        case .foreign: "dataDirectoryForeign"
        case .newerFormat: "dataDirectoryNewer"
        case .corruptFormat: "dataDirectoryFormatCorrupt"
        case .corruptDatabase: "dataDirectoryDatabaseCorrupt"
        }
    }

    package var evidence: [Evidence] {
        switch self {
        case .notADirectory(let path): [Evidence("path", path)]
        case .wrongOwner(let path, let owner, let user):
            [Evidence("path", path), Evidence("owner", owner), Evidence("user", user)]
        case .missing(let path, let file): [Evidence("path", path), Evidence("file", file)]
        case .locked(let path, let pid): [Evidence("path", path)] + (pid.map { [Evidence("pid", $0)] } ?? [])
        case .foreign(let path, let found): [Evidence("path", path), Evidence("found", found)]
        case .newerFormat(let path, let found, let supported):
            [Evidence("path", path), Evidence("found", found), Evidence("supported", supported)]
        case .notWritable(let path, let cause), .corruptFormat(let path, let cause),
            .corruptDatabase(let path, let cause):
            [Evidence("path", path), Evidence("because", cause)]
        }
    }

    package var description: String {
        switch self {
        case .notADirectory(let path):
            "The data directory \(path) is not a directory."
        case .wrongOwner(let path, let owner, let user):
            "The data directory \(path) belongs to user id \(owner), and Martlet runs as user id \(user)."
        case .missing(let path, let file):
            "The data directory \(path) has lost \(file); martlet store salvage saves what is left."
        case .notWritable(let path, let cause):
            "Martlet cannot write to \(path): \(cause)."
        case .locked(let path, let pid):
            "The data directory \(path) is in use by another process\(pid.map { " (pid \($0))" } ?? "")."
        case .foreign(let path, let found):
            "The directory \(path) holds something that is not Martlet's (\(found)); choose an empty or a new one."
        case .newerFormat(let path, let found, let supported):
            "\(path) has format \(found), which is newer than this version of Martlet can read (\(supported))."
        case .corruptFormat(let path, let cause):
            "The file \(path) is damaged: \(cause)."
        case .corruptDatabase(let path, let cause):
            "The database \(path) is damaged: \(cause)."
        }
    }
}
