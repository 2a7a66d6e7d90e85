/// What a device may ask of the data plane, with the resource that it is about (policies.md section 3).
public enum DataPlaneAction: UInt8, CaseIterable, Hashable, Sendable {
    case connect, publish, retainPublish, subscribe, receive
    case getRetainedMessage, listRetainedMessages
    case getThingShadow, updateThingShadow, deleteThingShadow, listNamedShadowsForThing
    case deleteConnection, getConnection, listSubscriptions, sendDirectMessage
    case describeJobExecution, getPendingJobExecutions, startNextPendingJobExecution, updateJobExecution
    case assumeRoleWithCertificate

    /// The action's place in a set of actions.
    @inlinable var bit: UInt32 { 1 << UInt32(rawValue) }

    /// The name in a policy, such as `iot:Publish`.
    package var name: String { names[0] }

    /// All names that a policy may use. The job actions also have the prefix that older policies use.
    var names: [String] { Self.nameTable[Int(rawValue)] }

    /// `names` in lower case.
    var lowercasedNames: [String] { Self.lowercasedNameTable[Int(rawValue)] }

    private static let nameTable: [[String]] = allCases.map { action in
        let operation = "\(action)".prefix(1).uppercased() + "\(action)".dropFirst()
        return action.isJobAction ? ["iotjobsdata:" + operation, "iot:" + operation] : ["iot:" + operation]
    }

    private static let lowercasedNameTable: [[String]] = nameTable.map { $0.map { $0.lowercased() } }

    private var isJobAction: Bool {
        switch self {
        case .describeJobExecution, .getPendingJobExecutions, .startNextPendingJobExecution, .updateJobExecution: true
        default: false
        }
    }

    /// The type of the resource, which stands before its name in the ARN.
    var resourceType: ResourceType {
        switch self {
        case .connect, .deleteConnection, .getConnection, .listSubscriptions, .sendDirectMessage: .client
        case .publish, .retainPublish, .receive, .getRetainedMessage: .topic
        case .subscribe: .topicFilter
        case .listRetainedMessages: .any
        case .getThingShadow, .updateThingShadow, .deleteThingShadow, .listNamedShadowsForThing: .thing
        case .describeJobExecution, .getPendingJobExecutions, .startNextPendingJobExecution, .updateJobExecution: .thing
        case .assumeRoleWithCertificate: .roleAlias
        }
    }

    enum ResourceType: Int, CaseIterable {
        case client, topic, topicFilter, thing, roleAlias
        /// The action has no resource; a policy must say `*`.
        case any

        /// The beginning of the sixth segment of the ARN.
        var prefix: StaticString {
            switch self {
            case .client: "client/"
            case .topic: "topic/"
            case .topicFilter: "topicfilter/"
            case .thing: "thing/"
            case .roleAlias: "rolealias/"
            case .any: ""
            }
        }

        /// The set of the actions that are about this type.
        var actionMask: UInt32 { Self.masks[rawValue] }

        private static let masks: [UInt32] = allCases.map { type in
            DataPlaneAction.allCases.reduce(0) { $1.resourceType == type ? $0 | $1.bit : $0 }
        }
    }
}
