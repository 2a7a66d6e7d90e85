extension TopicFilter {
    static var sharePrefix: StaticString { "$share/" }

    /// Whether the bytes begin with `$share/`, and so must be a shared subscription.
    @inlinable public static func beginsLikeShared(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let prefix: StaticString = "$share/"
        guard bytes.count >= prefix.utf8CodeUnitCount else { return false }
        for index in 0..<prefix.utf8CodeUnitCount where bytes[index] != prefix.utf8Start[index] { return false }
        return true
    }

    /// Checks a filter: length [MQTT-4.7.3-1] [MQTT-4.7.3-3], UTF-8 without U+0000 [MQTT-3.8.3-1] [MQTT-4.7.3-2],
    /// wildcards [MQTT-4.7.1-1] [MQTT-4.7.1-2], share name [MQTT-4.8.2-1] [MQTT-4.8.2-2].
    /// - Parameter maximumBytes: limit of the part that is matched; `$share/{name}/` is not counted
    ///   (mqtt-broker.md section 9).
    /// - Returns: where the part that is matched begins: 0, or behind `$share/{name}/`.
    @discardableResult
    public static func validate(
        _ bytes: UnsafeRawBufferPointer, maximumBytes: Int = 65_535
    ) throws(MalformedPacket) -> Int {
        guard bytes.count > 0 else { throw MalformedPacket(.topicFilterEmpty, at: 0) }
        if let (fault, place) = UTF8Validation.fault(in: bytes) { throw MalformedPacket(fault, at: place) }
        let start = beginsLikeShared(bytes) ? try endOfShare(bytes) : 0
        guard bytes.count - start <= maximumBytes else {
            throw MalformedPacket(.topicFilterTooLong, at: start + maximumBytes)
        }
        try validateWildcards(bytes, from: start)
        return start
    }

    /// The place behind `$share/{name}/`.
    private static func endOfShare(_ bytes: UnsafeRawBufferPointer) throws(MalformedPacket) -> Int {
        let nameStart = sharePrefix.utf8CodeUnitCount
        var index = nameStart
        while index < bytes.count, bytes[index] != UInt8(ascii: "/") {
            let byte = bytes[index]
            guard byte != UInt8(ascii: "+"), byte != UInt8(ascii: "#") else {
                throw MalformedPacket(.shareNameInvalid, at: index, value: byte)
            }
            index += 1
        }
        guard index > nameStart else { throw MalformedPacket(.shareNameEmpty, at: nameStart) }
        guard index + 1 < bytes.count else { throw MalformedPacket(.shareNameInvalid, at: index) }
        return index + 1
    }

    private static func validateWildcards(
        _ bytes: UnsafeRawBufferPointer, from start: Int
    ) throws(MalformedPacket) {
        for index in start..<bytes.count {
            let byte = bytes[index]
            let beginsLevel = index == start || bytes[index - 1] == UInt8(ascii: "/")
            let isLast = index == bytes.count - 1
            if byte == UInt8(ascii: "#"), !beginsLevel || !isLast {
                throw MalformedPacket(.multiLevelWildcardMisplaced, at: index, value: byte)
            }
            if byte == UInt8(ascii: "+"), !beginsLevel || !(isLast || bytes[index + 1] == UInt8(ascii: "/")) {
                throw MalformedPacket(.singleLevelWildcardMisplaced, at: index, value: byte)
            }
        }
    }
}
