/// What the records of a log say of one another, and whether it is there. The broker puts right at its start what has
/// no owner; a session whose queue is gone has lost something.
package enum LogReferences {
    package static func check(_ picture: LogPicture) -> [LogFinding] {
        let clients = picture.notes(of: .client)
        let sessions = Set(clients.compactMap(\.note.queue))
        let shares = picture.notes(of: .shareQueue)
        let owners = sessions.union(shares.compactMap(\.note.queue))
        return unreadable(picture) + withoutQueue(clients + shares, picture)
            + withoutSession(picture, sessions) + withoutOwner(picture, owners) + missing(picture)
    }

    private static func unreadable(_ picture: LogPicture) -> [LogFinding] {
        RecordKind.allCases.flatMap { kind in
            picture.notes(of: kind).compactMap { number, note in
                note.problem.map { finding(.unreadableBody, number, picture, "the \(kind) record \(number) cannot be read: \($0)") }
            }
        }
    }

    private static func withoutQueue(_ records: [(number: UInt64, note: RecordNote)], _ picture: LogPicture) -> [LogFinding] {
        records.compactMap { number, note in
            guard let queue = note.queue, !picture.isLiveQueue(queue) else { return nil }
            return finding(.sessionWithoutQueue, number, picture, "\(note.label) names the queue \(queue), which is not there")
        }
    }

    private static func withoutSession(_ picture: LogPicture, _ sessions: Set<UInt64>) -> [LogFinding] {
        [RecordKind.subscription, .exchange].flatMap { kind in
            picture.notes(of: kind).compactMap { number, note in
                guard let queue = note.queue, !sessions.contains(queue) else { return nil }
                return finding(
                    .recordWithoutSession, number, picture, isHarmless: true,
                    "the \(kind) record \(number) (\(note.label)) belongs to no session; the next start removes it")
            }
        }
    }

    private static func withoutOwner(_ picture: LogPicture, _ owners: Set<UInt64>) -> [LogFinding] {
        picture.liveQueues.filter { !owners.contains($0.number) }.map { queue in
            let (file, offset) = queue.opened.map { picture.place($0.location) } ?? ("", 0)
            return LogFinding(
                .queueWithoutOwner, file, offset, isHarmless: true,
                "the queue \(queue.number) belongs to nobody; the next start removes it")
        }
    }

    private static func missing(_ picture: LogPicture) -> [LogFinding] {
        picture.liveQueues.compactMap { queue in
            let missing = queue.missing()
            guard !missing.isEmpty else { return nil }
            let (file, offset) = queue.opened.map { picture.place($0.location) } ?? ("", 0)
            return LogFinding(
                .missingMessages, file, offset,
                "the queue \(queue.number) has no message \(missing.map(Self.text).joined(separator: ", ")), which nobody has settled")
        }
    }

    private static func text(_ range: ClosedRange<UInt64>) -> String {
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }

    private static func finding(
        _ code: LogFinding.Code, _ number: UInt64, _ picture: LogPicture, isHarmless: Bool = false, _ sentence: String
    ) -> LogFinding {
        let place = picture.place(of: number)
        return LogFinding(code, place?.file ?? "", place?.offset, isHarmless: isHarmless, sentence)
    }
}
