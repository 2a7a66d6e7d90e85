/// One thing that is not as it should be, and where.
package struct LogFinding: Hashable, Sendable {
    package enum Code: String, Sendable {
        case missingStore, damagedRecord, damagedHeader, missingSegment, newerFormat, unreadableFile, manifest
        /// The end that a crash leaves: nothing in it was acknowledged.
        case tornEnd
        case unknownKind, unreadableBody, missingMessages
        case sessionWithoutQueue, queueWithoutOwner, recordWithoutSession
        case damagedDatabase, contradictingDocuments, unreadableFormat
    }

    package let code: Code
    package let file: String
    /// Bytes; nil for what has no place in the file.
    package let offset: Int?
    package let sentence: String
    /// The server starts with it and puts it right: no loss.
    package let isHarmless: Bool

    package init(_ code: Code, _ file: String, _ offset: Int? = nil, isHarmless: Bool = false, _ sentence: String) {
        self.code = code
        self.file = file
        self.offset = offset
        self.sentence = sentence
        self.isHarmless = isHarmless
    }
}
