import FoundationEssentials
import GRDB

/// Reads the database of a data directory and changes nothing there.
///
/// SQLite writes beside a database even when it only reads it. So without a server a copy is read, which stands in
/// another directory meanwhile; beside a server the database itself, whose files the server has made.
package struct DocumentLook: Sendable {
    /// Rows of each table, and documents by kind.
    package private(set) var rows: [String: Int] = [:]
    package private(set) var kinds: [String: Int] = [:]
    /// Bytes of each of the database's files.
    package private(set) var fileBytes: [String: Int] = [:]
    package private(set) var findings: [LogFinding] = []

    static let tables = ["document", "change", "tombstone"]
    private static let suffixes = ["", "-wal", "-shm"]

    /// - Parameters:
    ///   - isBesideServer: a server holds the directory.
    ///   - checks: also reads every page, and compares documents with the feed.
    ///   - scratch: where the copy may stand.
    package static func look(
        in directory: String, isBesideServer: Bool, checks: Bool, scratch: String
    ) throws(DataDirectoryError) -> DocumentLook {
        var look = DocumentLook()
        let path = directory + "/" + EmbeddedDocumentStore.fileName
        for suffix in suffixes {
            if let bytes = SystemFiles.byteCount(path + suffix) {
                look.fileBytes[EmbeddedDocumentStore.fileName + suffix] = bytes
            }
        }
        guard look.fileBytes[EmbeddedDocumentStore.fileName] != nil else { return look }
        do {
            if isBesideServer {
                try look.read(path, path, checks: checks)
            } else {
                let copy = try Self.copy(directory, to: ScratchDirectory(in: scratch))
                look.findings += copy.unreadable.map {
                    LogFinding(.unreadableFile, path, $0, "a block of the database cannot be read")
                }
                try look.read(copy.directory.path + "/" + EmbeddedDocumentStore.fileName, path, checks: checks)
            }
        } catch let error as DatabaseError {
            look.findings.append(LogFinding(.damagedDatabase, path, nil, "the database cannot be read: \(error.message ?? "\(error.resultCode)")"))
        } catch let error as SystemFiles.Failure {
            throw .notWritable(path: scratch, because: error.text)
        } catch {
            look.findings.append(LogFinding(.damagedDatabase, path, nil, "the database cannot be read: \(error)"))
        }
        return look
    }

    /// The database and its write-ahead log, without the index of the latter, which SQLite makes again.
    static func copy(
        _ directory: String, to scratch: ScratchDirectory
    ) throws(SystemFiles.Failure) -> (directory: ScratchDirectory, unreadable: [Int]) {
        let file = EmbeddedDocumentStore.fileName
        let unreadable = try FileCopy.copy(directory + "/" + file, to: scratch.path + "/" + file)
        if SystemFiles.byteCount(directory + "/" + file + "-wal") != nil {
            _ = try FileCopy.copy(directory + "/" + file + "-wal", to: scratch.path + "/" + file + "-wal")
        }
        return (scratch, unreadable)
    }

    private mutating func read(_ path: String, _ name: String, checks: Bool) throws {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        let (rows, kinds, findings) = try queue.read { db in
            var rows: [String: Int] = [:]
            for table in Self.tables {
                if let count = try? Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") { rows[table] = count }
            }
            let kinds = (try? Self.kinds(db)) ?? [:]
            return (rows, kinds, checks ? try Self.check(db, name) : [])
        }
        self.rows = rows
        self.kinds = kinds
        self.findings += findings
    }

    private static func kinds(_ db: Database) throws -> [String: Int] {
        var kinds: [String: Int] = [:]
        let keys = try Data.fetchCursor(db, sql: "SELECT key FROM document")
        while let key = try keys.next() {
            let kind = KeyBytes(bytes: [UInt8](key)).components?.lazy.compactMap { part in
                if case .kind(let kind) = part { "\(kind)" } else { nil as String? }
            }.first
            kinds[kind ?? "unknown", default: 0] += 1
        }
        return kinds
    }

    private static func check(_ db: Database, _ name: String) throws -> [LogFinding] {
        let verdicts = try String.fetchAll(db, sql: "PRAGMA integrity_check(100)").filter { $0 != "ok" }
        var findings = verdicts.map { LogFinding(.damagedDatabase, name, nil, "SQLite says: \($0)") }
        guard findings.isEmpty else { return findings }
        // SQLite keeps no checksums: a bit that flipped in a value shows where the feed still has the same version.
        let rows = try Data.fetchAll(
            db,
            sql: """
                SELECT d.key FROM document d JOIN change c ON c.key = d.key AND c.version = d.version
                WHERE c.deleted = 0 AND c.body IS NOT d.body
                """)
        findings += rows.map { key in
            LogFinding(
                .contradictingDocuments, name, nil,
                "the document \(KeyBytes(bytes: [UInt8](key))) and the change feed have different bodies for one version")
        }
        return findings
    }
}
