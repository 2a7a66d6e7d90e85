/// Where a record stands: the number of its segment and the offset of its length field there.
struct LogLocation: Hashable, Sendable, BitwiseCopyable {
    private let packed: UInt64

    init(segment: UInt32, offset: Int) { packed = UInt64(segment) << 32 | UInt64(UInt32(offset)) }

    /// Of what is not in the log any more. No record stands at the offset 0: segments begin with a header.
    static let none = LogLocation(segment: 0, offset: 0)

    /// Further on in the same segment.
    func advanced(by byteCount: Int) -> LogLocation { LogLocation(segment: segment, offset: offset + byteCount) }

    var segment: UInt32 { UInt32(truncatingIfNeeded: packed >> 32) }
    var offset: Int { Int(packed & 0xFFFF_FFFF) }
}
