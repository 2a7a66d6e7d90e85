/// One statement of a policy document, as it was written (policies.md section 2).
package struct PolicyStatement: Hashable, Sendable {
    package enum Effect: String, Hashable, Sendable {
        case allow = "Allow"
        case deny = "Deny"
    }

    /// One operator and key of a `Condition` block, with the values listed for them.
    package struct Condition: Hashable, Sendable {
        package let condition: ConditionOperator
        /// The key as it was written.
        package let key: String
        package let values: [String]
    }

    package let sid: String?
    package let effect: Effect
    package let actions: [String]
    /// The actions stand in `NotAction`: the statement is about every action but these.
    package let isNotAction: Bool
    package let resources: [String]
    /// The resources stand in `NotResource`: the statement is about every resource but these.
    package let isNotResource: Bool
    package let conditions: [Condition]
}
