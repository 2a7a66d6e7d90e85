/// Why a stored document is not the record that its key promises.
package struct RecordFormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of record that was expected: `thing`, `certificate` ...
    package let record: String
    /// The member that is missing or has another type; empty when the document is no object at all.
    package let member: String

    package init(record: String, member: String) {
        self.record = record
        self.member = member
    }

    package var description: String {
        member.isEmpty
            ? "a stored \(record) is not a JSON object"
            : "a stored \(record) has no usable member '\(member)'"
    }
}
