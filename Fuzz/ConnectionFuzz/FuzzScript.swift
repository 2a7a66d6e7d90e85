/// The input, read as choices. At its end every choice is the first one.
struct FuzzScript {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var place = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { place >= bytes.count }

    mutating func byte() -> UInt8 {
        guard !isAtEnd else { return 0 }
        defer { place += 1 }
        return bytes[place]
    }

    /// 0 to `limit` - 1.
    mutating func below(_ limit: Int) -> Int { Int(byte()) % limit }

    mutating func flag() -> Bool { byte() & 1 == 1 }

    mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }

    mutating func take(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }
}
