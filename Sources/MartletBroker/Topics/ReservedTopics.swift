import MartletBase

/// The topics that begin with `$`: who may publish or subscribe, and which service gets the message
/// (mqtt-broker.md section 14). One static table; the only topics that pay for it are those under `$`.
package enum ReservedTopics {
    package enum Area: String, Sendable {
        case shadow, jobs, streams, defender, tunnels, certificates, provisioning, commands, basicIngest
        case lifecycleEvents, events
        case deviceLocation, siteWise, shared, systemTopics, unknownAWS, plain
    }

    package struct Rule: Sendable {
        package let area: Area
        /// Levels of the topic; `+` stands for any one level, a last `#` for any levels.
        let pattern: [StaticString]
        package let mayPublish: Bool
        package let maySubscribe: Bool
    }

    /// Whether the service behind an area runs in this build. The others are refused by name.
    package static func isBuilt(_ area: Area) -> Bool {
        switch area {
        case .plain, .shadow, .lifecycleEvents, .systemTopics: true
        default: false
        }
    }

    /// Whether a publish on the topic, which begins with `$`, asks a service for something.
    static func isServiceRequest(_ topic: UnsafeRawBufferPointer) -> Bool {
        let levels = topic.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let rule = table.first { $0.mayPublish && fits($0.pattern, levels) }
        return rule?.area == .shadow
    }

    private static func rule(_ area: Area, _ pattern: [StaticString], _ operations: StaticString) -> Rule {
        let text = operations.description
        return Rule(
            area: area, pattern: pattern, mayPublish: text.contains("P"), maySubscribe: text.contains("S"))
    }

    /// P: a client may publish; S: a client may subscribe.
    package static let table: [Rule] = [
        rule(.shadow, ["$aws", "things", "+", "shadow", "get"], "PS"),
        rule(.shadow, ["$aws", "things", "+", "shadow", "update"], "PS"),
        rule(.shadow, ["$aws", "things", "+", "shadow", "delete"], "PS"),
        rule(.shadow, ["$aws", "things", "+", "shadow", "name", "+", "get"], "PS"),
        rule(.shadow, ["$aws", "things", "+", "shadow", "name", "+", "update"], "PS"),
        rule(.shadow, ["$aws", "things", "+", "shadow", "name", "+", "delete"], "PS"),
        rule(.shadow, ["$aws", "things", "+", "shadow", "#"], "S"),
        rule(.jobs, ["$aws", "things", "+", "jobs", "get"], "P"),
        rule(.jobs, ["$aws", "things", "+", "jobs", "start-next"], "P"),
        rule(.jobs, ["$aws", "things", "+", "jobs", "+", "get"], "P"),
        rule(.jobs, ["$aws", "things", "+", "jobs", "+", "update"], "P"),
        rule(.jobs, ["$aws", "things", "+", "jobs", "#"], "S"),
        rule(.streams, ["$aws", "things", "+", "streams", "+", "get", "+"], "P"),
        rule(.streams, ["$aws", "things", "+", "streams", "+", "describe", "+"], "P"),
        rule(.streams, ["$aws", "things", "+", "streams", "#"], "S"),
        rule(.defender, ["$aws", "things", "+", "defender", "metrics", "+"], "P"),
        rule(.defender, ["$aws", "things", "+", "defender", "metrics", "#"], "S"),
        rule(.tunnels, ["$aws", "things", "+", "tunnels", "notify"], "S"),
        rule(.certificates, ["$aws", "certificates", "create", "+"], "P"),
        rule(.certificates, ["$aws", "certificates", "create-from-csr", "+"], "P"),
        rule(.certificates, ["$aws", "certificates", "#"], "S"),
        rule(.provisioning, ["$aws", "provisioning-templates", "+", "provision", "+"], "P"),
        rule(.provisioning, ["$aws", "provisioning-templates", "+", "provision", "#"], "S"),
        rule(.commands, ["$aws", "commands", "+", "+", "executions", "+", "response", "+"], "P"),
        rule(.commands, ["$aws", "commands", "#"], "S"),
        rule(.basicIngest, ["$aws", "rules", "#"], "P"),
        rule(.lifecycleEvents, ["$aws", "events", "presence", "#"], "S"),
        rule(.lifecycleEvents, ["$aws", "events", "subscriptions", "#"], "S"),
        rule(.events, ["$aws", "events", "#"], "S"),
        rule(.deviceLocation, ["$aws", "device_location", "+", "get_position_estimate"], "P"),
        rule(.deviceLocation, ["$aws", "device_location", "#"], "S"),
        rule(.siteWise, ["$aws", "sitewise", "#"], "S"),
        rule(.unknownAWS, ["$aws", "#"], ""),
        // What has the form of a shared subscription is looked up without `$share/{name}/`.
        rule(.shared, ["$share", "#"], ""),
        rule(.systemTopics, ["$SYS", "#"], "S"),
    ]

    /// Any other name under `$` is an ordinary topic that leading wildcards do not match (`mqtt.profile: oasis`).
    private static let ordinary = rule(.plain, ["#"], "PS")

    /// Why a client may not publish to this topic; nil when it may. The topic begins with `$`.
    package static func refusePublish(
        _ topic: UnsafeRawBufferPointer, _ profile: BrokerBehaviour.Profile = .oasis
    ) -> ReservedTopicRefusal? {
        refusal(topic, to: "publish", profile) { $0.mayPublish }
    }

    /// Why a client may not subscribe to this filter; nil when it may. The filter begins with `$`.
    package static func refuseSubscribe(
        _ filter: UnsafeRawBufferPointer, _ profile: BrokerBehaviour.Profile = .oasis
    ) -> ReservedTopicRefusal? {
        refusal(filter, to: "subscribe", profile) { $0.maySubscribe }
    }

    private static func refusal(
        _ topic: UnsafeRawBufferPointer, to operation: String, _ profile: BrokerBehaviour.Profile,
        _ mayDo: (Rule) -> Bool
    ) -> ReservedTopicRefusal? {
        // AWS has no names under `$` but its own, `$SYS` not among them.
        func allows(_ rule: Rule) -> Bool {
            mayDo(rule) && (profile == .oasis || rule.area != .plain && rule.area != .systemTopics)
        }
        let levels = topic.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let text = String(decoding: topic, as: UTF8.self)
        // A wildcard in a filter may stand for any level of a row, so several rows can fit; one that allows is enough.
        let fitting = table.filter { fits($0.pattern, levels) }
        let rule = fitting.first(where: allows) ?? fitting.first ?? ordinary
        if !allows(rule) { return ReservedTopicRefusal(topic: text, area: rule.area, operation: operation, kind: .notPermitted) }
        if !isBuilt(rule.area) {
            return ReservedTopicRefusal(topic: text, area: rule.area, operation: operation, kind: .notBuilt)
        }
        return nil
    }

    private static func fits(_ pattern: [StaticString], _ levels: [Slice<UnsafeRawBufferPointer>]) -> Bool {
        var index = 0
        for element in pattern {
            if element.isHash { return true }
            guard index < levels.count else { return false }
            let level = levels[index]
            if level.elementsEqual([UInt8(ascii: "#")]) { return true }
            if !element.isPlus, !level.elementsEqual([UInt8(ascii: "+")]), !element.equals(level) { return false }
            index += 1
        }
        return index == levels.count
    }
}

extension StaticString {
    fileprivate var isHash: Bool { utf8CodeUnitCount == 1 && utf8Start[0] == UInt8(ascii: "#") }
    fileprivate var isPlus: Bool { utf8CodeUnitCount == 1 && utf8Start[0] == UInt8(ascii: "+") }
    fileprivate func equals(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount).elementsEqual(bytes)
    }
}
