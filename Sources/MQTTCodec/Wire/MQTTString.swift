/// A UTF-8 Encoded String (MQTT 5.0 section 1.5.4). Two are equal when their bytes are: Swift's `String` would take
/// canonically equivalent texts for the same, which topics and client identifiers must not [MQTT-4.7.3-4].
public struct MQTTString: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let bytes: [UInt8]

    public init(_ text: String) { bytes = Array(text.utf8) }
    public init(stringLiteral text: String) { bytes = Array(text.utf8) }
    /// The bytes are taken as they are; encoding a packet refuses what is not UTF-8.
    public init(bytes: [UInt8]) { self.bytes = bytes }
    init(copying bytes: UnsafeRawBufferPointer) { self.bytes = Array(bytes) }

    public var string: String { String(decoding: bytes, as: UTF8.self) }
    public var description: String { string }
    public var isEmpty: Bool { bytes.isEmpty }
    /// Length in bytes.
    public var count: Int { bytes.count }
}
