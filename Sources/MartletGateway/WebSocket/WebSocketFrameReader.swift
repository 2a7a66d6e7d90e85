package import NIOCore

/// Reads the frames of one client (RFC 6455 section 5), however its bytes are split: a value, bytes in, payload and
/// control frames out. The payload of data frames is handed on as it comes, so that nothing waits for the end of a large
/// frame; MQTT packets may span and share frames `[MQTT-6.0.0-2]`.
package struct WebSocketFrameReader {
    /// A frame that asks for something to be done.
    package enum Control: Hashable {
        case ping(ByteBuffer)
        case pong
        /// With the client's status code, if it gave one.
        case close(UInt16?)
    }

    private enum Kind: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10
        var isControl: Bool { rawValue >= 8 }
    }

    private static let controlBytesMax = 125

    private let frameBytesMax: Int
    /// The header of the next frame as far as it has come: at most 14 bytes.
    private var header: [UInt8] = []
    /// The frame that is being read; nil between frames.
    private var kind: Kind?
    private var mask: UInt32 = 0
    private var remaining = 0
    /// How far into the frame the mask stands.
    private var position = 0
    private var control = ByteBuffer()
    private var isInMessage = false

    /// - Parameter frameBytesMax: the longest payload of one frame; a longer one is refused when its header is read.
    package init(frameBytesMax: Int) {
        self.frameBytesMax = frameBytesMax
        header.reserveCapacity(14)
    }

    /// Takes bytes until they are used up (nil) or a control frame is whole. Unmasked payload of data frames is appended
    /// to `payload`, also of what comes before a violation.
    package mutating func next(
        _ bytes: inout ByteBuffer, into payload: inout ByteBuffer
    ) throws(WebSocketViolation) -> Control? {
        while true {
            if kind == nil, try !readHeader(&bytes) { return nil }
            guard let kind else { return nil }
            if kind.isControl {
                var body = control
                control = ByteBuffer()
                take(&bytes, into: &body)
                control = body
            } else {
                take(&bytes, into: &payload)
            }
            guard remaining == 0 else { return nil }
            self.kind = nil
            if kind.isControl { return try finishControl(kind) }
        }
    }

    private mutating func take(_ bytes: inout ByteBuffer, into target: inout ByteBuffer) {
        let count = min(remaining, bytes.readableBytes)
        guard count > 0 else { return }
        let (mask, position) = (mask, position)
        bytes.readWithUnsafeReadableBytes { source in
            target.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
                Masking.copy(UnsafeRawBufferPointer(rebasing: source[..<count]), to: target, mask, position)
                return count
            }
            return count
        }
        remaining -= count
        self.position = (position + count) & 3
    }

    private mutating func finishControl(_ kind: Kind) throws(WebSocketViolation) -> Control {
        let body = control
        control = ByteBuffer()
        switch kind {
        case .ping: return .ping(body)
        case .close: return .close(try Self.closeCode(body))
        default: return .pong
        }
    }

    private static func closeCode(_ body: ByteBuffer) throws(WebSocketViolation) -> UInt16? {
        var body = body
        guard body.readableBytes > 0 else { return nil }
        guard let code = body.readInteger(as: UInt16.self) else { throw .closeWithHalfACode }
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: throw .closeCodeInvalid(code)
        }
        guard String(validating: body.readableBytesView, as: UTF8.self) != nil else { throw .closeReasonNotText }
        return code
    }
}

// MARK: The header

extension WebSocketFrameReader {
    /// Returns false while the header is not whole.
    private mutating func readHeader(_ bytes: inout ByteBuffer) throws(WebSocketViolation) -> Bool {
        while let byte = bytes.readInteger(as: UInt8.self) {
            header.append(byte)
            if header.count == 1 { try checkFirst(byte) }
            if header.count == 2 { try checkSecond(byte) }
            guard header.count == headerLength else { continue }
            try begin()
            return true
        }
        return false
    }

    /// 6 until the second byte says more.
    private var headerLength: Int {
        guard header.count >= 2 else { return 6 }
        return switch header[1] & 0x7F {
        case 126: 8
        case 127: 14
        default: 6
        }
    }

    private func checkFirst(_ byte: UInt8) throws(WebSocketViolation) {
        guard byte & 0x70 == 0 else { throw .reservedBits }
        guard let kind = Kind(rawValue: byte & 0x0F) else { throw .reservedOpcode(byte & 0x0F) }
        switch kind {
        case .text: throw .textFrame
        case .continuation: if !isInMessage { throw .continuationWithoutStart }
        case .binary: if isInMessage { throw .startWithinMessage }
        case .close, .ping, .pong: if byte & 0x80 == 0 { throw .controlFrameFragmented }
        }
    }

    private func checkSecond(_ byte: UInt8) throws(WebSocketViolation) {
        guard byte & 0x80 != 0 else { throw .notMasked }
        if header[0] & 0x08 != 0, byte & 0x7F > Self.controlBytesMax { throw .controlFrameTooLong }
    }

    private mutating func begin() throws(WebSocketViolation) {
        let length = try payloadLength()
        guard length <= UInt64(frameBytesMax) else { throw .frameTooLarge(length: length, limit: frameBytesMax) }
        let kind = Kind(rawValue: header[0] & 0x0F)
        if kind?.isControl == false { isInMessage = header[0] & 0x80 == 0 }
        mask = header.suffix(4).reduce(0) { $0 << 8 | UInt32($1) }
        self.kind = kind
        remaining = Int(length)
        position = 0
        header.removeAll(keepingCapacity: true)
    }

    private func payloadLength() throws(WebSocketViolation) -> UInt64 {
        let short = UInt64(header[1] & 0x7F)
        guard short >= 126 else { return short }
        let length = header[2..<header.count - 4].reduce(0) { $0 << 8 | UInt64($1) }
        guard length > (short == 126 ? 125 : 65_535) else { throw .lengthNotMinimal }
        return length
    }
}
