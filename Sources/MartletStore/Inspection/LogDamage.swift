/// A stretch of a segment that is not what was written.
package struct LogDamage: Hashable, Sendable {
    package enum Place: String, Sendable {
        case inside
        /// In the last group, with whole records behind it: a loss of power may have torn it, and then nothing in it was
        /// acknowledged.
        case lastGroup
        /// Nothing whole stands behind it: the end that a crash tears, unless its last record was hit.
        case tail
        /// Where all that was needed has been copied from: it means nothing.
        case void
    }

    package let segment: UInt32
    package let file: String
    package let from: Int
    package let to: Int
    /// What the record there says of itself.
    package let claim: RecordClaim
    /// One byte was hit, and it is known which: the claim is what was written.
    package let isCertain: Bool
    /// The record's length alone was hit: by its checksum all else is whole, and nothing is lost.
    package let isWhole: Bool
    package internal(set) var place: Place

    var location: LogLocation { LogLocation(segment: segment, offset: from) }
}
