package import MartletBase

/// Why an engine did not do what it was asked.
package enum EngineError: Error, Hashable, Reason {
    /// The expectation about this document does not hold. Nothing of the commit was done.
    case conflict(KeyBytes)
    /// The engine cannot serve now: it is closed, overloaded, or cannot read. Nothing was done.
    case unavailable(because: String)
    /// A key, a body or a commit is above the limit of this name. Nothing was done.
    case tooLarge(limit: String, maximum: Int)
    /// The commit could not be made durable. It must not be acknowledged.
    case notDurable(because: String)
    /// The change feed no longer reaches back to where the reader stands, or the reader stands beyond its end.
    /// - oldest: the earliest position that `changes(prefix:since:)` still accepts.
    case compacted(oldest: ChangePosition)

    package var code: String {
        switch self {
        case .conflict: "documentConflict"
        case .unavailable: "storeUnavailable"
        case .tooLarge: "documentTooLarge"
        case .notDurable: "notDurable"
        case .compacted: "changesCompacted"
        }
    }

    package var evidence: [Evidence] {
        switch self {
        case .conflict(let key): [Evidence("key", key)]
        case .unavailable(let cause), .notDurable(let cause): [Evidence("because", cause)]
        case .tooLarge(let limit, let maximum): [Evidence("limit", limit), Evidence("maximum", maximum)]
        case .compacted(let oldest): [Evidence("oldest", oldest)]
        }
    }
}
