/// Status codes of a Close frame (RFC 6455 section 7.4.1).
package enum WebSocketCloseCode: UInt16, Sendable {
    case normal = 1000
    case protocolError = 1002
    case unsupportedData = 1003
    case invalidText = 1007
    case tooLarge = 1009
}

/// Why a client's frames are not accepted. Each ends the connection with a Close frame of its own code.
package enum WebSocketViolation: Error, Hashable, CustomStringConvertible {
    case reservedBits
    case reservedOpcode(UInt8)
    /// `[MQTT-6.0.0-1]`
    case textFrame
    case notMasked
    case controlFrameFragmented
    case controlFrameTooLong
    case continuationWithoutStart
    case startWithinMessage
    case lengthNotMinimal
    case frameTooLarge(length: UInt64, limit: Int)
    case closeWithHalfACode
    case closeCodeInvalid(UInt16)
    case closeReasonNotText

    package var closeCode: WebSocketCloseCode {
        switch self {
        case .textFrame: .unsupportedData
        case .frameTooLarge: .tooLarge
        case .closeReasonNotText: .invalidText
        default: .protocolError
        }
    }

    package var description: String {
        switch self {
        case .reservedBits: "a WebSocket frame uses reserved bits, and no extension was agreed"
        case .reservedOpcode(let opcode): "a WebSocket frame has the reserved opcode \(opcode)"
        case .textFrame: "a WebSocket text frame; MQTT comes in binary frames"
        case .notMasked: "a WebSocket frame of the client is not masked"
        case .controlFrameFragmented: "a WebSocket control frame is fragmented"
        case .controlFrameTooLong: "a WebSocket control frame is longer than 125 bytes"
        case .continuationWithoutStart: "a WebSocket continuation frame without a message to continue"
        case .startWithinMessage: "a WebSocket message begins within another"
        case .lengthNotMinimal: "the length of a WebSocket frame is not written in its shortest form"
        case .frameTooLarge(let length, let limit):
            "a WebSocket frame of \(length) bytes; mqtt.packetMax allows \(limit)"
        case .closeWithHalfACode: "a WebSocket Close frame of one byte"
        case .closeCodeInvalid(let code): "a WebSocket Close frame with the code \(code)"
        case .closeReasonNotText: "the reason of a WebSocket Close frame is not UTF-8"
        }
    }
}
