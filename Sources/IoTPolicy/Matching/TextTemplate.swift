/// A text of a policy in which variables are not yet replaced (policies.md section 4).
struct TextTemplate: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        /// Text as it was written; `*` and `?` in it may be wildcards.
        case text(String)
        /// What `${*}`, `${?}` and `${$}` stand for: never a wildcard.
        case literal(String)
        case variable(PolicyVariable)
    }

    let parts: [Part]

    var hasVariables: Bool {
        parts.contains { if case .variable = $0 { true } else { false } }
    }

    init(parts: [Part]) { self.parts = parts }

    /// Nil when a `${` is not closed or names nothing. Documents of 2008 have no variables.
    init?(_ text: String, _ version: PolicyDocument.Version) {
        guard version == .version2012, text.utf8.contains(UInt8(ascii: "$")) else {
            parts = [.text(text)]
            return
        }
        var parts: [Part] = []
        var plain: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.first {
            guard byte == UInt8(ascii: "$"), rest.dropFirst().first == UInt8(ascii: "{") else {
                plain.append(byte)
                rest = rest.dropFirst()
                continue
            }
            guard let (part, length) = Self.reference(rest) else { return nil }
            if !plain.isEmpty { parts.append(.text(String(decoding: plain, as: UTF8.self))) }
            plain = []
            parts.append(part)
            rest = rest.dropFirst(length)
        }
        if !plain.isEmpty { parts.append(.text(String(decoding: plain, as: UTF8.self))) }
        self.parts = parts
    }

    /// Reads `${name}` or `${name, 'default'}`. A comma between brackets belongs to the name of a thing attribute.
    private static func reference(_ text: ArraySlice<UInt8>) -> (part: Part, length: Int)? {
        var end = text.startIndex + 2
        var isBracketed = false
        while end < text.endIndex, text[end] != UInt8(ascii: "}"), isBracketed || text[end] != UInt8(ascii: ",") {
            if text[end] == UInt8(ascii: "[") { isBracketed = true }
            if text[end] == UInt8(ascii: "]") { isBracketed = false }
            end += 1
        }
        guard end < text.endIndex else { return nil }
        let name = String(decoding: text[(text.startIndex + 2)..<end], as: UTF8.self).trimmingSpaces
        guard !name.isEmpty else { return nil }
        if text[end] == UInt8(ascii: "}") {
            let part: Part = ["*", "?", "$"].contains(name) ? .literal(name) : .variable(PolicyVariable(name, nil))
            return (part, end + 1 - text.startIndex)
        }
        guard let (fallback, close) = quoted(text[(end + 1)...]) else { return nil }
        return (.variable(PolicyVariable(name, fallback)), close + 1 - text.startIndex)
    }

    /// Reads ` 'default' }` and gives the place of the closing brace.
    private static func quoted(_ text: ArraySlice<UInt8>) -> (value: String, close: Int)? {
        let opened = text.drop { $0 == 0x20 }
        guard opened.first == UInt8(ascii: "'") else { return nil }
        let value = opened.dropFirst().prefix { $0 != UInt8(ascii: "'") }
        let closed = text[value.endIndex...].dropFirst().drop { $0 == 0x20 }
        guard closed.first == UInt8(ascii: "}") else { return nil }
        return (String(decoding: value, as: UTF8.self), closed.startIndex)
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        let front = drop { $0 == " " }
        return String(front.reversed().drop { $0 == " " }.reversed())
    }
}
