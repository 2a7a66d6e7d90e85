package import MartletBase

/// A decision with its reasons (policies.md section 6).
package struct PolicyDecision: Reason {
    package enum Outcome: String, Hashable, Sendable {
        case allowed, explicitDeny, implicitDeny
    }

    /// The statement that decided.
    package struct Statement: Hashable, Sendable {
        package let policyName: String
        package let versionID: String
        /// Its `Sid`, else its place such as `Statement[1]`.
        package let label: String
    }

    /// The Allow that came closest to an implicit deny, and the element in which it differed.
    package struct NearestMiss: Hashable, Sendable {
        package enum Element: String, Hashable, Sendable {
            case action, resource, condition

            /// The name under which the difference stands in the evidence.
            var evidenceName: String {
                switch self {
                case .action: "nearestAction"
                case .resource: "nearestResource"
                case .condition: "nearestCondition"
                }
            }
        }

        package let statement: Statement
        package let element: Element
        /// Such as `arn:aws:iot:...:topic/a/* does not match arn:aws:iot:...:topic/b/1`.
        package let difference: String
    }

    package let outcome: Outcome
    /// The action's name, such as `iot:Publish`.
    package let action: String
    /// The resource's ARN, or `*`.
    package let resource: String
    /// Nil for an implicit deny.
    package let decidedBy: Statement?
    /// Only for an implicit deny, and only when some statement allows anything.
    package let nearestMiss: NearestMiss?
    /// Policies with a matching Allow, with a matching Deny, and with neither (policies.md section 8).
    package let allowingPolicies: [String]
    package let denyingPolicies: [String]
    package let silentPolicies: [String]
    /// Variables without value in statements about the action.
    package let unresolvedVariables: [String]
    /// Those variables and the condition keys that the request did not supply.
    package let missingContextValues: [String]

    package var isAllowed: Bool { outcome == .allowed }

    package var code: String { outcome.rawValue }

    package var evidence: [Evidence] {
        var evidence = [Evidence("action", action), Evidence("resource", resource)]
        if let statement = decidedBy {
            evidence += [Evidence("policy", statement.policyName), Evidence("statement", statement.label)]
        } else if let nearestMiss {
            evidence += [
                Evidence("nearestPolicy", nearestMiss.statement.policyName),
                Evidence("nearestStatement", nearestMiss.statement.label),
                Evidence(nearestMiss.element.evidenceName, nearestMiss.difference),
            ]
        } else {
            let hasPolicies = !(silentPolicies.isEmpty && denyingPolicies.isEmpty)
            evidence.append(Evidence("policies", hasPolicies ? "none has an Allow" : "none apply"))
        }
        if outcome == .implicitDeny, !unresolvedVariables.isEmpty {
            evidence.append(Evidence("unresolvedVariables", unresolvedVariables.joined(separator: ", ")))
        }
        return evidence
    }
}
