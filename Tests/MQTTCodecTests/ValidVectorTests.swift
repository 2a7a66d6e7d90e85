import MQTTCodec
import NIOCore
import Testing

@Suite("Frames and the packets that they are")
struct ValidVectorTests {
    @Test("A frame decodes to its packet", arguments: ValidVector.all)
    func decodes(_ vector: ValidVector) throws {
        #expect(try decode(vector.bytes, vector.version) == vector.packet)
    }

    @Test("A packet encodes to its frame", arguments: ValidVector.all)
    func encodes(_ vector: ValidVector) throws {
        #expect(text(try encode(vector.packet, vector.version)) == text(vector.bytes))
    }

    @Test("At each step of a length, frame and packet are each other's", arguments: ValidVector.boundaries)
    func boundaries(_ vector: ValidVector) throws {
        #expect(try decode(vector.bytes, vector.version) == vector.packet)
        #expect(try encode(vector.packet, vector.version) == vector.bytes)
        let whole = try #require(try header(vector.bytes, vector.version))
        #expect(whole.frameLength == vector.bytes.count)
        for count in 0..<whole.headerLength { #expect(try header(Array(vector.bytes.prefix(count)), vector.version) == nil) }
        #expect(fault(Array(vector.bytes.dropLast()), vector.version)?.fault == .incomplete)
    }

    @Test("The vectors have all fifteen packets, and all 27 properties in all lists")
    func complete() {
        #expect(Set(ValidVector.version5.map(\.packet.type)).count == 15)
        #expect(Set(ValidVector.version3.map(\.packet.type)).count == 14)
        #expect(PropertyVector.all.count == 27)
        #expect(Set(PropertyCarrier.all.map(\.list)) == Set(PropertyCarrier.List.allCases))
        #expect(ValidVector.propertyPlaces.count == 64)
    }

    @Test("A property in a list that may not have it is refused, and so is a second one where only one may be")
    func misplaced() {
        for property in PropertyVector.all {
            for carrier in PropertyCarrier.all {
                let name = "\(property.name) in \(carrier.list)"
                guard property.lists.contains(carrier.list) else {
                    let refusal = fault(carrier.frame(property.bytes), .v5)
                    #expect(refusal?.fault == .propertyNotInPacket, "\(name)")
                    #expect(refusal?.reasonCode == .malformedPacket, "\(name)")
                    continue
                }
                let twice = fault(carrier.frame(property.bytes + property.bytes), .v5)
                let mayRepeat =
                    property.name == "User Property" || property.name == "Subscription Identifier" && carrier.list == .publish
                #expect(twice?.fault == (mayRepeat ? nil : .duplicateProperty), "\(name)")
                if !mayRepeat { #expect(twice?.reasonCode == .protocolError, "\(name)") }
            }
        }
    }

    @Test("Byte by byte, the header asks for more until it is whole, and the packet until the frame is")
    func dripFed() throws {
        for vector in ValidVector.all {
            let whole = try #require(try header(vector.bytes, vector.version))
            #expect(whole.frameLength == vector.bytes.count)
            for count in 0..<vector.bytes.count {
                let part = Array(vector.bytes.prefix(count))
                let expected = count < whole.headerLength ? nil : whole
                #expect(try header(part, vector.version) == expected, "\(vector.testDescription) at \(count)")
                #expect(fault(part, vector.version)?.fault == .incomplete)
            }
        }
    }

    @Test("A frame that is shorter than its fields need is refused at every length")
    func truncated() throws {
        for vector in ValidVector.all {
            guard let whole = try header(vector.bytes, vector.version), whole.remainingLength < 128 else { continue }
            for length in 0..<whole.remainingLength {
                var part = Array(vector.bytes.prefix(2 + length))
                part[1] = UInt8(length)
                guard let packet = try? decode(part, vector.version) else { continue }
                // Shorter frames that are packets in their own right must at least be other ones.
                #expect(packet != vector.packet, "\(vector.testDescription) cut to \(length)")
                #expect(try encode(packet, vector.version).count <= part.count)
            }
        }
    }

    @Test("A byte too many is refused, except where the payload or a list takes it")
    func trailing() throws {
        for vector in ValidVector.all {
            var longer = vector.bytes + [0xEE]
            #expect(fault(longer, vector.version)?.fault == .trailingBytes)
            longer[1] += 1
            let takesIt = vector.packet.type == .publish
            #expect((fault(longer, vector.version) == nil) == takesIt, "\(vector.testDescription)")
        }
    }

    @Test("What follows in the buffer is not touched, and what stands before stays")
    func appends() throws {
        for vector in ValidVector.all {
            var buffer = ByteBuffer(bytes: [1, 2, 3])
            buffer.moveReaderIndex(forwardBy: 2)
            try vector.packet.encode(into: &buffer, version: vector.version)
            #expect(Array(buffer.readableBytesView) == [3] + vector.bytes)
        }
    }
}
