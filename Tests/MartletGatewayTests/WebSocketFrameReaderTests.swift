import NIOCore
import Testing

@testable import MartletGateway

@Suite("Frames of a WebSocket client")
struct WebSocketFrameReaderTests {
    struct Outcome: Equatable {
        var payload: [UInt8] = []
        var controls: [WebSocketFrameReader.Control] = []
        var violation: WebSocketViolation?
    }

    /// Feeds the parts one after the other, as reads from a socket would come.
    static func read(_ parts: [[UInt8]], limit: Int = 1 << 20) -> Outcome {
        var reader = WebSocketFrameReader(frameBytesMax: limit)
        var outcome = Outcome()
        var payload = ByteBuffer()
        do throws(WebSocketViolation) {
            for part in parts {
                var bytes = ByteBuffer(bytes: part)
                while let control = try reader.next(&bytes, into: &payload) { outcome.controls.append(control) }
            }
        } catch {
            outcome.violation = error
        }
        outcome.payload = payload.bytes
        return outcome
    }

    static let stream: [UInt8] = join(
        Frames.binary([1, 2, 3]), Frames.binary([]), Frames.binary(Frames.number(11), fin: false),
        Frames.ping([9, 8, 7]), Frames.more([], fin: false), Frames.pong, Frames.more([4, 5]),
        Frames.binary(Frames.number(200)), Frames.close([0x0F, 0xA0, 0x62, 0x79, 0x65]))

    static let told = Outcome(
        payload: join([1, 2, 3], Frames.number(11), [4, 5], Frames.number(200)),
        controls: [.ping(ByteBuffer(bytes: [9, 8, 7])), .pong, .close(4000)])

    static func join(_ parts: [UInt8]...) -> [UInt8] { parts.flatMap { $0 } }

    @Test("A stream says the same in one piece and byte by byte")
    func joinedAndSingle() {
        #expect(Self.read([Self.stream]) == Self.told)
        #expect(Self.read(Self.stream.map { [$0] }) == Self.told)
    }

    @Test("A stream says the same wherever it is cut in two")
    func everyCut() {
        for cut in 0...Self.stream.count {
            #expect(Self.read([Array(Self.stream[..<cut]), Array(Self.stream[cut...])]) == Self.told, "cut at \(cut)")
        }
    }

    @Test("Payload of every length form is unmasked", arguments: [0, 1, 7, 8, 125, 126, 65_535, 65_536])
    func lengths(_ count: Int) {
        let payload = Frames.number(count)
        let frame = Frames.binary(payload)
        #expect(Self.read([frame]).payload == payload)
        for cut in [1, 2, 3, 5, 9, 11, 13] where cut < frame.count {
            #expect(Self.read([Array(frame[..<cut]), Array(frame[cut...])]).payload == payload, "cut at \(cut)")
        }
    }

    @Test("Payload is handed on before its frame is whole")
    func streamed() {
        let frame = Frames.binary(Frames.number(1000))
        #expect(Self.read([Array(frame[..<508])]).payload == Frames.number(500))
    }

    struct Refused: Sendable {
        let violation: WebSocketViolation
        let bytes: [UInt8]

        init(_ violation: WebSocketViolation, _ parts: [UInt8]...) {
            self.violation = violation
            bytes = parts.flatMap { $0 }
        }
    }

    static let refused: [Refused] = [
        Refused(.textFrame, Frames.frame(1, [0x61])),
        Refused(.notMasked, Frames.frame(2, [1], masked: false)),
        Refused(.reservedBits, Frames.frame(2, [1], reserved: 0x40)),
        Refused(.reservedBits, Frames.frame(2, [1], reserved: 0x10)),
        Refused(.reservedOpcode(3), Frames.frame(3, [1])),
        Refused(.reservedOpcode(11), Frames.frame(11)),
        Refused(.continuationWithoutStart, Frames.more([1])),
        Refused(.startWithinMessage, Frames.binary([1], fin: false), Frames.binary([2])),
        Refused(.continuationWithoutStart, Frames.binary([1], fin: false), Frames.more([2]), Frames.more([3])),
        Refused(.controlFrameFragmented, Frames.frame(9, [1], fin: false)),
        Refused(.controlFrameTooLong, Frames.ping(Frames.number(126))),
        Refused(.closeWithHalfACode, Frames.close([3])),
        Refused(.closeCodeInvalid(1005), Frames.close([0x03, 0xED])),
        Refused(.closeCodeInvalid(0), Frames.close([0, 0])),
        Refused(.closeReasonNotText, Frames.close([0x03, 0xE8, 0xFF])),
        Refused(.lengthNotMinimal, [0x82, 0xFE, 0, 5], Frames.key),
        Refused(.lengthNotMinimal, [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], Frames.key),
    ]

    @Test("What a client must not send is refused by its name", arguments: refused)
    func violations(_ refused: Refused) {
        #expect(Self.read([refused.bytes]).violation == refused.violation)
        #expect(Self.read(refused.bytes.map { [$0] }).violation == refused.violation)
    }

    @Test("A frame beyond the limit is refused by its header alone")
    func tooLarge() {
        #expect(Self.read([Frames.binary(Frames.number(100))], limit: 100).violation == nil)
        let header = Array(Frames.binary(Frames.number(101)).prefix(6))
        #expect(Self.read([header], limit: 100).violation == .frameTooLarge(length: 101, limit: 100))
        let huge = Self.join([0x82, 0xFF], [UInt8](repeating: 0xFF, count: 8), Frames.key)
        #expect(Self.read([huge]).violation == .frameTooLarge(length: .max, limit: 1 << 20))
    }

    @Test("Each violation has its code")
    func codes() {
        #expect(WebSocketViolation.textFrame.closeCode.rawValue == 1003)
        #expect(WebSocketViolation.notMasked.closeCode.rawValue == 1002)
        #expect(WebSocketViolation.frameTooLarge(length: 2, limit: 1).closeCode.rawValue == 1009)
        #expect(WebSocketViolation.closeReasonNotText.closeCode.rawValue == 1007)
    }

    @Test("A Close frame may be empty")
    func emptyClose() {
        #expect(Self.read([Frames.close([])]).controls == [.close(nil)])
    }
}
