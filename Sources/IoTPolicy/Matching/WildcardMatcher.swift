/// Matches a name against the symbols of a `BytePattern`. On a mismatch only the last `*` is tried again, one character
/// further on: the leftmost fit of everything before it is as good as any other. So the work is at most the product of
/// the two lengths, and about their sum for patterns that people write.
enum WildcardMatcher {
    static func matches(_ pattern: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer) -> Bool {
        var symbol = 0
        var place = 0
        var runSymbol = -1
        var runEnd = 0
        while place < name.count {
            if symbol < pattern.count {
                let expected = pattern[symbol]
                if expected == BytePattern.anyRun {
                    runSymbol = symbol
                    runEnd = place
                    symbol += 1
                    if symbol == pattern.count { return true }
                    continue
                }
                if expected == BytePattern.anyOne {
                    place += characterLength(name, at: place)
                    symbol += 1
                    continue
                }
                if expected == name[place] {
                    place += 1
                    symbol += 1
                    continue
                }
            }
            guard runSymbol >= 0 else { return false }
            runEnd += characterLength(name, at: runEnd)
            place = runEnd
            symbol = runSymbol + 1
        }
        while symbol < pattern.count, pattern[symbol] == BytePattern.anyRun { symbol += 1 }
        return symbol == pattern.count
    }

    /// Bytes of the UTF-8 character that begins here. Bytes that are no UTF-8 count as characters of their own.
    private static func characterLength(_ name: UnsafeRawBufferPointer, at place: Int) -> Int {
        let lead = name[place]
        guard lead >= 0xC0 else { return 1 }
        let announced = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
        var length = 1
        while length < announced, place + length < name.count, name[place + length] & 0xC0 == 0x80 { length += 1 }
        return length
    }
}
