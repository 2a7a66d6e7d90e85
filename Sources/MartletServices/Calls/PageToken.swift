internal import MartletBase

/// Where a list goes on: the last key of the page before, as text that clients pass back unread (api-wire.md
/// section 4). The text is Base64, which also fits a marker's pattern. A token is bound to the list that made it
/// (operation, account and filters), and a damaged one is recognised.
package enum PageToken {
    /// - Parameter scope: what the list is over; the same call with another page size has the same scope.
    package static func text(lastKey: [UInt8], scope: String) -> String {
        Base64.text(checksum(lastKey, scope) + lastKey)
    }

    /// The last key; nil for a text that no list of this scope has given out.
    package static func lastKey(in text: String, scope: String) -> [UInt8]? {
        guard let bytes = Base64.bytes(text), bytes.count > checksumLength else { return nil }
        let key = Array(bytes.dropFirst(checksumLength))
        return bytes.starts(with: checksum(key, scope)) ? key : nil
    }

    private static let checksumLength = 8

    /// FNV-1a, 64 bits: against accidents and tokens of other lists. A token grants nothing, so it needs no secret.
    private static func checksum(_ key: [UInt8], _ scope: String) -> [UInt8] {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in Array(scope.utf8) + [0] + key {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        return (0..<checksumLength).map { UInt8(truncatingIfNeeded: hash >> UInt64($0 * 8)) }
    }
}
