import Foundation
import MartletBase
import Testing

@testable import MartletStore

@Suite("Looking into the database, and salvage")
struct DocumentSalvageTests {
    private static let count = 300

    private func key(_ number: Int) -> KeyBytes { KeySpace.thing(.zero, "thing\(number)") }

    /// A database with documents of half a page each, closed well.
    private func fill(_ path: String, limits: StoreLimits = StoreLimits()) async throws {
        let store = try EmbeddedDocumentStore.open(in: DataDirectory.open(path), limits: limits)
        for number in 0..<Self.count {
            _ = try await store.commit([.put(key(number), [UInt8](repeating: UInt8(number % 250) + 1, count: 1500))])
        }
        _ = try await store.commit([.delete(key(0))])
        await store.close()
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path + "/documents.sqlite")) }

    private func documents(_ path: String) async throws -> [String: [UInt8]] {
        let store = try EmbeddedDocumentStore.open(in: DataDirectory.open(path))
        var found: [String: [UInt8]] = [:]
        for document in try await store.scan(prefix: .empty, after: nil, limit: 10_000) { found[document.key.description] = document.body }
        await store.close()
        return found
    }

    @Test("A sound database has no findings, its rows are counted, and nothing in the directory changes")
    func sound() async throws {
        try await withTemporaryDirectory { path in
            try await fill(path)
            let before = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            let look = try DocumentLook.look(in: path, isBesideServer: false, checks: true, scratch: "/tmp")
            #expect(look.findings == [])
            #expect(look.rows["document"] == Self.count - 1 && look.rows["change"] == Self.count + 1 && look.rows["tombstone"] == 1)
            #expect(look.kinds == ["thing": Self.count - 1])
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == before)
        }
    }

    @Test("Salvage of a sound database is the same database, with its feed and the versions of what was deleted")
    func copy() async throws {
        try await withTemporaryDirectory { path in
            let (old, new) = (path + "/old", path + "/new")
            try await fill(old)
            try FileManager.default.createDirectory(atPath: new, withIntermediateDirectories: true)
            let salvage = try DocumentSalvage.run(from: old, into: new)
            #expect(salvage.isNothingLost && salvage.documents == Self.count - 1)
            try DirectoryLook.sign(new)
            #expect(try await documents(new) == documents(old))
            let store = try EmbeddedDocumentStore.open(in: DataDirectory.open(new))
            #expect(try await store.currentPosition().rawValue == Int64(Self.count + 1))
            _ = try await store.commit([.put(key(0), [1])])
            #expect(try await store.get(key(0))?.version.rawValue == 2)
            await store.close()
        }
    }

    /// Pages of the table, of its index and of the feed, one at a time.
    @Test("A page that is lost costs the documents that stood on it alone, and they are named", arguments: [true, false])
    func page(withFeed: Bool) async throws {
        try await withTemporaryDirectory { path in
            let old = path + "/old"
            var limits = StoreLimits()
            if !withFeed { limits.keepRows = 0 }
            try await fill(old, limits: limits)
            let whole = try await documents(old)
            let pages = try bytes(old).count / 4096
            for (round, page) in stride(from: 2, to: pages, by: max(1, pages / 12)).enumerated() {
                let (damaged, new) = (path + "/damaged\(round)", path + "/new\(round)")
                try FileManager.default.copyItem(atPath: old, toPath: damaged)
                var content = try bytes(old)
                content.replaceSubrange(page * 4096..<(page + 1) * 4096, with: Data(repeating: 0xA5, count: 4096))
                try content.write(to: URL(fileURLWithPath: damaged + "/documents.sqlite"))
                try FileManager.default.createDirectory(atPath: new, withIntermediateDirectories: true)
                let salvage = try DocumentSalvage.run(from: damaged, into: new)
                #expect(try bytes(damaged) == content, "the old one is only read")
                try DirectoryLook.sign(new)
                let found = try await documents(new)
                for (name, body) in whole where found[name] != body {
                    let isNamed = salvage.lost.contains(name) || salvage.fromFeed.contains { $0.key == name }
                    let isInGap = salvage.gaps.contains { ($0.after ?? "") <= name && name <= ($0.before ?? "~") }
                    #expect(found[name] == nil && (isNamed || isInGap || salvage.failure != nil), "page \(page): \(name)")
                }
                let look = try DocumentLook.look(in: damaged, isBesideServer: false, checks: true, scratch: "/tmp")
                #expect(!look.findings.isEmpty || found == whole, "page \(page)")
                if found != whole { #expect(!salvage.isNothingLost) }
                let lostCount = whole.count - found.count
                if salvage.failure == nil, salvage.gaps.isEmpty { #expect(salvage.lost.count == lostCount, "page \(page)") }
            }
        }
    }

    @Test("A bit that flips in a document shows against the change feed")
    func flippedBit() async throws {
        try await withTemporaryDirectory { path in
            try await fill(path)
            var content = try bytes(path)
            let place = try #require(content.range(of: Data(repeating: 200, count: 1500)))
            content[place.lowerBound + 700] ^= 1
            try content.write(to: URL(fileURLWithPath: path + "/documents.sqlite"))
            let look = try DocumentLook.look(in: path, isBesideServer: false, checks: true, scratch: "/tmp")
            #expect(look.findings.map(\.code) == [.contradictingDocuments])
            #expect(look.findings.first?.sentence.contains("000000000000/thing/thing199") == true)
        }
    }

    @Test("A header that was hit hides nothing")
    func header() async throws {
        try await withTemporaryDirectory { path in
            let (old, new) = (path + "/old", path + "/new")
            try await fill(old)
            let whole = try await documents(old)
            var content = try bytes(old)
            for place in 0..<16 { content[place] = 0 }
            try content.write(to: URL(fileURLWithPath: old + "/documents.sqlite"))
            try FileManager.default.createDirectory(atPath: new, withIntermediateDirectories: true)
            #expect(try DocumentSalvage.run(from: old, into: new).isNothingLost)
            try DirectoryLook.sign(new)
            #expect(try await documents(new) == whole)
        }
    }
}
