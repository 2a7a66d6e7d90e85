/// One part of a commit.
package struct DocumentWrite: Hashable, Sendable {
    package enum Operation: Hashable, Sendable {
        case put([UInt8])
        /// Deleting what is absent changes nothing and is no error; use an expectation where it should be one.
        case delete
        /// Changes nothing: the commit goes through only if the expectation holds. So that a policy is attached only
        /// while it exists.
        case check
    }

    package let key: KeyBytes
    package let operation: Operation
    package let expecting: DocumentExpectation

    package init(key: KeyBytes, operation: Operation, expecting: DocumentExpectation) {
        self.key = key
        self.operation = operation
        self.expecting = expecting
    }

    package static func put(
        _ key: KeyBytes, _ body: [UInt8], expecting: DocumentExpectation = .any
    ) -> DocumentWrite {
        DocumentWrite(key: key, operation: .put(body), expecting: expecting)
    }

    package static func delete(_ key: KeyBytes, expecting: DocumentExpectation = .any) -> DocumentWrite {
        DocumentWrite(key: key, operation: .delete, expecting: expecting)
    }

    package static func check(_ key: KeyBytes, _ expecting: DocumentExpectation) -> DocumentWrite {
        DocumentWrite(key: key, operation: .check, expecting: expecting)
    }
}
