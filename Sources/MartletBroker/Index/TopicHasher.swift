/// A fast keyed hash of topic bytes: 16 bytes a step, each step one 64 x 64 to 128 bit multiplication folded to 64 bits
/// (the construction of wyhash). It is not cryptographic. The secret words come from a seed that differs per process,
/// so a client cannot prepare topics that collide.
struct TopicHasher {
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64

    init(seed: UInt64) {
        var state = seed
        first = Self.secretWord(&state)
        second = Self.secretWord(&state)
        third = Self.secretWord(&state)
    }

    @inline(__always)
    func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let count = bytes.count
        guard let start = bytes.baseAddress, count > 0 else { return Self.fold(first, second) }
        var state = first ^ UInt64(truncatingIfNeeded: count)
        if count <= 16 {
            let (low, high) = Self.short(start, count)
            return Self.fold(Self.fold(low ^ second, high ^ state), third)
        }
        var offset = 0
        while offset &+ 16 < count {
            state = Self.fold(Self.word(start + offset) ^ second, Self.word(start + offset + 8) ^ state)
            offset &+= 16
        }
        let tail = start + (count &- 16)
        return Self.fold(Self.fold(Self.word(tail) ^ second, Self.word(tail + 8) ^ state), third)
    }

    /// The hash of a number: of a node and the hash of the level below it, or of a list and a subscriber.
    @inline(__always)
    func combine(_ hash: UInt64, _ number: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: Self.fold(hash ^ second, UInt64(number) &+ third))
    }

    /// 1 to 16 bytes as two words that overlap where there are fewer.
    @inline(__always)
    private static func short(_ start: UnsafeRawPointer, _ count: Int) -> (UInt64, UInt64) {
        if count >= 8 { return (word(start), word(start + (count - 8))) }
        if count >= 4 { return (UInt64(half(start)), UInt64(half(start + (count - 4)))) }
        let bytes = start.assumingMemoryBound(to: UInt8.self)
        return (UInt64(bytes[0]) << 16 | UInt64(bytes[count >> 1]) << 8 | UInt64(bytes[count - 1]), 0)
    }

    @inline(__always)
    private static func word(_ pointer: UnsafeRawPointer) -> UInt64 {
        pointer.loadUnaligned(as: UInt64.self)
    }

    @inline(__always)
    private static func half(_ pointer: UnsafeRawPointer) -> UInt32 {
        pointer.loadUnaligned(as: UInt32.self)
    }

    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    /// One step of the SplitMix64 generator. Odd, so that no secret word is zero.
    private static func secretWord(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return (word ^ word >> 31) | 1
    }
}
