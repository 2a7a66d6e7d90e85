package import MartletBase
import MartletStore

/// `martlet store stats`: what is in a data directory. Offline and beside a running server; it changes nothing.
package struct StoreStats {
    private static let longest = 10

    private let place: StorePlace
    private let log: LogPicture
    private let documents: DocumentLook
    private let owners: QueueOwners
    private let queues: [QueuePicture]

    package init(_ place: StorePlace) throws(ServerFailure) {
        try place.check()
        self.place = place
        log = try place.log()
        documents = try place.documents(checks: false)
        owners = QueueOwners(log)
        queues = log.liveQueues.sorted { ($1.messageCount, $0.number) < ($0.messageCount, $1.number) }
    }

    private var segments: [LogPicture.Segment] { log.segments.values.sorted { $0.number < $1.number } }
    private var sessionCount: Int { log.notes(of: .client).count { $0.note.queue != nil } }
    private var longestQueues: [QueuePicture] { queues.prefix(Self.longest).filter { $0.messageCount > 0 } }
    private var messageCount: Int { queues.reduce(0) { $0 + $1.messageCount } }
    private var messageBytes: Int { queues.reduce(0) { $0 + $1.byteCount } }
    private var damageCount: Int { log.findings.count { !$0.isHarmless } + documents.findings.count { !$0.isHarmless } }

    // MARK: For people

    package var text: String {
        let server = place.serverPID.map { ", in use by a server (pid \($0)): what it changes meanwhile may be counted or not" } ?? ""
        var lines = ["\(place.path)\(server)", ""]
        lines += logLines + [""] + recordLines + [""] + queueLines + [""] + documentLines
        if damageCount > 0 { lines += ["", "\(StoreText.plural(damageCount, "finding")): martlet store check says which"] }
        return lines.joined(separator: "\n") + "\n"
    }

    private var logLines: [String] {
        ["Log: \(StoreText.plural(segments.count, "segment")), \(StoreText.bytes(log.totalBytes)), of which \(StoreText.bytes(log.liveBytes)) live"]
            + segments.map { segment in
                "  \(SegmentName.last(segment.file))  \(StoreText.bytes(segment.byteCount)), used \(StoreText.bytes(segment.usedBytes)), "
                    + "live \(StoreText.bytes(segment.liveBytes)), \(StoreText.plural(segment.records, "record"))"
            }
    }

    private var recordLines: [String] {
        let written = log.written.sorted { $0.key < $1.key }.map { "\($0.key) \(StoreText.number($0.value.count))" }
        let live = log.liveRecords
        return [
            "Records in the log: \(written.isEmpty ? "none" : written.joined(separator: ", "))",
            "Live: " + RecordKind.allCases.map { "\($0) \(StoreText.number(live[$0]?.count ?? 0))" }.joined(separator: ", "),
            "Sessions that are kept: \(StoreText.number(sessionCount)); retained messages: "
                + "\(StoreText.number(live[.retained]?.count ?? 0)) (\(StoreText.bytes(live[.retained]?.bytes ?? 0)))",
        ]
    }

    private var queueLines: [String] {
        ["Queues: \(StoreText.number(queues.count)) with \(StoreText.plural(messageCount, "message")), \(StoreText.bytes(messageBytes))"]
            + longestQueues.map { queue in
                "  \(owners.text(queue.number)): \(StoreText.plural(queue.messageCount, "message")), \(StoreText.bytes(queue.byteCount))"
            }
    }

    private var documentLines: [String] {
        let files = documents.fileBytes.sorted { $0.key < $1.key }.map { "\($0.key) \(StoreText.bytes($0.value))" }
        let kinds = documents.kinds.sorted { $0.key < $1.key }.map { "\($0.key) \(StoreText.number($0.value))" }
        return [
            "Documents: \(StoreText.number(documents.rows["document"] ?? 0)); change feed "
                + "\(StoreText.number(documents.rows["change"] ?? 0)) rows; \(files.joined(separator: ", "))"
        ] + (kinds.isEmpty ? [] : ["  " + kinds.joined(separator: ", ")])
    }

    // MARK: For programs

    package var json: JSONValue {
        [
            "dataDirectory": .string(place.path), "serverPid": place.serverPID.map { .int($0) } ?? .null,
            "findings": .int(damageCount), "log": logJSON,
            "sessions": .int(sessionCount), "queues": queuesJSON, "documents": documentsJSON,
        ]
    }

    private var logJSON: JSONValue {
        let live = log.liveRecords
        return [
            "totalBytes": .int(log.totalBytes), "liveBytes": .int(log.liveBytes),
            "segments": .array(
                segments.map { segment in
                    [
                        "number": .int(segment.number), "file": .string(segment.file), "bytes": .int(segment.byteCount),
                        "usedBytes": .int(segment.usedBytes), "liveBytes": .int(segment.liveBytes), "records": .int(segment.records),
                    ]
                }),
            "records": .object(JSONObject(log.written.sorted { $0.key < $1.key }.map { ($0.key, Self.json($0.value)) })),
            "live": .object(JSONObject(RecordKind.allCases.map { ("\($0)", Self.json(live[$0] ?? LogPicture.Tally())) })),
        ]
    }

    private static func json(_ tally: LogPicture.Tally) -> JSONValue { ["count": .int(tally.count), "bytes": .int(tally.bytes)] }

    private var queuesJSON: JSONValue {
        [
            "count": .int(queues.count), "messages": .int(messageCount), "bytes": .int(messageBytes),
            "longest": .array(
                longestQueues.map { queue in
                    [
                        "queue": .int(queue.number), "owner": owners.json(queue.number), "messages": .int(queue.messageCount),
                        "bytes": .int(queue.byteCount),
                    ]
                }),
        ]
    }

    private var documentsJSON: JSONValue {
        func counts(_ values: [String: Int]) -> JSONValue {
            .object(JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) }))
        }
        return ["rows": counts(documents.rows), "kinds": counts(documents.kinds), "fileBytes": counts(documents.fileBytes)]
    }
}

enum SegmentName {
    static func last(_ path: String) -> String { path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path }
}
