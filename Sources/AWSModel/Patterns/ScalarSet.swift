/// A set of Unicode scalar values, as a character class describes it.
struct ScalarSet: Sendable {
    indirect enum Item: Sendable {
        case range(UInt32, UInt32)
        case category(Category)
        case complement([Item])
    }

    /// The general categories that the models name.
    enum Category: Sendable { case letter, separator, number, other }

    private let items: [Item]
    private let isInverted: Bool
    // Nearly all text here is ASCII: its 128 answers are worked out once.
    private let asciiLow: UInt64
    private let asciiHigh: UInt64

    init(_ items: [Item], isInverted: Bool = false) {
        self.items = items
        self.isInverted = isInverted
        var low: UInt64 = 0
        var high: UInt64 = 0
        for value in 0..<UInt32(128) where Self.contains(items, Unicode.Scalar(UInt8(value))) != isInverted {
            if value < 64 { low |= 1 << UInt64(value) } else { high |= 1 << UInt64(value - 64) }
        }
        asciiLow = low
        asciiHigh = high
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 64 { return asciiLow >> UInt64(scalar.value) & 1 == 1 }
        if scalar.value < 128 { return asciiHigh >> UInt64(scalar.value - 64) & 1 == 1 }
        return Self.contains(items, scalar) != isInverted
    }

    private static func contains(_ items: [Item], _ scalar: Unicode.Scalar) -> Bool {
        items.contains { item in
            switch item {
            case .range(let first, let last): first <= scalar.value && scalar.value <= last
            case .category(let category): Self.category(of: scalar) == category
            case .complement(let items): !contains(items, scalar)
            }
        }
    }

    private static func category(of scalar: Unicode.Scalar) -> Category? {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
        case .spaceSeparator, .lineSeparator, .paragraphSeparator: .separator
        case .decimalNumber, .letterNumber, .otherNumber: .number
        case .control, .format, .surrogate, .privateUse, .unassigned: .other
        default: nil
        }
    }
}

extension ScalarSet {
    static let digit: [Item] = [.range(0x30, 0x39)]
    static let word: [Item] = [.range(0x30, 0x39), .range(0x41, 0x5A), .range(0x5F, 0x5F), .range(0x61, 0x7A)]
    static let space: [Item] = [.range(0x09, 0x0D), .range(0x20, 0x20)]
    /// What `.` does not match: Java's line terminators.
    static let lineTerminators: [Item] = [
        .range(0x0A, 0x0A), .range(0x0D, 0x0D), .range(0x85, 0x85), .range(0x2028, 0x2029),
    ]

    /// `\p{NAME}`: POSIX names are ASCII only, one-letter names are general categories.
    static func property(_ name: String) -> [Item]? {
        switch name {
        case "L": [.category(.letter)]
        case "Z": [.category(.separator)]
        case "N": [.category(.number)]
        case "C": [.category(.other)]
        case "Upper": [.range(0x41, 0x5A)]
        case "Lower": [.range(0x61, 0x7A)]
        case "Alpha": [.range(0x41, 0x5A), .range(0x61, 0x7A)]
        case "Digit": digit
        case "Alnum": [.range(0x30, 0x39), .range(0x41, 0x5A), .range(0x61, 0x7A)]
        case "Graph": [.range(0x21, 0x7E)]
        case "Print": [.range(0x20, 0x7E)]
        case "Cntrl": [.range(0x00, 0x1F), .range(0x7F, 0x7F)]
        case "Space": space
        default: nil
        }
    }
}
