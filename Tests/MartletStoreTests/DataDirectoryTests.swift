import Foundation
import Glibc
import MartletBase
import MartletStore
import Testing

@Suite("The data directory")
struct DataDirectoryTests {
    private func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private func makeDirectory(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    private func refusal(_ path: String) -> DataDirectoryError? {
        do {
            let directory = try DataDirectory.open(path)
            defer { directory.release() }
            _ = try EmbeddedDocumentStore.open(in: directory)
            return nil
        } catch {
            return error
        }
    }

    @Test("one that is missing is made, for its owner alone, and can be opened again")
    func created() async throws {
        try await withTemporaryDirectory { path in
            let deep = path + "/a/b"
            for round in 0..<3 {
                let directory = try DataDirectory.open(deep)
                #expect(directory.isComplete == (round == 2))
                if round == 1 { try directory.markComplete() }
                directory.release()
            }
            let mode = try FileManager.default.attributesOfItem(atPath: deep)[.posixPermissions] as? Int
            #expect(mode == 0o700)
            let format = try String(contentsOfFile: deep + "/FORMAT", encoding: .utf8)
            #expect(format == "{\"product\":\"martlet\",\"format\":2,\"complete\":true}\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: deep).sorted() == ["FORMAT", "LOCK"])
        }
    }

    @Test("an empty one is taken, and one whose first start was cut short")
    func empty() async throws {
        for leftovers in [[], ["LOCK"], ["LOCK", "FORMAT.new"], ["lost+found"]] {
            try await withTemporaryDirectory { path in
                try makeDirectory(path)
                for name in leftovers { try write("", path + "/" + name) }
                #expect(refusal(path) == nil)
            }
        }
    }

    @Test("a second opener is refused and told who holds it, until the first lets go")
    func locked() async throws {
        try await withTemporaryDirectory { path in
            let holder = try DataDirectory.open(path)
            let pid = Int(ProcessInfo.processInfo.processIdentifier)
            #expect(refusal(path) == .locked(path: path, pid: pid))
            #expect(
                refusal(path)?.description == "The data directory \(path) is in use by another process (pid \(pid)).")
            holder.release()
            #expect(refusal(path) == nil)
        }
    }

    @Test("somebody else's directory is refused and left as it was")
    func foreign() async throws {
        try await withTemporaryDirectory { path in
            try makeDirectory(path)
            try write("dear diary", path + "/diary.txt")
            #expect(refusal(path) == .foreign(path: path, found: "diary.txt"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["diary.txt"])
        }
        try await withTemporaryDirectory { path in
            try makeDirectory(path)
            try write(#"{"product":"other","format":1}"#, path + "/FORMAT")
            #expect(refusal(path) == .foreign(path: path, found: "a FORMAT file of other"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["FORMAT"])
        }
    }

    @Test("one of another user is refused, as the right one says", .enabled(if: geteuid() == 0, "only root can give a directory away"))
    func wrongOwner() async throws {
        try await withTemporaryDirectory { path in
            try makeDirectory(path)
            #expect(chown(path, 65_534, 65_534) == 0)
            #expect(refusal(path) == .wrongOwner(path: path, owner: 65_534, user: 0))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [])
        }
    }

    @Test("a store that was there once and is not any more is missed, not made anew")
    func missingStore() async throws {
        try await withTemporaryDirectory { path in
            let first = try DataDirectory.open(path)
            await (try EmbeddedDocumentStore.open(in: first)).close()
            try first.markComplete()
            first.release()
            try FileManager.default.removeItem(atPath: path + "/documents.sqlite")
            let second = try DataDirectory.open(path)
            #expect(throws: DataDirectoryError.missing(path: path, file: "documents.sqlite")) {
                _ = try EmbeddedDocumentStore.open(in: second)
            }
            #expect(throws: StoreFailure.corrupt(file: path + "/messages/MANIFEST", offset: 0, because: "it is missing")) {
                _ = try EmbeddedMessageStore.open(directory: second.file("messages"), mustExist: second.isComplete)
            }
        }
    }

    @Test("a newer format is refused and left as it was")
    func newer() async throws {
        try await withTemporaryDirectory { path in
            try makeDirectory(path)
            let newer = #"{"product":"martlet","format":3,"more":"later"}"#
            try write(newer, path + "/FORMAT")
            #expect(refusal(path) == .newerFormat(path: path, found: 3, supported: 2))
            #expect(try String(contentsOfFile: path + "/FORMAT", encoding: .utf8) == newer)
        }
    }

    @Test(
        "a damaged FORMAT file is refused and left as it was",
        arguments: [
            "", "martlet 1", "{", "[]", #"{"product":"martlet"}"#, #"{"product":"martlet","format":"1"}"#,
            #"{"product":"martlet","format":0}"#,
        ])
    func corruptFormat(_ text: String) async throws {
        try await withTemporaryDirectory { path in
            try makeDirectory(path)
            try write(text, path + "/FORMAT")
            #expect(refusal(path)?.code == "dataDirectoryFormatCorrupt")
            #expect(try String(contentsOfFile: path + "/FORMAT", encoding: .utf8) == text)
        }
    }

    @Test("a file is no directory")
    func file() async throws {
        try await withTemporaryDirectory { path in
            try write("", path)
            #expect(refusal(path) == .notADirectory(path: path))
            #expect(refusal(path + "/below") == .notADirectory(path: path + "/below"))
        }
    }

    @Test("a place where nothing can be made is refused with the system's words")
    func notWritable() throws {
        let path = "/proc/martlet/data"
        let error = try #require(refusal(path))
        #expect(error.code == "dataDirectoryNotWritable")
        #expect(error.description.hasPrefix("Martlet cannot write to \(path): "))
    }

    @Test(
        "a file that is no database is refused and left as it was",
        arguments: ["x", String(repeating: "garbage ", count: 4096)])
    func garbageDatabase(_ text: String) async throws {
        try await withTemporaryDirectory { path in
            #expect(refusal(path) == nil)
            let database = path + "/" + EmbeddedDocumentStore.fileName
            for extra in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: database + extra) }
            try write(text, database)
            #expect(refusal(path)?.code == "dataDirectoryDatabaseCorrupt")
            #expect(try String(contentsOfFile: database, encoding: .utf8) == text)
        }
    }

    @Test("a database with a damaged page is refused")
    func damagedDatabase() async throws {
        try await withTemporaryDirectory { path in
            try await withEmbeddedStore(at: path) { store in
                _ = try await store.commit((0..<200).map { .put(key("n\($0)"), Array(repeating: 7, count: 500)) })
            }
            let database = path + "/" + EmbeddedDocumentStore.fileName
            var bytes = try Data(contentsOf: URL(fileURLWithPath: database))
            try #require(bytes.count > 10 * 4096)
            for offset in 0..<64 { bytes[4096 * 5 + offset] = 0xA5 }
            try bytes.write(to: URL(fileURLWithPath: database))
            #expect(refusal(path)?.code == "dataDirectoryDatabaseCorrupt")
        }
    }

    /// Rewrites one big-endian number of the database's header.
    private func patchHeader(_ path: String, at offset: Int, _ number: UInt32) async throws {
        try await withEmbeddedStore(at: path) { store in _ = try await store.commit([.put(key("a"), [])]) }
        let database = URL(fileURLWithPath: path + "/" + EmbeddedDocumentStore.fileName)
        var bytes = try Data(contentsOf: database)
        withUnsafeBytes(of: number.bigEndian) { bytes.replaceSubrange(offset..<(offset + 4), with: $0) }
        try bytes.write(to: database)
    }

    @Test("a database of another application, or of a later version, is refused")
    func foreignDatabase() async throws {
        try await withTemporaryDirectory { path in
            try await patchHeader(path, at: 68, 0x1234_5678)
            #expect(refusal(path)?.code == "dataDirectoryDatabaseCorrupt")
        }
        try await withTemporaryDirectory { path in
            try await patchHeader(path, at: 60, 9)
            let database = path + "/" + EmbeddedDocumentStore.fileName
            #expect(refusal(path) == .newerFormat(path: database, found: 9, supported: 1))
        }
    }

    @Test("every refusal is one sentence that names the place")
    func sentences() {
        let errors: [DataDirectoryError] = [
            .notADirectory(path: "/d"), .notWritable(path: "/d", because: "no space"), .locked(path: "/d", pid: nil),
            .foreign(path: "/d", found: "x"), .newerFormat(path: "/d", found: 2, supported: 1),
            .corruptFormat(path: "/d", because: "it is not JSON"), .corruptDatabase(path: "/d", because: "bad page"),
        ]
        #expect(Set(errors.map(\.code)).count == errors.count)
        for error in errors {
            #expect(error.description.contains("/d") && error.description.hasSuffix("."))
            #expect(!error.evidence.isEmpty)
        }
    }
}
