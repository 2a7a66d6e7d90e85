internal import MartletBase

/// An IPv4 or IPv6 network in CIDR notation; a bare address is a network of one (policies.md section 5).
struct IPRange: Hashable {
    private let address: Address
    private let prefixBits: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = Address(parts[0]) else { return nil }
        self.address = address
        guard parts.count == 2 else {
            prefixBits = address.bits
            return
        }
        guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let bits = Int(parts[1]), bits <= address.bits
        else { return nil }
        prefixBits = bits
    }

    /// An IPv4-mapped IPv6 address is in the IPv4 network.
    func contains(_ other: Address) -> Bool {
        let other = address.bits == 32 ? other.unmapped : other
        guard address.bits == other.bits else { return false }
        let whole = prefixBits / 8
        guard address.bytes.prefix(whole) == other.bytes.prefix(whole) else { return false }
        let rest = prefixBits % 8
        guard rest > 0 else { return true }
        return (address.bytes[whole] ^ other.bytes[whole]) >> UInt8(8 - rest) == 0
    }

    struct Address: Hashable {
        let bytes: [UInt8]
        var bits: Int { bytes.count * 8 }

        init?(_ text: some StringProtocol) {
            guard let bytes = text.utf8.contains(UInt8(ascii: ":")) ? Self.six(text) : Self.four(text) else {
                return nil
            }
            self.bytes = bytes
        }

        private init(bytes: [UInt8]) { self.bytes = bytes }

        /// The IPv4 address in `::ffff:a.b.c.d`; any other address as it is.
        var unmapped: Address {
            let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
            return bytes.count == 16 && bytes.starts(with: mapped) ? Address(bytes: Array(bytes.dropFirst(12))) : self
        }

        private static func four(_ text: some StringProtocol) -> [UInt8]? {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 4 else { return nil }
            var bytes: [UInt8] = []
            for part in parts {
                guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                    let byte = UInt8(part)
                else { return nil }
                bytes.append(byte)
            }
            return bytes
        }

        /// RFC 4291 section 2.2: eight groups, one run of zeros as `::`, the last two groups possibly as IPv4.
        private static func six(_ text: some StringProtocol) -> [UInt8]? {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
            guard (3...9).contains(parts.count) else { return nil }
            let gaps = parts.indices.dropFirst().dropLast().filter { parts[$0].isEmpty }
            let startsWithGap = parts[0].isEmpty
            let endsWithGap = parts[parts.count - 1].isEmpty
            if startsWithGap, !parts[1].isEmpty { return nil }
            if endsWithGap, !parts[parts.count - 2].isEmpty { return nil }
            guard gaps.count <= 1 || (text == "::") else { return nil }
            guard let gap = gaps.first else {
                guard let bytes = groups(parts[...]), bytes.count == 16 else { return nil }
                return bytes
            }
            let headParts = startsWithGap ? [] : parts[..<gap]
            let tailParts = endsWithGap ? [] : parts[(gap + 1)...]
            guard !headParts.contains(where: { $0.contains(".") }), let head = groups(headParts),
                let tail = groups(tailParts), head.count + tail.count <= 14
            else { return nil }
            return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
        }

        private static func groups(_ parts: ArraySlice<String>) -> [UInt8]? {
            var bytes: [UInt8] = []
            for (index, part) in zip(parts.indices, parts) {
                if part.contains(".") {
                    guard index == parts.endIndex - 1, let last = four(part) else { return nil }
                    bytes += last
                } else {
                    guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ Hex.digit($0) != nil }),
                        let group = UInt16(part, radix: 16)
                    else { return nil }
                    bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
                }
            }
            return bytes
        }
    }
}
