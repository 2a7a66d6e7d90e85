package import MartletBase
import MartletStore

/// `martlet store salvage`: copies all that is whole of a damaged data directory into a new one, and says what was lost.
/// The old directory is only read.
package struct StoreSalvage {
    private let source: String
    private let target: String
    private var log = LogPicture()
    private var losses = LogLosses(LogPicture())
    private var documents = DocumentSalvage()
    /// Other files of which something could not be read.
    private var files: [String] = []
    private var owners = QueueOwners(LogPicture())

    /// Does it all.
    /// - Throws: exit code 2 for a target that is not free, 3 for a source that a server holds or that is newer, 1 when
    ///   the target cannot be written. What was begun then has no `FORMAT`, so that no server takes it.
    package init(_ place: StorePlace, into target: String) throws(ServerFailure) {
        source = place.path
        self.target = target
        guard DirectoryLook.isFree(target) else {
            throw .usage("\(target) is not empty; name a directory for --into that is absent or empty")
        }
        try Self.checkFormat(place)
        let lock = try StorePlace.orRefuse { () throws(DataDirectoryError) in try DirectoryReadLock(directory: place.path) }
        defer { withExtendedLifetime(lock) {} }
        log = try place.log()
        owners = QueueOwners(log)
        log.reopen(namedBy: owners.queues)
        losses = LogLosses(log)
        try Self.orFail { () throws(DataDirectoryError) in
            try DirectoryLook.make(target)
            files = DirectoryLook.missingStores(place.path).map { place.path + "/" + $0 + ", which is missing" }
            files += try FileCopy.copyAll(in: place.path, to: target, except: DirectoryLook.isRewritten)
            documents = try DocumentSalvage.run(from: place.path, into: target)
        }
        try writeLog(place)
        try Self.orFail { () throws(DataDirectoryError) in try DirectoryLook.sign(target) }
    }

    /// A damaged or missing `FORMAT` is no reason to give the rest up; a newer one is.
    private static func checkFormat(_ place: StorePlace) throws(ServerFailure) {
        do throws(DataDirectoryError) {
            try DirectoryLook.check(place.path)
        } catch {
            if case .corruptFormat = error { return }
            if case .foreign = error, DirectoryLook.hasLog(place.path) { return }
            throw .dataDirectory(StorePlace.sentence(error))
        }
    }

    private func writeLog(_ place: StorePlace) throws(ServerFailure) {
        guard DirectoryLook.hasLog(place.path) else { return }
        do throws(StoreFailure) {
            let disk = try SystemLogDisk(directory: target + "/" + DirectoryLook.messages)
            try LogSalvage.write(log, from: place.disk, to: disk)
        } catch {
            throw .runtime("\(target) is not whole: \(error)")
        }
    }

    private static func orFail(_ body: () throws(DataDirectoryError) -> Void) throws(ServerFailure) {
        do throws(DataDirectoryError) {
            try body()
        } catch {
            throw .runtime(StorePlace.sentence(error))
        }
    }

    package var isNothingLost: Bool { losses.isNothing && documents.isNothingLost && files.isEmpty }
}

// MARK: For people

extension StoreSalvage {
    package var text: String {
        var lines = ["Salvaged \(source) into \(target)."]
        lines += section("Damaged", log.damages.map(damageLine) + unreadableLines)
        lines += section("Lost", lossLines + documentLines)
        lines += section("The end of the log, which a crash may have torn; then nothing there was acknowledged", losses.unfinished.map(damageLine))
        if isNothingLost { lines += ["", "Nothing was lost."] }
        return lines.joined(separator: "\n") + "\n"
    }

    private func section(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : ["", title + ":"] + lines.map { "  " + $0 }
    }

    private var unreadableLines: [String] {
        log.findings.filter { $0.code == .unreadableFile || $0.code == .damagedHeader }
            .map { "\($0.file)\($0.offset.map { ":\($0)" } ?? ""): \($0.sentence)" }
            + documents.unreadable.map { "documents.sqlite:\($0): the disk cannot read this block" }
            + files.map { "\($0): not all of it can be read" }
    }

    private func damageLine(_ damage: LogDamage) -> String {
        let what = damage.isWhole ? "only the length of a record was hit; nothing of it is lost" : claimText(damage)
        return "\(damage.file) bytes \(damage.from) to \(damage.to): \(what)"
    }

    private func claimText(_ damage: LogDamage) -> String {
        let text =
            switch damage.claim {
            case .put(let number, let kind, _, let note): "\(kind) record \(number)\(Self.about(note.label))"
            case .remove(let number, _): "the removal of record \(number)"
            case .message(let entries):
                "a message for "
                    + entries.map { "\(owners.text($0.queue)) (\($0.sequence))" }.joined(separator: ", ")
            case .openQueue(let queue): "the opening of the queue of \(owners.text(queue))"
            case .endQueue(let queue): "the end of the queue of \(owners.text(queue))"
            case .cursor(let queue, let cursor): "the cursor of \(owners.text(queue)), settled through \(cursor.settledThrough)"
            case .nothing: "nothing that is needed"
            case .unknown: "records of which nothing is known"
            }
        return damage.isCertain || damage.claim == .unknown ? text : text + ", by its damaged bytes"
    }

    private static func about(_ label: String) -> String { label.isEmpty ? "" : " (\(StoreText.name(label)))" }

    private var lossLines: [String] {
        var lines = losses.records.map(line)
        lines += losses.returned.map { "\($0.kind) record \($0.number)\(Self.about($0.label)): its removal; it is there again" }
        for lost in losses.messages {
            lines.append("\(owners.text(lost.queue)): \(StoreText.plural(lost.count, "message")): \(StoreText.sequences(lost.sequences))")
        }
        for lost in losses.cursors {
            lines.append("\(owners.text(lost.queue)): its newest cursor; messages that were settled may come again")
        }
        lines += losses.endings.map { "the end of the queue of \(owners.text($0.queue)): it is there again" }
        lines += losses.reopened.map { "the opening of the queue of \(owners.text($0)): it was opened again" }
        lines += losses.unknown.map { "what stood in \($0.file) bytes \($0.from) to \($0.to); no more is known of it" }
        return lines
    }

    private func line(_ record: LogLosses.Record) -> String {
        let name = "\(record.kind) record \(record.number)\(Self.about(record.label))"
        guard let older = record.older else { return "\(name): gone; no older version is there" }
        return "\(name): its newest version; the one at \(older.file):\(older.offset) was taken"
    }

    private var documentLines: [String] {
        var lines = documents.lost.map { "document \(StoreText.name($0))" }
        for gap in documents.gaps {
            let (after, before) = (gap.after ?? "the first", gap.before ?? "the last")
            lines.append("documents between \(StoreText.name(after)) and \(StoreText.name(before)) whose names are gone")
        }
        for document in documents.fromFeed {
            lines.append("document \(StoreText.name(document.key)): taken from the change feed, version \(document.version)")
        }
        if documents.isFeedLost { lines.append("rows of the change feed: it begins anew, and its readers read everything again") }
        if documents.areTombstonesLost { lines.append("versions of deleted documents") }
        if let failure = documents.failure { lines.append("all documents: \(failure)") }
        return lines + documents.unreadable.map { "what stood in documents.sqlite at \($0)" } + files.map { "all or parts of \($0)" }
    }
}

// MARK: For programs

extension StoreSalvage {
    package var json: JSONValue {
        .object(
            JSONObject([
                ("source", .string(source)), ("target", .string(target)), ("nothingLost", .bool(isNothingLost)),
                ("damaged", .array(log.damages.map(json))), ("records", recordsJSON), ("messages", messagesJSON),
                ("cursors", .array(losses.cursors.map { queueJSON($0.queue) })),
                ("returnedQueues", .array(losses.endings.map { queueJSON($0.queue) })),
                ("reopenedQueues", .array(losses.reopened.map(queueJSON))),
                ("unknown", .array(losses.unknown.map(json))), ("unfinished", .array(losses.unfinished.map(json))),
                ("documents", documentsJSON), ("files", .array(files.map { .string($0) })),
            ] as [(String, JSONValue)]))
    }

    private var recordsJSON: JSONValue {
        .array(losses.records.map { json($0, "newestVersion") } + losses.returned.map { json($0, "removal") })
    }

    private var messagesJSON: JSONValue {
        .array(
            losses.messages.map { lost in
                [
                    "queue": .int(lost.queue), "owner": owners.json(lost.queue), "count": .int(lost.count),
                    "sequences": StoreText.sequencesJSON(lost.sequences),
                ]
            })
    }

    private func queueJSON(_ queue: UInt64) -> JSONValue { ["queue": .int(queue), "owner": owners.json(queue)] }

    private func json(_ damage: LogDamage) -> JSONValue {
        [
            "file": .string(damage.file), "from": .int(damage.from), "to": .int(damage.to), "what": .string(claimText(damage)),
            "certain": .bool(damage.isCertain), "whole": .bool(damage.isWhole), "place": .string(damage.place.rawValue),
        ]
    }

    private func json(_ record: LogLosses.Record, _ lost: String) -> JSONValue {
        [
            "kind": .string("\(record.kind)"), "number": .int(record.number), "about": .string(record.label), "lost": .string(lost),
            "took": record.older.map { ["file": .string($0.file), "offset": .int($0.offset)] } ?? "nothing",
        ]
    }

    private var documentsJSON: JSONValue {
        [
            "taken": .int(documents.documents), "lost": .array(documents.lost.map { .string($0) }),
            "gaps": .array(
                documents.gaps.map { gap in
                    ["after": gap.after.map { .string($0) } ?? .null, "before": gap.before.map { .string($0) } ?? .null]
                }),
            "fromFeed": .array(documents.fromFeed.map { ["key": .string($0.key), "version": .int($0.version)] }),
            "feedLost": .bool(documents.isFeedLost), "tombstonesLost": .bool(documents.areTombstonesLost),
            "failure": documents.failure.map { .string($0) } ?? .null,
            "unreadable": .array(documents.unreadable.map { .int($0) }),
        ]
    }
}
