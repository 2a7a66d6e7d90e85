import GRDB

/// Gives back what the database holds of room that no document needs.
package enum DocumentVacuum {
    /// - Parameter directory: locked by the caller; nobody else has its database open.
    /// - Throws: what opening the database refuses too.
    package static func run(in directory: DataDirectory) async throws(DataDirectoryError) {
        // Refuses what is damaged or newer.
        await (try EmbeddedDocumentStore.open(in: directory)).close()
        let path = directory.file(EmbeddedDocumentStore.fileName)
        do {
            let queue = try DatabaseQueue(path: path)
            try await queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                try db.execute(sql: "VACUUM")
                try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
            try queue.close()
        } catch {
            throw .notWritable(path: path, because: "\(error)")
        }
    }
}
