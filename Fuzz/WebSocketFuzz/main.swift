import FuzzDriver
import MartletGateway
import NIOCore

/// Reads the bytes as WebSocket frames and as a PROXY header, in one piece and in pieces: how bytes are split must not
/// change what they say.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let whole = readFrames(input, pieceBytes: max(1, input.count))
    for pieceBytes in [1, 3, 14] {
        precondition(readFrames(input, pieceBytes: pieceBytes) == whole, "frames depend on how they are split")
    }
    precondition(readHeader(input, pieceBytes: max(1, input.count)) == readHeader(input, pieceBytes: 1))
    return 0
}

private struct Told: Equatable {
    var payload = ByteBuffer()
    var controls: [WebSocketFrameReader.Control] = []
    var violation: WebSocketViolation?
}

private func readFrames(_ input: [UInt8], pieceBytes: Int) -> Told {
    var reader = WebSocketFrameReader(frameBytesMax: 1 << 16)
    var told = Told()
    do throws(WebSocketViolation) {
        for start in stride(from: 0, to: input.count, by: pieceBytes) {
            var bytes = ByteBuffer(bytes: input[start..<min(start + pieceBytes, input.count)])
            while let control = try reader.next(&bytes, into: &told.payload) { told.controls.append(control) }
            precondition(bytes.readableBytes == 0)
        }
    } catch {
        told.violation = error
    }
    precondition(told.payload.readableBytes <= input.count)
    return told
}

private struct Header: Equatable {
    var header: ProxyHeader?
    var fault: ProxyHeader.Fault?
    var byteCount = 0
}

private func readHeader(_ input: [UInt8], pieceBytes: Int) -> Header {
    var bytes = ByteBuffer()
    var told = Header()
    do throws(ProxyHeader.Fault) {
        for start in stride(from: 0, to: input.count, by: pieceBytes) where told.header == nil {
            bytes.writeBytes(input[start..<min(start + pieceBytes, input.count)])
            let before = bytes.readableBytes
            told.header = try ProxyHeader.read(&bytes)
            told.byteCount += before - bytes.readableBytes
        }
    } catch {
        told.fault = error
    }
    precondition(told.byteCount <= 16 + 65_535)
    return told
}

runFuzzer(fuzzOneInput)
