/// A document of the AWS IoT policy language (policies.md section 2).
package struct PolicyDocument: Hashable, Sendable {
    package enum Version: String, Hashable, Sendable {
        /// Also the meaning of a missing `Version`. Variables are literal text.
        case version2008 = "2008-10-17"
        case version2012 = "2012-10-17"
    }

    /// Characters that a stored policy may have, white space not counted (policies.md section 2). CreatePolicy checks
    /// it with `isWithinSizeLimit`; parsing does not.
    package static let sizeLimit = 2048

    /// Bytes that parsing accepts: the length that the API field itself allows.
    package static let textByteLimit = 404_600

    package let version: Version
    package let id: String?
    package let statements: [PolicyStatement]

    package init(version: Version, id: String? = nil, statements: [PolicyStatement]) {
        self.version = version
        self.id = id
        self.statements = statements
    }

    package init(parsing text: String) throws(PolicyParseError) {
        self = try PolicyDocumentReader.document(text)
    }

    /// The characters of `text` that count towards `sizeLimit`.
    package static func countedCharacters(in text: String) -> Int {
        text.unicodeScalars.reduce(0) { $1.properties.isWhitespace ? $0 : $0 + 1 }
    }

    package static func isWithinSizeLimit(_ text: String) -> Bool { countedCharacters(in: text) <= sizeLimit }
}
