/// One open feed: reads pages of changes and waits for the writer when there are no more. It is pulled by whoever
/// reads the stream, so a slow reader holds one page in memory and no more.
actor ChangeReader {
    private let source: ChangeSource
    private let prefix: KeyBytes
    private let hold: Int
    private var cursor: ChangePosition
    private var page: ArraySlice<Change> = []
    private var isFirstRead = true

    init(_ source: ChangeSource, prefix: KeyBytes, since: ChangePosition) {
        self.source = source
        self.prefix = prefix
        cursor = since
        hold = source.holds.open(at: since)
    }

    deinit { source.holds.close(hold) }

    func next() async throws -> Change? {
        while !Task.isCancelled {
            if let change = page.popFirst() { return change }
            do {
                try await readPage()
            } catch is CancellationError {
                return nil
            }
        }
        return nil
    }

    private func readPage() async throws {
        // The first read waits for nothing: it finds out whether the feed still reaches back to the cursor.
        if !isFirstRead {
            try await source.signal.wait(through: ChangePosition(rawValue: cursor.rawValue + 1))
        }
        isFirstRead = false
        let read = try await source.page(prefix, cursor)
        page = read.changes[...]
        cursor = read.through
        source.holds.move(hold, to: cursor)
    }
}

/// What a feed reads from.
struct ChangeSource: Sendable {
    let signal: PositionSignal
    let holds: FeedHolds
    let page: @Sendable (KeyBytes, ChangePosition) async throws(EngineError) -> DocumentDatabase.ChangePage
}
