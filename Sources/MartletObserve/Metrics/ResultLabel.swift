/// The outcomes that CloudWatch tells apart (operations.md section 1), as values of the label `result`.
package enum ResultLabel: String, CaseIterable, Hashable, Sendable {
    case success = "Success"
    case authError = "AuthError"
    case clientError = "ClientError"
    case serverError = "ServerError"
    case throttle = "Throttle"
    case clientIDThrottle = "ClientIDThrottle"
}
