internal import GRDB

extension EmbeddedDocumentStore {
    /// Opens the database of this directory; makes it when there is none.
    /// - Throws: `.corruptDatabase` for what is no database, is damaged, or is not Martlet's; `.newerFormat` for one
    ///   of a later version; `.notWritable`. A file that is refused keeps its content.
    package static func open(
        in directory: DataDirectory, limits: StoreLimits = StoreLimits()
    ) throws(DataDirectoryError) -> EmbeddedDocumentStore {
        let path = directory.file(fileName)
        do {
            if directory.isComplete, try SystemFiles.kind(path) == .absent {
                throw DataDirectoryError.missing(path: directory.path, file: fileName)
            }
            try checkHeader(path)
            var configuration = Configuration()
            configuration.label = "martlet.documents"
            configuration.maximumReaderCount = readers
            let pool = try DatabasePool(path: path, configuration: configuration)
            let bounds = try pool.writeWithoutTransaction { db in try prepare(db, path, limits) }
            return EmbeddedDocumentStore(directory, pool, limits, bounds: bounds)
        } catch {
            throw refusal(error, path)
        }
    }

    /// SQLite takes a file that is too short to be a database for an empty one and writes over it.
    private static func checkHeader(_ path: String) throws {
        let magic = Array("SQLite format 3\0".utf8)
        guard let start = try SystemFiles.read(path, maxBytes: magic.count), !start.isEmpty else { return }
        guard start == magic else {
            throw DataDirectoryError.corruptDatabase(path: path, because: "it is not a database")
        }
    }

    private static func prepare(_ db: Database, _ path: String, _ limits: StoreLimits) throws -> FeedBounds {
        // GRDB opens with NORMAL, which is not durable at commit.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        try db.inTransaction(.immediate) {
            if try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0 {
                try DocumentDatabase.createTables(db)
            }
            return .commit
        }
        try checkOrigin(db, path)
        try checkPages(db, path, limits)
        return try DocumentDatabase.feedBounds(db)
    }

    private static func checkOrigin(_ db: Database, _ path: String) throws {
        guard try Int.fetchOne(db, sql: "PRAGMA application_id") == DocumentDatabase.applicationID else {
            throw DataDirectoryError.corruptDatabase(path: path, because: "it is not a database of Martlet")
        }
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard version <= DocumentDatabase.schemaVersion else {
            throw DataDirectoryError.newerFormat(path: path, found: version, supported: DocumentDatabase.schemaVersion)
        }
    }

    private static func checkPages(_ db: Database, _ path: String, _ limits: StoreLimits) throws {
        let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let pageBytes = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0
        guard pages * pageBytes <= limits.quickCheckBytes else { return }
        let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
        guard verdict == "ok" else { throw DataDirectoryError.corruptDatabase(path: path, because: verdict) }
    }

    private static func refusal(_ error: any Error, _ path: String) -> DataDirectoryError {
        switch error {
        case let error as DataDirectoryError:
            return error
        case let error as DatabaseError where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode):
            return .corruptDatabase(path: path, because: error.message ?? "\(error.resultCode)")
        case let error as SystemFiles.Failure:
            return .notWritable(path: path, because: error.text)
        default:
            return .notWritable(path: path, because: "\(error)")
        }
    }
}
