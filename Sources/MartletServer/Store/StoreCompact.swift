import Glibc
import MartletBase
import MartletStore

/// `martlet store compact`: makes a data directory as small as what is live in it. Only without a server.
package struct StoreCompact {
    private let place: StorePlace
    private var before = Sizes()
    private var after = Sizes()

    private struct Sizes {
        var log = 0
        var live = 0
        var database = 0
    }

    /// Does it all.
    /// - Throws: exit code 3 for a directory that a server holds, that is damaged or that is newer.
    package init(_ place: StorePlace) async throws(ServerFailure) {
        try place.check()
        self.place = place
        let directory = try StorePlace.orRefuse { () throws(DataDirectoryError) in try DataDirectory.open(place.path) }
        defer { directory.release() }
        let hasLog = DirectoryLook.hasLog(place.path)
        before.database = databaseBytes
        if hasLog { try await compactLog(directory) }
        do throws(DataDirectoryError) {
            try await DocumentVacuum.run(in: directory)
        } catch {
            throw .dataDirectory(StorePlace.sentence(error))
        }
        after.database = databaseBytes
    }

    private mutating func compactLog(_ directory: DataDirectory) async throws(ServerFailure) {
        do throws(StoreFailure) {
            let store = try EmbeddedMessageStore.open(directory: directory.file(DirectoryLook.messages), mustExist: directory.isComplete)
            before.log = store.statistics.totalBytes
            await store.compact()
            (after.log, after.live) = (store.statistics.totalBytes, store.statistics.liveBytes)
            await store.close()
        } catch {
            throw .dataDirectory("\(error)")
        }
    }

    private var databaseBytes: Int {
        ["", "-wal"].reduce(0) { sum, suffix in
            var status = stat()
            return stat(place.path + "/documents.sqlite" + suffix, &status) == 0 ? sum + Int(status.st_size) : sum
        }
    }

    package var text: String {
        """
        \(place.path)
        log: \(StoreText.bytes(before.log)) before, \(StoreText.bytes(after.log)) after, of which \(StoreText.bytes(after.live)) live
        database: \(StoreText.bytes(before.database)) before, \(StoreText.bytes(after.database)) after

        """
    }
}
