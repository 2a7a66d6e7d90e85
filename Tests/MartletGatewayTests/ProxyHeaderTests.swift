import NIOCore
import Testing

@testable import MartletGateway

@Suite("PROXY protocol headers")
struct ProxyHeaderTests {
    private static let signature: [UInt8] = Array("\r\n\r\n\0\r\nQUIT\n".utf8)

    private static func binary(_ command: UInt8, _ family: UInt8, _ body: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(body.count >> 8), UInt8(body.count & 255)] + body
    }

    private static func client(_ address: String, _ port: Int) throws -> ProxyHeader {
        .client(try SocketAddress(ipAddress: address, port: port))
    }

    private static let four: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 9, 0xDC, 0x04, 0x22, 0xB3]
    private static let six: [UInt8] = ipv6(7) + ipv6(9) + [0xDC, 0x04, 0x22, 0xB3]

    /// 2001:db8::N
    private static func ipv6(_ last: UInt8) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16)
        bytes.replaceSubrange(0..<4, with: [0x20, 0x01, 0x0D, 0xB8])
        bytes[15] = last
        return bytes
    }

    private static func good() throws -> [([UInt8], ProxyHeader)] {
        let line = { (text: String) in Array(text.utf8) }
        let tlv: [UInt8] = [0x04, 0x00, 0x03, 1, 2, 3]
        return [
            (line("PROXY TCP4 192.0.2.7 198.51.100.9 56324 8883\r\n"), try client("192.0.2.7", 56324)),
            (line("PROXY TCP6 2001:db8::7 2001:db8::9 1 65535\r\n"), try client("2001:db8::7", 1)),
            (line("PROXY UNKNOWN\r\n"), .unknown),
            (line("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"), .unknown),
            (binary(0x21, 0x11, four), try client("192.0.2.7", 56324)),
            (binary(0x21, 0x11, four + tlv), try client("192.0.2.7", 56324)),
            (binary(0x21, 0x21, six), try client("2001:db8::7", 56324)),
            (binary(0x20, 0x00, []), .unknown), (binary(0x20, 0x11, four), .unknown), (binary(0x21, 0x00, tlv), .unknown),
            (binary(0x21, 0x11, four + [UInt8](repeating: 0, count: 65_535 - 12)), try client("192.0.2.7", 56324)),
        ]
    }

    @Test("A header is taken off the front, and what follows it stays")
    func whole() throws {
        for (bytes, header) in try Self.good() {
            var buffer = ByteBuffer(bytes: bytes + [0x10, 0x20])
            #expect(try ProxyHeader.read(&buffer) == header)
            #expect(buffer.bytes == [0x10, 0x20])
        }
    }

    @Test("Until a header is whole, more is waited for and nothing is taken")
    func everySplit() throws {
        for (bytes, header) in try Self.good() where bytes.count < 1000 {
            for cut in 0..<bytes.count {
                var buffer = ByteBuffer(bytes: bytes[..<cut])
                #expect(try ProxyHeader.read(&buffer) == nil)
                #expect(buffer.readableBytes == cut)
                buffer.writeBytes(bytes[cut...])
                #expect(try ProxyHeader.read(&buffer) == header, "cut at \(cut)")
            }
        }
    }

    @Test("What is no header is refused as soon as it shows")
    func noHeader() {
        let others: [[UInt8]] = [
            [0x10], Array("PROXI".utf8), Array("proxy TCP4".utf8), Array(Self.signature.dropLast()) + [0], [0x16, 3],
        ]
        for bytes in others {
            var buffer = ByteBuffer(bytes: bytes)
            #expect(throws: ProxyHeader.Fault.noHeader) { try ProxyHeader.read(&buffer) }
        }
    }

    @Test(
        "A malformed line is refused",
        arguments: [
            "PROXY\r\n", "PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP4 192.0.2.7 198.51.100.9 56324\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.9 56324 8883 x\r\n", "PROXY TCP4  192.0.2.7 198.51.100.9 56324 8883\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.9 65536 8883\r\n", "PROXY TCP4 192.0.2.7 198.51.100.9 +1 8883\r\n",
            "PROXY TCP4 2001:db8::7 2001:db8::9 1 2\r\n", "PROXY TCP6 192.0.2.7 198.51.100.9 1 2\r\n",
            "PROXY TCP4 192.0.2.300 198.51.100.9 1 2\r\n", "PROXY UDP4 192.0.2.7 198.51.100.9 1 2\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.9 1 2\n",
        ])
    func badLine(_ line: String) {
        var buffer = ByteBuffer(string: line)
        #expect(throws: line.hasPrefix("PROXY ") ? ProxyHeader.Fault.lineMalformed : .noHeader) {
            try ProxyHeader.read(&buffer)
        }
    }

    @Test("A line ends within 107 bytes")
    func longLine() throws {
        let text = "PROXY UNKNOWN "
        let longest = text + String(repeating: "x", count: 105 - text.count) + "\r\n"
        var buffer = ByteBuffer(string: longest)
        #expect(try ProxyHeader.read(&buffer) == .unknown)
        var longer = ByteBuffer(string: text + String(repeating: "x", count: 106 - text.count) + "\r\n")
        #expect(throws: ProxyHeader.Fault.lineTooLong) { try ProxyHeader.read(&longer) }
    }

    @Test("A binary header of another version, command or family is refused")
    func badBinary() {
        let faults: [([UInt8], ProxyHeader.Fault)] = [
            (Self.binary(0x11, 0x11, Self.four), .versionUnsupported(1)),
            (Self.binary(0x22, 0x11, Self.four), .commandUnsupported(2)),
            (Self.binary(0x21, 0x12, Self.four), .familyUnsupported(0x12)),
            (Self.binary(0x21, 0x31, [UInt8](repeating: 0, count: 216)), .familyUnsupported(0x31)),
            (Self.binary(0x21, 0x11, Array(Self.four.dropLast())), .addressesCutOff),
            (Self.binary(0x21, 0x21, Array(Self.six.dropLast())), .addressesCutOff),
        ]
        for (bytes, fault) in faults {
            var buffer = ByteBuffer(bytes: bytes)
            #expect(throws: fault) { try ProxyHeader.read(&buffer) }
        }
    }

    @Test("Address blocks hold single addresses and CIDR blocks of both families")
    func blocks() throws {
        let blocks = try #require(AddressBlocks("10.0.0.0/9, 192.0.2.7,2001:db8::/33,0.0.0.0/32"))
        for inside in ["10.127.255.255", "192.0.2.7", "2001:db8:7fff::1", "0.0.0.0"] { #expect(blocks.contains(inside)) }
        for outside in ["10.128.0.0", "192.0.2.8", "2001:db8:8000::1", "::1", "", "no address"] {
            #expect(!blocks.contains(outside))
        }
        #expect(try #require(AddressBlocks("0.0.0.0/0")).contains("8.8.8.8"))
        for wrong in ["", "any", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "10.0.0.1,", "10.0.0.0/-1"] {
            #expect(AddressBlocks(wrong) == nil, "\(wrong)")
        }
    }
}
