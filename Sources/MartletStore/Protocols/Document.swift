/// A stored document. The store does not read the body.
package struct Document: Hashable, Sendable {
    package let key: KeyBytes
    package let version: DocumentVersion
    package let body: [UInt8]

    package init(key: KeyBytes, version: DocumentVersion, body: [UInt8]) {
        self.key = key
        self.version = version
        self.body = body
    }
}
