import MQTTCodec
import MartletTesting
import Testing

@testable import MartletBroker

@Suite("The window of unacknowledged messages")
struct InflightWindowTests {
    @Test("Identifiers are given out from 1 and count until they are acknowledged")
    func order() {
        var window = InflightWindow()
        let given = (1...40).map { _ in window.open() }
        #expect(given == Array(1...40))
        #expect(window.count == 40)
        let closed = [1, 1, 0, 999].map { window.acknowledge($0) == .done }
        #expect(closed == [true, false, false, false])
        #expect(window.count == 39)
    }

    @Test("A client that withholds acknowledgements never gets their identifiers again [MQTT-2.3.1-4]", arguments: [[1], [1, 5], [3, 4, 60_000]])
    func withheld(ids: [UInt16]) {
        var window = InflightWindow()
        var withheld = 0
        for _ in 0..<200_000 {
            let id = window.open()
            if ids.contains(id) {
                withheld += 1
                #expect(withheld <= ids.count, "\(id) was given out while it was in use")
            }
            guard !ids.contains(id) else { continue }
            let isClosed = window.acknowledge(id) == .done
            #expect(isClosed)
        }
        #expect(window.count == ids.count)
    }

    @Test("It agrees with a set of identifiers in any order of acknowledgements")
    func agreesWithSet() {
        let random = SeededRandomSource(seed: 11)
        var window = InflightWindow()
        var open: [UInt16] = []
        for _ in 0..<150_000 {
            if open.count < 100, random.nextUInt64() % 2 == 0 {
                let id = window.open()
                #expect(id != 0)
                #expect(!open.contains(id))
                open.append(id)
            } else if !open.isEmpty {
                let id = open.remove(at: Int(random.nextUInt64() % UInt64(open.count)))
                let isClosed = window.acknowledge(id) == .done
                #expect(isClosed)
            }
        }
        #expect(window.count == open.count)
    }

    @Test("QoS 2 takes two steps, each of them once, and counts until the second [MQTT-4.3.3-5]")
    func exactlyOnce() {
        var window = InflightWindow()
        let (one, two) = (window.open(.exactlyOnce), window.open(.exactlyOnce))
        #expect(window.complete(one) == .wrongQoS, "PUBCOMP before PUBREC")
        #expect(window.acknowledge(one) == .wrongQoS)
        #expect(window.receive(one) == .done && window.receive(one) == .done, "a repeated PUBREC is answered again")
        #expect(window.reject(one) == .wrongQoS, "it was accepted already")
        #expect(window.count == 2)
        #expect(window.reject(two) == .done)
        #expect(window.complete(one) == .done && window.complete(one) == .unknown)
        #expect(window.count == 0)
        let three = window.open()
        #expect(window.receive(three) == .wrongQoS)
    }
}
