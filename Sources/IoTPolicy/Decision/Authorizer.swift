public import MartletBase

/// Decides what one caller may do: its policies, with the caller's values in them. Made when the caller connects, and
/// made anew when its policies, thing or certificate change. An explicit Deny wins; what nothing allows is denied
/// (policies.md section 6).
public final class Authorizer: Sendable {
    /// Sets of actions, by `DataPlaneAction.bit`.
    @usableFromInline let allowMask: UInt32
    @usableFromInline let denyMask: UInt32
    @usableFromInline let timeMask: UInt32
    let rules: RuleTable
    package let policies: [CompiledPolicy]
    package let context: PolicyContext

    package init(policies: [CompiledPolicy], context: PolicyContext) {
        let builder = AuthorizerBuilder(policies, context)
        self.policies = policies
        self.context = context
        allowMask = builder.allowMask
        denyMask = builder.denyMask
        timeMask = builder.timeMask
        rules = builder.rules
    }

    /// What is decided for every resource of an action, at any time and in any request.
    @inlinable public func blanket(_ action: DataPlaneAction) -> Blanket {
        if allowMask & action.bit != 0 { return .allowsEverything }
        if denyMask & action.bit != 0 { return .deniesEverything }
        return .depends
    }

    /// Some decision reads the time. Such a decision must not be cached.
    @inlinable public var dependsOnTime: Bool { timeMask != 0 }

    @inlinable public func dependsOnTime(_ action: DataPlaneAction) -> Bool { timeMask & action.bit != 0 }

    /// The decision for a request that has no keys of its own: publish, subscribe, receive and the like. `name` is the
    /// raw text of the resource without its type: topic, filter, client id. The clock is read only when a statement
    /// about the action asks for the time.
    @inlinable public func allows(
        _ action: DataPlaneAction, _ name: UnsafeRawBufferPointer, now: @autoclosure () -> WallInstant
    ) -> Bool {
        if allowMask & action.bit != 0 { return true }
        if denyMask & action.bit != 0 { return false }
        return decides(action, name, now: timeMask & action.bit != 0 ? now() : nil)
    }

    @usableFromInline
    func decides(_ action: DataPlaneAction, _ name: UnsafeRawBufferPointer, now: WallInstant?) -> Bool {
        rules.allows(action.bit, name, now: now, context)
    }

    /// The decision on CONNECT without its reasons; `decideConnect` gives them.
    package func allowsConnect(
        clientID: UnsafeRawBufferPointer, persistent: Bool, lastWillTopic: String?, now: WallInstant
    ) -> Bool {
        switch blanket(.connect) {
        case .allowsEverything: return true
        case .deniesEverything: return false
        case .depends:
            let request = connectValues(persistent: persistent, lastWillTopic: lastWillTopic, now: now)
            return rules.allows(DataPlaneAction.connect.bit, clientID, request, context)
        }
    }

    /// `iot:ConnectAttributes` and `iot:LastWillTopic` of a CONNECT (policies.md section 5).
    func connectValues(persistent: Bool, lastWillTopic: String?, now: WallInstant) -> RequestValues {
        RequestValues(
            now: now,
            connectAttributes: (persistent ? ["PersistentConnect"] : []) + (lastWillTopic == nil ? [] : ["LastWill"]),
            lastWillTopic: lastWillTopic.map { context.realm.arn("topic", $0).description })
    }
}
