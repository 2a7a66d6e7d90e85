package import MartletBase

/// The answer to one HTTP request, whole.
package struct APIAnswer: Hashable, Sendable {
    package let status: Int
    /// The value of `x-amzn-ErrorType`, if any.
    package let errorType: String?
    package let body: [UInt8]

    package init(status: Int, errorType: String?, body: [UInt8]) {
        self.status = status
        self.errorType = errorType
        self.body = body
    }

    package var json: JSONValue? { try? JSONParser.parse(body) }

    /// `ResourceAlreadyExistsException (409): the policy exists`
    package var failureText: String {
        let message = json?["message"]?.stringValue ?? json?["Message"]?.stringValue
        return "\(errorType ?? "HTTP") (\(status))" + (message.map { ": \($0)" } ?? "")
    }
}
