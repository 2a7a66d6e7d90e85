internal import MartletBase

/// The keys that belong to one request and not to the caller.
struct RequestValues: Sendable {
    var now: WallInstant?
    var connectAttributes: [String] = []
    /// The ARN of the will's topic.
    var lastWillTopic: String?
    /// By name in lower case.
    var extra: [String: [String]] = [:]

    func values(_ key: ContextKey) -> [String] {
        switch key {
        case .currentTime: now.map { [$0.iso8601] } ?? []
        case .epochTime: now.map { [String($0.millisecondsSinceEpoch / 1000)] } ?? []
        case .connectAttributes: connectAttributes
        case .lastWillTopic: lastWillTopic.map { [$0] } ?? []
        case .other(let name): extra[name] ?? []
        default: []
        }
    }
}
