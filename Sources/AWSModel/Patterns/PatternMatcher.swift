/// A pattern of a model, compiled. A value satisfies it when the whole value matches, with or without anchors.
///
/// Why not Swift's `Regex`: it backtracks, so its time has no bound on text that a client chooses, and its `\w`, `\d`
/// and `\p{Graph}` are Unicode where the models' are ASCII.
package struct PatternMatcher: Sendable {
    private enum Form: Sendable {
        /// One class repeated: four of five patterns, and the only ones with large counts.
        case run(ScalarSet, minimum: Int, maximum: Int)
        case program(PatternProgram)
    }

    /// The text that it was compiled from.
    package let pattern: String
    private let form: Form

    package init(_ pattern: String) throws(PatternError) {
        self.pattern = pattern
        let node = try PatternParser.parse(pattern)
        if let run = Self.run(node) {
            form = run
        } else if let program = PatternProgram(node) {
            form = .program(program)
        } else {
            throw PatternError(pattern: pattern, offset: 0, reason: "too many repetitions")
        }
    }

    package func matches(_ text: String) -> Bool {
        switch form {
        case .run(let set, let minimum, let maximum):
            var count = 0
            for scalar in text.unicodeScalars {
                count += 1
                guard count <= maximum, set.contains(scalar) else { return false }
            }
            return count >= minimum
        case .program(let program): return program.matches(text.unicodeScalars)
        }
    }

    private static func run(_ node: PatternNode) -> Form? {
        var inner = node
        if case .sequence(var nodes) = node {
            if case .start = nodes.first { nodes.removeFirst() }
            if case .end = nodes.last { nodes.removeLast() }
            guard nodes.count == 1 else { return nil }
            inner = nodes[0]
        }
        switch inner {
        case .set(let set): return .run(set, minimum: 1, maximum: 1)
        case .repeated(.set(let set), let minimum, let maximum):
            return .run(set, minimum: minimum, maximum: maximum ?? .max)
        default: return nil
        }
    }
}
