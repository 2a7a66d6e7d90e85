/// A pattern over an ARN. Each of the first five segments is matched on its own; what follows the fifth colon is one
/// segment (policies.md section 3).
enum ARNPattern: Hashable, Sendable {
    /// A lone `*`.
    case everything
    /// Six patterns.
    case segments([BytePattern])

    static let segmentCount = 6

    /// Nil unless there are six segments, or one that matches everything.
    init?(segments: [BytePattern]) {
        if segments.count == 1, segments[0].isEverything {
            self = .everything
        } else {
            guard segments.count == Self.segmentCount else { return nil }
            self = .segments(segments)
        }
    }

    func matches(_ arn: String) -> Bool {
        guard case .segments(let patterns) = self else { return true }
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == patterns.count else { return false }
        return zip(patterns, parts).allSatisfy { $0.matches(String($1)) }
    }

    var text: String {
        switch self {
        case .everything: "*"
        case .segments(let patterns): patterns.map(\.text).joined(separator: ":")
        }
    }
}
