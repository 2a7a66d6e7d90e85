extension TopicFilter {
    /// Whether a valid filter without `$share/{name}/` matches a topic name. This is the reference that indexes are
    /// tested against. A filter that begins with a wildcard does not match a topic that begins with `$` [MQTT-4.7.2-1].
    /// - Parameter multiLevelMatchesParent: whether `a/#` matches `a`, as OASIS says and AWS does not
    ///   (mqtt-broker.md section 9).
    @inlinable public static func matches(
        filter: UnsafeRawBufferPointer, topic: UnsafeRawBufferPointer, multiLevelMatchesParent: Bool = true
    ) -> Bool {
        if topic.first == UInt8(ascii: "$"), filter.first == UInt8(ascii: "+") || filter.first == UInt8(ascii: "#") {
            return false
        }
        var filterLevels = TopicLevels(filter)
        var topicLevels = TopicLevels(topic)
        while let wanted = filterLevels.next() {
            let isMultiLevel = wanted.count == 1 && filter[wanted.lowerBound] == UInt8(ascii: "#")
            guard let level = topicLevels.next() else { return isMultiLevel && multiLevelMatchesParent }
            if isMultiLevel { return true }
            let isSingleLevel = wanted.count == 1 && filter[wanted.lowerBound] == UInt8(ascii: "+")
            guard isSingleLevel || filter[wanted].elementsEqual(topic[level]) else { return false }
        }
        return topicLevels.next() == nil
    }
}
