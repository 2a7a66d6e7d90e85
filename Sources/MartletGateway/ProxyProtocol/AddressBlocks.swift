import Glibc
import NIOCore

/// A set of addresses: single ones and CIDR blocks, written with commas between them.
package struct AddressBlocks: Hashable, Sendable {
    private struct Block: Hashable {
        let bytes: [UInt8]
        let prefixBits: Int

        init?(_ text: Substring) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first, let bytes = AddressBlocks.bytes(String(first)) else { return nil }
            self.bytes = bytes
            guard parts.count == 2 else {
                prefixBits = bytes.count * 8
                return
            }
            guard parts[1].utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let bits = Int(parts[1]), bits <= bytes.count * 8 else { return nil }
            prefixBits = bits
        }

        func contains(_ other: [UInt8]) -> Bool {
            guard other.count == bytes.count else { return false }
            let (whole, rest) = (prefixBits / 8, prefixBits % 8)
            guard other.prefix(whole) == bytes.prefix(whole) else { return false }
            return rest == 0 || (other[whole] ^ bytes[whole]) >> UInt8(8 - rest) == 0
        }
    }

    private let blocks: [Block]

    /// Nil when a part is neither an address nor a block.
    package init?(_ text: String) {
        var blocks: [Block] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let block = Block(part.drop { $0 == " " }) else { return nil }
            blocks.append(block)
        }
        self.blocks = blocks
    }

    package func contains(_ address: String) -> Bool {
        guard let bytes = Self.bytes(address) else { return false }
        return blocks.contains { $0.contains(bytes) }
    }

    /// 4 or 16 bytes; nil when it is no address.
    private static func bytes(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
        var sixteen = in6_addr()
        if inet_pton(AF_INET6, text, &sixteen) == 1 { return withUnsafeBytes(of: sixteen) { Array($0) } }
        return nil
    }
}
