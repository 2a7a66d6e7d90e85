import FoundationEssentials
import GRDB

/// Writes what can be read of a database into a new one, row by row. A document whose page is damaged is taken from the
/// change feed where that still has it.
package struct DocumentSalvage: Sendable {
    /// Documents that cannot be read, where at least the key is known.
    package private(set) var lost: [String] = []
    /// Keys between which documents may be gone whose names are lost too: exclusive bounds, nil for an open end.
    package private(set) var gaps: [(after: String?, before: String?)] = []
    /// Documents of which the feed had a version: the newest that it had.
    package private(set) var fromFeed: [(key: String, version: Int64)] = []
    /// Rows of the feed were lost: it begins anew, and who follows it reads everything again.
    package private(set) var isFeedLost = false
    /// Versions of deleted documents were lost: a document that is made again may begin with version 1 again.
    package private(set) var areTombstonesLost = false
    package private(set) var documents = 0
    /// Why nothing at all could be read.
    package private(set) var failure: String?
    /// Places in the file that the disk cannot read.
    package private(set) var unreadable: [Int] = []

    package var isNothingLost: Bool {
        lost.isEmpty && gaps.isEmpty && fromFeed.isEmpty && !isFeedLost && !areTombstonesLost && failure == nil
            && unreadable.isEmpty
    }

    package init() {}

    private static let batchRows = 1_000

    /// - Parameters:
    ///   - source: a data directory; it is only read.
    ///   - target: the directory where the new database stands afterwards.
    package static func run(from source: String, into target: String) throws(DataDirectoryError) -> DocumentSalvage {
        var salvage = DocumentSalvage()
        guard SystemFiles.byteCount(source + "/" + EmbeddedDocumentStore.fileName) != nil else { return salvage }
        do {
            let scratch = try ScratchDirectory(in: target)
            salvage.unreadable = try DocumentLook.copy(source, to: scratch).unreadable
            let copy = scratch.path + "/" + EmbeddedDocumentStore.fileName
            try repairHeader(of: copy)
            let new = try DatabaseQueue(path: target + "/" + EmbeddedDocumentStore.fileName)
            try new.inDatabase { db in
                // Synced once, at the end: until then there is no FORMAT, and no server takes it.
                try db.execute(sql: "PRAGMA synchronous = OFF")
                try db.inTransaction {
                    try DocumentDatabase.createTables(db)
                    return .commit
                }
            }
            do {
                let old = try DatabaseQueue(path: copy)
                try salvage.copy(old, new)
                try old.close()
            } catch let error as DatabaseError where isDamage(error) {
                salvage.failure = error.message ?? "\(error.resultCode)"
            }
            try new.close()
            try SystemFiles.sync(target + "/" + EmbeddedDocumentStore.fileName)
            return salvage
        } catch let error as SystemFiles.Failure {
            throw .notWritable(path: target, because: error.text)
        } catch {
            throw .notWritable(path: target, because: "\(error)")
        }
    }

    private static func isDamage(_ error: DatabaseError) -> Bool {
        [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_IOERR, .SQLITE_ERROR].contains(error.resultCode)
    }

    /// What all databases of Martlet have in their first bytes, so that damage there does not hide the rest.
    private static func repairHeader(of path: String) throws(SystemFiles.Failure) {
        let start = Array("SQLite format 3\0".utf8) + [0x10, 0x00]
        try SystemFiles.overwrite(path, at: 0, start)
        try SystemFiles.overwrite(path, at: 20, [0, 64, 32, 32])
    }
}

// MARK: Copying

extension DocumentSalvage {
    private struct Stored {
        let key: Data
        let version: Int64
        let body: Data
    }

    private mutating func copy(_ old: DatabaseQueue, _ new: DatabaseQueue) throws {
        try old.inDatabase { db in
            // Fails here when the schema itself cannot be read.
            _ = try String.fetchAll(db, sql: "SELECT name FROM sqlite_master")
            let known = keysInIndex(db)
            var copied: Set<Data> = []
            let isWhole = try readRows(db, "document", known.highestRow) { rows in
                let whole = try rows.filter { copied.insert(try $0.decode(Data.self, forColumn: "key")).inserted }
                try Self.insert(whole, "document", ["key", "version", "body"], new)
            }
            try copyFeed(db, new)
            try recover(known.keys.subtracting(copied), db, new, &copied)
            documents = copied.count
            // Damage to the index alone loses nothing: the table has the keys too.
            if !isWhole { gaps = known.gaps.map { (Self.text($0.after), Self.text($0.before)) } }
        }
    }

    private static func text(_ key: Data?) -> String? { key.map { KeyBytes(bytes: [UInt8]($0)).description } }

    /// The keys as the index of the table has them, which stands on other pages than the documents.
    private func keysInIndex(_ db: Database) -> KnownKeys {
        var known = KnownKeys()
        var last: Data?
        while true {
            do {
                let rows = try Row.fetchCursor(
                    db, sql: "SELECT key, rowid FROM document INDEXED BY sqlite_autoindex_document_1 WHERE key > ? ORDER BY key",
                    arguments: [last ?? Data()])
                while let row = try rows.next() {
                    guard let key = try? row.decode(Data.self, atIndex: 0), let number = try? row.decode(Int64.self, atIndex: 1)
                    else { continue }
                    known.add(key, number)
                    last = key
                }
                return known
            } catch {
                // From the other end as far as it goes; what lies between is not known by its names.
                known.gaps.append((last, readBackwards(db, above: last, &known)))
                return known
            }
        }
    }

    private func readBackwards(_ db: Database, above low: Data?, _ known: inout KnownKeys) -> Data? {
        var first: Data?
        let rows = try? Row.fetchCursor(
            db, sql: "SELECT key, rowid FROM document INDEXED BY sqlite_autoindex_document_1 WHERE key > ? ORDER BY key DESC",
            arguments: [low ?? Data()])
        while let row = (try? rows?.next()) ?? nil {
            guard let key = try? row.decode(Data.self, atIndex: 0), let number = try? row.decode(Int64.self, atIndex: 1)
            else { continue }
            known.add(key, number)
            first = key
        }
        return first
    }

    /// All rows of a table, also behind pages that cannot be read.
    /// - Returns: whether all could be read.
    @discardableResult
    private func readRows(
        _ db: Database, _ table: String, _ highest: Int64?, _ take: ([Row]) throws -> Void
    ) throws -> Bool {
        let order = table == "change" ? "position" : "rowid"
        let last = max((try? Int64.fetchOne(db, sql: "SELECT max(\(order)) FROM \(table)")) ?? 0, highest ?? 0)
        var next: Int64 = 0
        var isWhole = true
        while true {
            do {
                let rows = try Row.fetchAll(
                    db, sql: "SELECT \(order) AS place, * FROM \(table) WHERE \(order) >= ? ORDER BY \(order) LIMIT ?",
                    arguments: [next, Self.batchRows])
                try take(rows)
                guard let reached = rows.last.flatMap({ try? $0.decode(Int64.self, forColumn: "place") }) else { return isWhole }
                next = reached + 1
            } catch let error as DatabaseError where Self.isDamage(error) {
                // One by one until the next page that can be read.
                isWhole = false
                let through = min(next + Int64(Self.batchRows), last)
                guard next <= through else { return false }
                for place in next...through {
                    if let row = try? Row.fetchOne(
                        db, sql: "SELECT \(order) AS place, * FROM \(table) WHERE \(order) = ?", arguments: [place])
                    {
                        try take([row])
                    }
                }
                next = through + 1
            }
        }
    }

    private static func insert(_ rows: [Row], _ table: String, _ columns: [String], _ new: DatabaseQueue) throws {
        guard !rows.isEmpty else { return }
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        let sql = "INSERT OR IGNORE INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(places))"
        try new.inDatabase { db in
            try db.inTransaction {
                for row in rows {
                    try db.cachedStatement(sql: sql).execute(arguments: StatementArguments(columns.map { row[$0] ?? DatabaseValue.null }))
                }
                return .commit
            }
        }
    }

    /// The feed is kept whole or not at all: a gap in it would hide a change from those who follow it.
    private mutating func copyFeed(_ db: Database, _ new: DatabaseQueue) throws {
        var last = (try? Int64.fetchOne(db, sql: "SELECT trimmedThrough FROM feed")) ?? 0
        let trimmed = last
        var positions = 0
        let isWhole = try readRows(db, "change", nil) { rows in
            positions += rows.count
            for row in rows { last = max(last, (try? row.decode(Int64.self, forColumn: "position")) ?? 0) }
            try Self.insert(rows, "change", ["position", "key", "deleted", "version", "body"], new)
        }
        isFeedLost = !isWhole || Int64(positions) != last - trimmed
        let through = isFeedLost ? last : trimmed
        let drops = isFeedLost
        try new.inDatabase { db in
            if drops { try db.execute(sql: "DELETE FROM change") }
            try db.execute(sql: "UPDATE feed SET trimmedThrough = ?", arguments: [through])
        }
        areTombstonesLost = try !copyTombstones(db, new)
    }

    private func copyTombstones(_ db: Database, _ new: DatabaseQueue) throws -> Bool {
        do {
            let rows = try Row.fetchCursor(db, sql: "SELECT key, version, position FROM tombstone")
            while let row = try rows.next() { try Self.insert([row.copy()], "tombstone", ["key", "version", "position"], new) }
            return true
        } catch let error as DatabaseError where Self.isDamage(error) {
            return false
        }
    }

    private mutating func recover(
        _ missing: Set<Data>, _ db: Database, _ new: DatabaseQueue, _ copied: inout Set<Data>
    ) throws {
        for key in missing.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let name = Self.text(key) ?? ""
            let found = try? Row.fetchOne(
                db, sql: "SELECT key, version, body FROM change WHERE key = ? AND deleted = 0 ORDER BY position DESC LIMIT 1",
                arguments: [key])
            guard let row = found else {
                lost.append(name)
                continue
            }
            try Self.insert([row], "document", ["key", "version", "body"], new)
            copied.insert(key)
            fromFeed.append((name, (try? row.decode(Int64.self, forColumn: "version")) ?? 0))
        }
    }
}

/// What the index of a table tells of the documents.
private struct KnownKeys {
    var keys: Set<Data> = []
    var highestRow: Int64?
    var gaps: [(after: Data?, before: Data?)] = []

    mutating func add(_ key: Data, _ row: Int64) {
        keys.insert(key)
        highestRow = max(highestRow ?? 0, row)
    }
}
