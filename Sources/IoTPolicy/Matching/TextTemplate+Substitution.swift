extension TextTemplate {
    /// The template as a pattern: `*` and `?` of the text are wildcards, those of values are not.
    func pattern(
        _ value: (PolicyVariable) -> PolicyVariable.Substitution
    ) -> (pattern: BytePattern, unresolved: [String]) {
        var pattern = BytePattern()
        var unresolved: [String] = []
        for part in parts {
            switch part {
            case .text(let text): for byte in text.utf8 { pattern.append(byteOfText: byte) }
            case .literal(let text): pattern.append(literal: text)
            case .variable(let variable):
                switch value(variable) {
                case .value(let text): pattern.append(literal: text)
                case .unresolved: unresolved.append(variable.name)
                }
            }
        }
        return (pattern, unresolved)
    }

    /// The template as plain text, in which nothing is a wildcard.
    func plainText(
        _ value: (PolicyVariable) -> PolicyVariable.Substitution
    ) -> (text: String, unresolved: [String]) {
        var plain = ""
        var unresolved: [String] = []
        for part in parts {
            switch part {
            case .text(let text), .literal(let text): plain += text
            case .variable(let variable):
                switch value(variable) {
                case .value(let text): plain += text
                case .unresolved: unresolved.append(variable.name)
                }
            }
        }
        return (plain, unresolved)
    }
}
