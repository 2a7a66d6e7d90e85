import Glibc

/// Looks at a data directory without opening it.
package enum DirectoryLook {
    /// Files that are a running server's own and no content.
    package static let passing: Set = [DirectoryLock.fileName, "run.json"]
    package static let messages = "messages"
    package static let format = DirectoryFormat.fileName

    /// - Throws: for what is no data directory, and for one of a later version.
    package static func check(_ path: String) throws(DataDirectoryError) {
        let file = path + "/" + DirectoryFormat.fileName
        let bytes: [UInt8]?
        do throws(SystemFiles.Failure) {
            guard try SystemFiles.kind(path) == .directory else { throw SystemFiles.Failure(number: ENOTDIR) }
            bytes = try SystemFiles.read(file, maxBytes: DirectoryFormat.maxBytes)
        } catch {
            throw error.number == ENOTDIR ? .notADirectory(path: path) : .notWritable(path: path, because: error.text)
        }
        guard let bytes else { throw .foreign(path: path, found: "no FORMAT file") }
        _ = try DirectoryFormat(bytes, path: file, directory: path)
    }

    /// Whether the path is free for a new directory: nothing is there, or nothing is in it.
    package static func isFree(_ path: String) -> Bool {
        switch try? SystemFiles.kind(path) {
        case .absent?: true
        case .directory?: (try? SystemFiles.entries(path).isEmpty) ?? false
        default: false
        }
    }

    package static func make(_ path: String) throws(DataDirectoryError) {
        do throws(SystemFiles.Failure) {
            try SystemFiles.makeDirectory(path)
        } catch {
            throw .notWritable(path: path, because: error.text)
        }
    }

    /// Makes a directory, whose content stands, one that a server opens.
    package static func sign(_ path: String) throws(DataDirectoryError) {
        let isComplete = hasLog(path) && hasDocuments(path)
        let format = DirectoryFormat(number: DirectoryFormat.current.number, isComplete: isComplete)
        do throws(SystemFiles.Failure) {
            try SystemFiles.replace(path + "/" + DirectoryFormat.fileName, in: path, format.bytes)
        } catch {
            throw .notWritable(path: path, because: error.text)
        }
    }

    /// Stores that a directory once had, by its `FORMAT`, and that are not there any more.
    package static func missingStores(_ path: String) -> [String] {
        let file = path + "/" + DirectoryFormat.fileName
        guard let bytes = try? SystemFiles.read(file, maxBytes: DirectoryFormat.maxBytes),
            let format = try? DirectoryFormat(bytes, path: file, directory: path), format.isComplete
        else { return [] }
        return (hasLog(path) ? [] : [messages]) + (hasDocuments(path) ? [] : [EmbeddedDocumentStore.fileName])
    }

    private static func hasDocuments(_ path: String) -> Bool {
        SystemFiles.byteCount(path + "/" + EmbeddedDocumentStore.fileName) != nil
    }

    /// Whether there is a log; a directory that no server has finished its first start on has none.
    package static func hasLog(_ path: String) -> Bool { (try? SystemFiles.kind(path + "/" + messages)) == .directory }

    /// Files that only salvage writes anew.
    package static func isRewritten(_ name: String) -> Bool {
        name == messages || name == format || name.hasPrefix(EmbeddedDocumentStore.fileName) || passing.contains(name)
    }
}
