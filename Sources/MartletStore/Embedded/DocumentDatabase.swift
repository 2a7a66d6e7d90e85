internal import FoundationEssentials
internal import GRDB

/// The tables of the embedded engine and every statement that reads or writes them.
///
/// `document` holds what is, `change` the feed, `feed` how far the feed has been trimmed, and `tombstone` the last
/// version of what was deleted, for as long as the feed remembers the delete.
enum DocumentDatabase {
    /// "MRTL" in the file's header: whose database it is.
    static let applicationID = 0x4D52_544C
    static let schemaVersion = 1

    static func createTables(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE document (key BLOB PRIMARY KEY NOT NULL, version INTEGER NOT NULL, body BLOB);
                CREATE TABLE change (
                    position INTEGER PRIMARY KEY, key BLOB NOT NULL, deleted INTEGER NOT NULL,
                    version INTEGER NOT NULL, body BLOB);
                CREATE TABLE tombstone (
                    key BLOB PRIMARY KEY NOT NULL, version INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
                CREATE INDEX tombstoneByPosition ON tombstone (position);
                CREATE TABLE feed (trimmedThrough INTEGER NOT NULL);
                INSERT INTO feed VALUES (0);
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(schemaVersion);
                """)
    }

    // The body of a document may be empty, and SQLite hands an empty blob back as NULL; so a column says what a
    // change is, not the absence of its body.
    private static func bytes(_ data: Data?) -> [UInt8] { data.map { [UInt8]($0) } ?? [] }

    private static func key(_ data: Data) -> KeyBytes { KeyBytes(bytes: [UInt8](data)) }
}

extension KeyBytes {
    fileprivate var data: Data { Data(bytes) }
}

extension DocumentDatabase {
    static func get(_ key: KeyBytes, _ db: Database) throws -> Document? {
        let statement = try db.cachedStatement(sql: "SELECT version, body FROM document WHERE key = ?")
        return try Row.fetchOne(statement, arguments: [key.data]).map { row in
            Document(key: key, version: DocumentVersion(rawValue: row[0]), body: bytes(row[1]))
        }
    }

    static func scan(prefix: KeyBytes, after: KeyBytes?, limit: Int, _ db: Database) throws -> [Document] {
        // The next key in byte order is the same one with a zero byte behind it.
        let start = max(prefix, after.map { KeyBytes(bytes: $0.bytes + [0]) } ?? prefix)
        var sql = "SELECT key, version, body FROM document WHERE key >= ?"
        var arguments: StatementArguments = [start.data]
        if let end = prefix.endOfPrefix {
            sql += " AND key < ?"
            arguments += [end.data]
        }
        let statement = try db.cachedStatement(sql: sql + " ORDER BY key LIMIT ?")
        return try Row.fetchAll(statement, arguments: arguments + [max(0, limit)]).map { row in
            Document(key: key(row[0]), version: DocumentVersion(rawValue: row[1]), body: bytes(row[2]))
        }
    }

    static func feedBounds(_ db: Database) throws -> FeedBounds {
        let trimmed = try Int64.fetchOne(db.cachedStatement(sql: "SELECT trimmedThrough FROM feed")) ?? 0
        let last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(position) FROM change")) ?? trimmed
        return FeedBounds(trimmed: ChangePosition(rawValue: trimmed), last: ChangePosition(rawValue: last))
    }

    struct ChangePage: Sendable {
        var changes: [Change]
        /// Every change up to here has been looked at.
        var through: ChangePosition
    }

    static func changes(
        prefix: KeyBytes, since: ChangePosition, limits: StoreLimits, _ db: Database
    ) throws -> ChangePage {
        let bounds = try feedBounds(db)
        guard since >= bounds.trimmed, since <= bounds.last else { throw EngineError.compacted(oldest: bounds.trimmed) }
        let statement = try db.cachedStatement(
            sql: "SELECT position, key, deleted, version, body FROM change WHERE position > ? ORDER BY position LIMIT ?"
        )
        let rows = try Row.fetchCursor(statement, arguments: [since.rawValue, limits.pageRows])
        var page = ChangePage(changes: [], through: since)
        var pageBytes = 0
        while pageBytes < limits.pageBytes, let row = try rows.next() {
            page.through = ChangePosition(rawValue: row[0])
            let key = key(row[1])
            guard key.hasPrefix(prefix) else { continue }
            let kind: Change.Kind = row[2] ? .delete : .put(bytes(row[4]))
            if case .put(let body) = kind { pageBytes += body.count }
            page.changes.append(
                Change(position: page.through, key: key, kind: kind, version: DocumentVersion(rawValue: row[3])))
        }
        return page
    }
}

extension DocumentDatabase {
    /// Does the writes of one commit.
    /// - Returns: the position of its last change; `position` when it changed nothing.
    /// - Throws: `EngineError.conflict`; what was done before it is for the caller to roll back.
    static func apply(_ writes: [DocumentWrite], after position: ChangePosition, _ db: Database) throws
        -> ChangePosition
    {
        var position = position
        for write in writes {
            let version = try version(of: write.key, in: "document", db)
            guard write.expecting.holds(for: version) else { throw EngineError.conflict(write.key) }
            switch write.operation {
            case .check:
                continue
            case .put(let body):
                position = ChangePosition(rawValue: position.rawValue + 1)
                try put(write.key, body, over: version, at: position, db)
            case .delete:
                guard let version else { continue }
                position = ChangePosition(rawValue: position.rawValue + 1)
                try delete(write.key, version, at: position, db)
            }
        }
        return position
    }

    /// Forgets the changes up to this position.
    static func trim(through position: ChangePosition, _ db: Database) throws {
        let through = position.rawValue
        try db.cachedStatement(sql: "DELETE FROM change WHERE position <= ?").execute(arguments: [through])
        try db.cachedStatement(sql: "DELETE FROM tombstone WHERE position <= ?").execute(arguments: [through])
        try db.cachedStatement(sql: "UPDATE feed SET trimmedThrough = ?").execute(arguments: [through])
    }

    private static func version(of key: KeyBytes, in table: String, _ db: Database) throws -> DocumentVersion? {
        let statement = try db.cachedStatement(sql: "SELECT version FROM \(table) WHERE key = ?")
        return try Int64.fetchOne(statement, arguments: [key.data]).map(DocumentVersion.init(rawValue:))
    }

    private static func put(
        _ key: KeyBytes, _ body: [UInt8], over present: DocumentVersion?, at position: ChangePosition, _ db: Database
    ) throws {
        let last = try present ?? version(of: key, in: "tombstone", db)
        let version = last?.next ?? DocumentVersion(rawValue: 1)
        let body = Data(body)
        if present != nil {
            try db.cachedStatement(sql: "UPDATE document SET version = ?, body = ? WHERE key = ?")
                .execute(arguments: [version.rawValue, body, key.data])
        } else {
            try db.cachedStatement(sql: "INSERT INTO document (key, version, body) VALUES (?, ?, ?)")
                .execute(arguments: [key.data, version.rawValue, body])
        }
        if present == nil, last != nil {
            try db.cachedStatement(sql: "DELETE FROM tombstone WHERE key = ?").execute(arguments: [key.data])
        }
        try db.cachedStatement(
            sql: "INSERT INTO change (position, key, deleted, version, body) VALUES (?, ?, 0, ?, ?)"
        ).execute(arguments: [position.rawValue, key.data, version.rawValue, body])
    }

    private static func delete(
        _ key: KeyBytes, _ version: DocumentVersion, at position: ChangePosition, _ db: Database
    ) throws {
        try db.cachedStatement(sql: "DELETE FROM document WHERE key = ?").execute(arguments: [key.data])
        try db.cachedStatement(sql: "INSERT INTO tombstone (key, version, position) VALUES (?, ?, ?)")
            .execute(arguments: [key.data, version.rawValue, position.rawValue])
        try db.cachedStatement(
            sql: "INSERT INTO change (position, key, deleted, version, body) VALUES (?, ?, 1, ?, NULL)"
        ).execute(arguments: [position.rawValue, key.data, version.rawValue])
    }
}
