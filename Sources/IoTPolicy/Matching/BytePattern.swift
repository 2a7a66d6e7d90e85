/// A pattern over bytes: literal bytes, `*` and `?` (policies.md section 3). Two bytes that never occur in UTF-8 stand
/// for the wildcards, so a literal `*` that came from a variable stays a literal.
struct BytePattern: Hashable, Sendable {
    /// Any run of bytes, also an empty one and one with slashes.
    static let anyRun: UInt8 = 0xFF
    /// Exactly one character: one Unicode scalar.
    static let anyOne: UInt8 = 0xFE

    static let everything = BytePattern(symbols: [anyRun])

    private(set) var symbols: [UInt8] = []

    init() {}

    private init(symbols: [UInt8]) { self.symbols = symbols }

    /// A text without wildcards.
    init(literal text: String) { append(literal: text) }

    /// A text in which `*` and `?` are wildcards.
    init(wildcards text: String) {
        for byte in text.utf8 { append(byteOfText: byte) }
    }

    mutating func append(literal text: String) { symbols += text.utf8 }

    /// A byte of a text in which `*` and `?` are wildcards.
    mutating func append(byteOfText byte: UInt8) {
        switch byte {
        case UInt8(ascii: "*"):
            if symbols.last != Self.anyRun { symbols.append(Self.anyRun) }
        case UInt8(ascii: "?"): symbols.append(Self.anyOne)
        default: symbols.append(byte)
        }
    }

    var isEverything: Bool { symbols == [Self.anyRun] }

    func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { text in
            symbols.withUnsafeBytes { WildcardMatcher.matches($0, UnsafeRawBufferPointer(text)) }
        }
    }

    /// What is left to match after `prefix`, which is ASCII: the whole matches `prefix + rest` exactly when one of
    /// these matches `rest`. More than one only where a wildcard spans the end of the prefix.
    func residuals(after prefix: StaticString) -> [BytePattern] {
        var places: Set<Int> = [0]
        for index in 0..<prefix.utf8CodeUnitCount {
            places = places.reduce(into: []) { advance($1, over: prefix.utf8Start[index], into: &$0) }
        }
        let residuals = places.sorted().map { BytePattern(symbols: Array(symbols[$0...])) }
        return residuals.contains { $0.isEverything } ? [.everything] : residuals
    }

    private func advance(_ place: Int, over byte: UInt8, into next: inout Set<Int>) {
        guard place < symbols.count else { return }
        switch symbols[place] {
        case Self.anyRun:
            next.insert(place)
            advance(place + 1, over: byte, into: &next)
        case Self.anyOne, byte: next.insert(place + 1)
        default: return
        }
    }

    /// The pattern cut at its first colons.
    func splitAtColons(into count: Int) -> [BytePattern] {
        symbols.split(separator: UInt8(ascii: ":"), maxSplits: count - 1, omittingEmptySubsequences: false).map {
            BytePattern(symbols: Array($0))
        }
    }

    /// The same pattern with the letters of ASCII in lower case.
    var lowercased: BytePattern {
        BytePattern(
            symbols: symbols.map {
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0
            })
    }

    /// The pattern as a person reads it.
    var text: String {
        let bytes = symbols.map { symbol in
            switch symbol {
            case Self.anyRun: UInt8(ascii: "*")
            case Self.anyOne: UInt8(ascii: "?")
            default: symbol
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
