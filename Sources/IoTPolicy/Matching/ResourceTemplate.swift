/// An entry of `Resource` or `NotResource` before its variables are replaced.
struct ResourceTemplate: Hashable, Sendable {
    /// The entry as it was written.
    let text: String
    /// Templates of the six segments, or of a lone `*`.
    private let segments: [TextTemplate]
    private let constant: ARNPattern?

    /// Nil when the entry is neither `*` nor an ARN pattern of six segments, or has a broken variable.
    init?(_ text: String, _ version: PolicyDocument.Version) {
        guard let template = TextTemplate(text, version) else { return nil }
        self.text = text
        segments = Self.split(template)
        if template.hasVariables {
            guard segments.count == ARNPattern.segmentCount else { return nil }
            constant = nil
        } else {
            guard let pattern = ARNPattern(segments: segments.map { $0.pattern { _ in .unresolved }.pattern }) else {
                return nil
            }
            constant = pattern
        }
    }

    static func check(_ text: String, _ version: PolicyDocument.Version, at place: String) throws(PolicyParseError) {
        guard TextTemplate(text, version) != nil else {
            throw PolicyParseError(.badVariable, at: place, "a variable of \(text) is not well-formed")
        }
        guard ResourceTemplate(text, version) != nil else {
            throw PolicyParseError(.badResource, at: place, "a resource is * or an ARN with six parts, unlike \(text)")
        }
    }

    /// Cuts at the first five colons that were written as text: a colon inside a variable's name is none of them.
    private static func split(_ template: TextTemplate) -> [TextTemplate] {
        var segments: [[TextTemplate.Part]] = [[]]
        for part in template.parts {
            guard case .text(let text) = part else {
                segments[segments.count - 1].append(part)
                continue
            }
            let room = ARNPattern.segmentCount - segments.count
            let pieces = text.split(separator: ":", maxSplits: room, omittingEmptySubsequences: false)
            for (index, piece) in pieces.enumerated() {
                if index > 0 { segments.append([]) }
                if !piece.isEmpty { segments[segments.count - 1].append(.text(String(piece))) }
            }
        }
        return segments.map { TextTemplate(parts: $0) }
    }

    /// The entry with the values of one caller in it.
    func resolved(_ context: PolicyContext) -> ResolvedResource {
        if let constant { return ResolvedResource(pattern: constant, text: text, unresolved: []) }
        var patterns: [BytePattern] = []
        var unresolved: [String] = []
        for segment in segments {
            let result = segment.pattern { context.substitution($0) }
            patterns.append(result.pattern)
            unresolved += result.unresolved
        }
        guard unresolved.isEmpty, let pattern = ARNPattern(segments: patterns) else {
            return ResolvedResource(pattern: nil, text: text, unresolved: unresolved)
        }
        return ResolvedResource(pattern: pattern, text: pattern.text, unresolved: [])
    }
}
