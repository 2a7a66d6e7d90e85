/// Why a text is no policy document, and where (policies.md section 2). The description is the message of AWS's
/// `MalformedPolicyException`.
package struct PolicyParseError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        case tooLong, notJSON, wrongType, unknownElement, missingElement, duplicateElement, conflictingElements
        case emptyList, badVersion, badEffect, badAction, badResource, badVariable
        case unknownOperator, badConditionValue
    }

    package let code: Code
    /// The JSON path of what is wrong, such as `Statement[1].Condition.StringLike`; empty for the whole document.
    package let place: String
    package let message: String

    package init(_ code: Code, at place: String, _ message: String) {
        self.code = code
        self.place = place
        self.message = message
    }

    package var description: String {
        place.isEmpty
            ? "Policy document is malformed: \(message)" : "Policy document is malformed at \(place): \(message)"
    }
}
