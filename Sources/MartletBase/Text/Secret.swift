/// Bytes that nobody may read by accident: a password. It prints as `(secret)`, whatever prints it.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var isEmpty: Bool { bytes.isEmpty }
    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    /// Without this, `dump` and the descriptions of what holds a secret would show its bytes.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
