import MartletBase

/// Parses the part of Java's regular expressions that AWS models use: classes with ranges and `\p{...}`, groups,
/// alternatives, quantifiers and anchors. Anything else is an error, so that a new model cannot be half understood.
struct PatternParser {
    static let depthLimit = 16
    /// The greatest count in `{n,m}`.
    static let repeatLimit = 65_536

    private let pattern: String
    private let scalars: [Unicode.Scalar]
    private var offset = 0
    private var depth = 0

    static func parse(_ pattern: String) throws(PatternError) -> PatternNode {
        var parser = PatternParser(pattern)
        let node = try parser.alternatives()
        guard parser.offset == parser.scalars.count else { throw parser.error("an unpaired parenthesis") }
        return node
    }

    private init(_ pattern: String) {
        self.pattern = pattern
        scalars = Array(pattern.unicodeScalars)
    }

    private mutating func alternatives() throws(PatternError) -> PatternNode {
        var branches = [try sequence()]
        while skip("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let next = peek, next != "|", next != ")" {
            let node = try atom()
            nodes.append(try quantified(node))
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func atom() throws(PatternError) -> PatternNode {
        let scalar = try next()
        switch scalar {
        case "^": return .start
        case "$": return .end
        case ".": return .set(ScalarSet(ScalarSet.lineTerminators, isInverted: true))
        case "[": return .set(try characterClass())
        case "(": return try group()
        case "\\": return .set(ScalarSet(try escape()))
        case "*", "+", "?", "{", "}", "]", "&": throw error("an unexpected \(scalar)")
        default: return .set(ScalarSet([.range(scalar.value, scalar.value)]))
        }
    }

    private mutating func group() throws(PatternError) -> PatternNode {
        guard depth < Self.depthLimit else { throw error("groups nested too deeply") }
        depth += 1
        defer { depth -= 1 }
        if skip("?"), !skip(":") { throw error("an unsupported kind of group") }
        let node = try alternatives()
        guard skip(")") else { throw error("a group that does not end") }
        return node
    }

    private mutating func quantified(_ node: PatternNode) throws(PatternError) -> PatternNode {
        let minimum: Int
        let maximum: Int?
        if skip("*") {
            (minimum, maximum) = (0, nil)
        } else if skip("+") {
            (minimum, maximum) = (1, nil)
        } else if skip("?") {
            (minimum, maximum) = (0, 1)
        } else if skip("{") {
            (minimum, maximum) = try counts()
        } else {
            return node
        }
        if let next = peek, "*+?{".unicodeScalars.contains(next) { throw error("an unsupported quantifier") }
        return .repeated(node, minimum: minimum, maximum: maximum)
    }

    private mutating func counts() throws(PatternError) -> (Int, Int?) {
        let minimum = try count()
        if skip("}") { return (minimum, minimum) }
        guard skip(",") else { throw error("a malformed count") }
        if skip("}") { return (minimum, nil) }
        let maximum = try count()
        guard skip("}"), minimum <= maximum else { throw error("a malformed count") }
        return (minimum, maximum)
    }

    private mutating func count() throws(PatternError) -> Int {
        var value: Int?
        while let digit = peek.flatMap({ Int(String($0)) }) {
            value = (value ?? 0) * 10 + digit
            guard value! <= Self.repeatLimit else { throw error("a count beyond \(Self.repeatLimit)") }
            offset += 1
        }
        guard let value else { throw error("a malformed count") }
        return value
    }

    /// The inside of `[...]`. A hyphen is literal unless it stands between two characters.
    private mutating func characterClass() throws(PatternError) -> ScalarSet {
        let isInverted = skip("^")
        var items: [ScalarSet.Item] = []
        repeat {
            let first = try classAtom()
            guard case .range(let low, let same) = first.first, first.count == 1, low == same, peek == "-",
                offset + 1 < scalars.count, scalars[offset + 1] != "]"
            else {
                items += first
                continue
            }
            offset += 1
            let last = try classAtom()
            guard case .range(let high, _) = last.first, last.count == 1, low <= high else {
                throw error("a malformed range")
            }
            items.append(.range(low, high))
        } while !skip("]")
        return ScalarSet(items, isInverted: isInverted)
    }

    private mutating func classAtom() throws(PatternError) -> [ScalarSet.Item] {
        let scalar = try next()
        switch scalar {
        case "\\": return try escape()
        case "[": throw error("a class inside a class")
        case "&" where peek == "&": throw error("an intersection of classes")
        default: return [.range(scalar.value, scalar.value)]
        }
    }

    private mutating func escape() throws(PatternError) -> [ScalarSet.Item] {
        let scalar = try next()
        switch scalar {
        case "d": return ScalarSet.digit
        case "D": return [.complement(ScalarSet.digit)]
        case "w": return ScalarSet.word
        case "W": return [.complement(ScalarSet.word)]
        case "s": return ScalarSet.space
        case "S": return [.complement(ScalarSet.space)]
        case "n": return [.range(0x0A, 0x0A)]
        case "r": return [.range(0x0D, 0x0D)]
        case "t": return [.range(0x09, 0x09)]
        case "f": return [.range(0x0C, 0x0C)]
        case "p": return try property()
        case "P": return [.complement(try property())]
        case "x": return try hexadecimal(digits: 2)
        case "u": return try hexadecimal(digits: 4)
        default:
            // Java keeps letters and digits for escapes of its own; anything else stands for itself.
            guard scalar.isASCII, !scalar.properties.isAlphabetic, scalar.properties.numericType == nil else {
                throw error("an unsupported escape")
            }
            return [.range(scalar.value, scalar.value)]
        }
    }

    private mutating func property() throws(PatternError) -> [ScalarSet.Item] {
        guard skip("{"), let end = scalars[offset...].firstIndex(of: "}") else { throw error("a malformed property") }
        let name = String(String.UnicodeScalarView(scalars[offset..<end]))
        guard let items = ScalarSet.property(name) else { throw error("the unsupported property \(name)") }
        offset = end + 1
        return items
    }

    private mutating func hexadecimal(digits: Int) throws(PatternError) -> [ScalarSet.Item] {
        var value: UInt32 = 0
        for _ in 0..<digits {
            let scalar = try next()
            guard scalar.isASCII, let digit = Hex.digit(UInt8(scalar.value)) else { throw error("a malformed escape") }
            value = value << 4 | UInt32(digit)
        }
        return [.range(value, value)]
    }

    private var peek: Unicode.Scalar? { offset < scalars.count ? scalars[offset] : nil }

    private mutating func next() throws(PatternError) -> Unicode.Scalar {
        guard let scalar = peek else { throw error("an early end") }
        offset += 1
        return scalar
    }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        offset += 1
        return true
    }

    private func error(_ reason: String) -> PatternError {
        PatternError(pattern: pattern, offset: offset, reason: reason)
    }
}
