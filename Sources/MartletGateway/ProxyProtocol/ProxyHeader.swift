package import NIOCore

/// What a PROXY protocol header says of where a connection comes from (haproxy's "The PROXY protocol", versions 1 and 2).
package enum ProxyHeader: Hashable {
    /// The client as the proxy sees it.
    case client(SocketAddress)
    /// LOCAL or UNKNOWN: the proxy speaks for itself, or does not know.
    case unknown

    /// The longest header of version 1, its line feed included.
    package static let lineBytesMax = 107

    /// Why what stands at the beginning of a connection is no header that this server takes.
    package enum Fault: Error, Hashable, CustomStringConvertible {
        case noHeader
        case lineTooLong
        case lineMalformed
        case versionUnsupported(UInt8)
        case commandUnsupported(UInt8)
        /// Neither TCP over IPv4 nor over IPv6.
        case familyUnsupported(UInt8)
        case addressesCutOff

        package var description: String {
            switch self {
            case .noHeader: "the connection does not begin with a PROXY protocol header"
            case .lineTooLong: "a PROXY line without an end within \(ProxyHeader.lineBytesMax) bytes"
            case .lineMalformed: "a malformed PROXY line"
            case .versionUnsupported(let version): "PROXY protocol version \(version)"
            case .commandUnsupported(let command): "PROXY protocol command \(command)"
            case .familyUnsupported(let family): "PROXY protocol family and transport 0x\(String(family, radix: 16))"
            case .addressesCutOff: "a PROXY protocol header too short for its addresses"
            }
        }
    }

    private static let lineStart = Array("PROXY ".utf8)
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    /// Takes the header off the front of `bytes`; nil while it is not whole, and then nothing is taken.
    package static func read(_ bytes: inout ByteBuffer) throws(Fault) -> ProxyHeader? {
        let view = bytes.readableBytesView
        if view.starts(with: signature) { return try readBinary(&bytes) }
        if view.starts(with: lineStart) { return try readLine(&bytes) }
        guard signature.starts(with: view) || lineStart.starts(with: view) else { throw .noHeader }
        return nil
    }
}

// MARK: Version 1

extension ProxyHeader {
    private static func readLine(_ bytes: inout ByteBuffer) throws(Fault) -> ProxyHeader? {
        let view = bytes.readableBytesView.prefix(lineBytesMax)
        guard let end = view.firstIndex(of: 0x0A) else {
            if view.count == lineBytesMax { throw .lineTooLong }
            return nil
        }
        guard view[view.index(before: end)] == 0x0D else { throw .lineMalformed }
        let line = String(decoding: view[..<view.index(before: end)], as: UTF8.self)
        bytes.moveReaderIndex(to: end + 1)
        return try parse(line)
    }

    private static func parse(_ line: String) throws(Fault) -> ProxyHeader {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        if words[1] == "UNKNOWN" { return .unknown }
        guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6",
            let client = address(words[2], port: words[4]), let server = address(words[3], port: words[5]),
            client.protocol == (words[1] == "TCP4" ? .inet : .inet6), server.protocol == client.protocol
        else { throw .lineMalformed }
        return .client(client)
    }

    private static func address(_ host: Substring, port: Substring) -> SocketAddress? {
        guard 1...5 ~= port.utf8.count, port.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let port = UInt16(port) else { return nil }
        return try? SocketAddress(ipAddress: String(host), port: Int(port))
    }
}

// MARK: Version 2

extension ProxyHeader {
    private static let fixedBytes = 16

    private static func readBinary(_ bytes: inout ByteBuffer) throws(Fault) -> ProxyHeader? {
        let start = bytes.readerIndex
        guard let command = bytes.getInteger(at: start + 12, as: UInt8.self), bytes.readableBytes > 12 else { return nil }
        guard command >> 4 == 2 else { throw .versionUnsupported(command >> 4) }
        guard command & 0x0F <= 1 else { throw .commandUnsupported(command & 0x0F) }
        guard bytes.readableBytes >= fixedBytes, let family = bytes.getInteger(at: start + 13, as: UInt8.self),
            let length = bytes.getInteger(at: start + 14, as: UInt16.self)
        else { return nil }
        let isLocal = command & 0x0F == 0 || family == 0
        if !isLocal { try check(family, length) }
        guard bytes.readableBytes >= fixedBytes + Int(length) else { return nil }
        bytes.moveReaderIndex(forwardBy: fixedBytes)
        // What follows the addresses are TLVs; nothing in them is needed.
        guard let body = bytes.readSlice(length: Int(length)) else { return nil }
        return try isLocal ? .unknown : client(in: body, byteCount: family == 0x11 ? 4 : 16)
    }

    private static func check(_ family: UInt8, _ length: UInt16) throws(Fault) {
        guard family == 0x11 || family == 0x21 else { throw .familyUnsupported(family) }
        guard length >= (family == 0x11 ? 12 : 36) else { throw .addressesCutOff }
    }

    private static func client(in body: ByteBuffer, byteCount: Int) throws(Fault) -> ProxyHeader {
        let start = body.readerIndex
        guard let packed = body.getSlice(at: start, length: byteCount),
            let port = body.getInteger(at: start + 2 * byteCount, as: UInt16.self),
            let address = try? SocketAddress(packedIPAddress: packed, port: Int(port))
        else { throw .addressesCutOff }
        return .client(address)
    }
}
