package import MartletBase

/// The same decisions with their reasons. They allocate; the hot path uses `allows`.
extension Authorizer {
    /// The decision on CONNECT. A will's topic is also checked as a publish of its own, by the caller.
    package func decideConnect(
        clientID: String, persistent: Bool, lastWillTopic: String?, now: WallInstant
    ) -> PolicyDecision {
        decide(
            DataPlaneAction.connect.names, resource(.connect, clientID),
            connectValues(persistent: persistent, lastWillTopic: lastWillTopic, now: now))
    }

    /// The decision on any other action. `extra` are keys of the request such as `iot:Topic`.
    package func decide(
        _ action: DataPlaneAction, name: String, extra: [String: [String]] = [:], now: WallInstant
    ) -> PolicyDecision {
        decide(
            action.names, resource(action, name), RequestValues(now: now, extra: extra.loweringNames))
    }

    /// The decision on an action by its name, such as `iot:CreateThing`, and the ARN of its resource or `*`.
    package func decide(
        actionName: String, resource: String, extra: [String: [String]] = [:], now: WallInstant
    ) -> PolicyDecision {
        decide([actionName], resource, RequestValues(now: now, extra: extra.loweringNames))
    }

    private func resource(_ action: DataPlaneAction, _ name: String) -> String {
        let realm = context.realm
        guard action.resourceType != .any else { return "*" }
        return "arn:\(realm.partition):iot:\(realm.region):\(realm.account):\(action.resourceType.prefix)\(name)"
    }

    private func decide(_ names: [String], _ resource: String, _ request: RequestValues) -> PolicyDecision {
        var explainer = DecisionExplainer(names: names, resource: resource, context, request)
        return explainer.decide(policies)
    }
}
