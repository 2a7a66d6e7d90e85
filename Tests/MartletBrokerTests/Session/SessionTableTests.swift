import MQTTCodec
import MartletStore
import Testing

@testable import MartletBroker

@Suite("Where kept sessions are")
struct SessionTableTests {
    @Test("A place names its queue and its connection until it is given back")
    func places() throws {
        let table = SessionTable(limit: 10_000)
        let place = try #require(table.make(queue: StoreNumber(7)))
        #expect(table.queue(of: place.index) == StoreNumber(7))
        #expect(table.connection(of: place.index) == nil)
        let ref = ConnectionRef(loop: 3, slot: 0xABCDE, generation: 0xFFFF_FFFF)
        for version in [ProtocolVersion.v3_1_1, .v5] {
            table.setConnection((ref, version), of: place)
            #expect(table.connection(of: place.index)?.ref == ref)
            #expect(table.connection(of: place.index)?.version == version)
        }
        table.setConnection(nil, of: place)
        #expect(table.connection(of: place.index) == nil)
        table.remove(place)
        #expect(table.count == 0)
        let next = try #require(table.make(queue: StoreNumber(8)))
        #expect(next.index == place.index && next.generation != place.generation)
        table.remove(place)
        #expect(table.count == 1, "a place is given back once")
    }

    @Test("session.max is the end")
    func limit() {
        let table = SessionTable(limit: 5_000)
        for number in 1...5_000 as ClosedRange<UInt64> { #expect(table.make(queue: StoreNumber(number)) != nil) }
        #expect(table.make(queue: StoreNumber(5_001)) == nil)
        #expect(table.queue(of: 4_999) == StoreNumber(5_000))
    }
}
