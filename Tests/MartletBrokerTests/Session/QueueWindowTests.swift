import MQTTCodec
import MartletStore
import MartletTesting
import Testing

@testable import MartletBroker

@Suite("The window over a kept session's queue")
struct QueueWindowTests {
    @Test("Identifiers follow from the place in the queue, and what was sent before is a repetition")
    func identifiers() {
        var window = QueueWindow()
        #expect(window.send(1) == (1, false))
        #expect(window.send(2) == (2, false))
        let acknowledged = window.acknowledge(1) == .done
        #expect(acknowledged)
        window.reconnect()
        #expect(window.next == 2)
        #expect(window.send(2) == (2, true))
        #expect(window.send(3) == (3, false))
    }

    @Test("Acknowledged out of turn: settled, but the window's beginning waits for the first")
    func outOfTurn() {
        var window = QueueWindow()
        for sequence in 1...4 as ClosedRange<UInt64> { _ = window.send(sequence) }
        let third = window.acknowledge(3) == .done
        #expect(third)
        #expect(window.cursor == QueueCursor(settledThrough: 0, sentThrough: 4, settledBeyond: [3]))
        let again = window.acknowledge(3) == .done
        #expect(!again)
        _ = window.acknowledge(1)
        #expect(window.cursor == QueueCursor(settledThrough: 1, sentThrough: 4, settledBeyond: [3]))
        _ = window.acknowledge(2)
        #expect(window.cursor == QueueCursor(settledThrough: 3, sentThrough: 4))
        #expect(window.openCount == 1)
    }

    @Test("Nothing is open: an acknowledgement of an identifier that was never sent is ignored")
    func unknown() {
        var window = QueueWindow()
        let zero = window.acknowledge(0) == .done
        let one = window.acknowledge(1) == .done
        #expect(!zero && !one)
        _ = window.send(1)
        window.reconnect()
        let beforeSent = window.acknowledge(1) == .done
        #expect(!beforeSent, "sent on an earlier connection only")
    }

    @Test("The receive maximum bounds what is open, and discarded entries take no room")
    func room() {
        var window = QueueWindow()
        window.discard(1)
        #expect(window.settledThrough == 1)
        _ = window.send(2)
        window.discard(3)
        #expect(!window.hasRoom(1, for: 4))
        #expect(window.hasRoom(2, for: 4))
        _ = window.acknowledge(2)
        #expect(window.settledThrough == 3)
        #expect(window.hasRoom(1, for: 4))
    }

    @Test("Identifiers wrap after 65,535")
    func wrap() {
        var window = QueueWindow()
        for sequence in 1...70_000 as ClosedRange<UInt64> {
            #expect(window.hasRoom(10, for: sequence))
            let (packetID, _) = window.send(sequence)
            #expect(packetID == UInt16((sequence - 1) % 65_535) + 1)
            let acknowledged = window.acknowledge(packetID) == .done
            #expect(acknowledged)
        }
        #expect(window.settledThrough == 70_000)
    }

    @Test("A client that withholds one acknowledgement runs ahead of it by four windows and no more, also after a reconnect")
    func withheld() {
        var window = QueueWindow()
        _ = window.send(1)
        var sequence: UInt64 = 2
        while window.hasRoom(10, for: sequence) {
            let acknowledged = window.acknowledge(window.send(sequence).packetID) == .done
            #expect(acknowledged)
            sequence += 1
        }
        #expect(sequence == 65)
        window.reconnect()
        #expect(window.hasRoom(10, for: 1))
        _ = window.send(1)
        #expect(!window.hasRoom(10, for: 65), "what is next may be far away")
        _ = window.acknowledge(1)
        #expect(window.settledThrough == 64 && window.hasRoom(10, for: 65))
        #expect(!QueueWindow().hasRoom(65_535, for: 65_536), "identifiers never meet")
    }

    @Test("After a crash what the client may have got counts as sent")
    func assumedSent() {
        var window = QueueWindow(QueueCursor(settledThrough: 4, sentThrough: 5))
        window.assumeSent(through: 6)
        window.assumeSent(through: 2)
        #expect(window.sentThrough == 6)
        window.reconnect()
        #expect(window.send(5).isRepeated && window.send(6).isRepeated && !window.send(7).isRepeated)
    }

    @Test("What the store is told brings the window back")
    func cursor() {
        var window = QueueWindow()
        for sequence in 1...5 as ClosedRange<UInt64> { _ = window.send(sequence) }
        _ = window.acknowledge(1)
        _ = window.acknowledge(4)
        var back = QueueWindow(window.cursor)
        #expect(back.next == 2)
        #expect(back.isSettled(4) && !back.isSettled(3))
        #expect(back.send(2).isRepeated)
        back.skip(to: 5)
        #expect(back.send(5).isRepeated)
        #expect(!back.send(6).isRepeated)
    }

    @Test("Whatever is sent, acknowledged and interrupted, entries are settled once and never before they are sent", arguments: 1...20 as ClosedRange<UInt64>)
    func random(seed: UInt64) {
        var random = SeededRandomSource(seed: seed).generator()
        var window = QueueWindow()
        var open: [UInt16: UInt64] = [:]
        var settled: Set<UInt64> = []
        for _ in 0..<5_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5 where window.hasRoom(50, for: window.next):
                if window.isSettled(window.next) {
                    window.skip(to: window.next + 1)
                } else {
                    let sequence = window.next
                    let (id, isRepeated) = window.send(sequence)
                    #expect(open.updateValue(sequence, forKey: id) == nil, "an identifier that is in use")
                    #expect(!settled.contains(sequence))
                    _ = isRepeated
                }
            case 5..<9:
                guard let (id, sequence) = open.randomElement(using: &random) else { continue }
                open[id] = nil
                let acknowledged = window.acknowledge(id) == .done
                #expect(acknowledged)
                settled.insert(sequence)
            default:
                window = QueueWindow(window.cursor)
                open = [:]
            }
            #expect(window.openCount == open.count)
        }
        for sequence in 1..<window.next { #expect(window.isSettled(sequence) == settled.contains(sequence)) }
    }

    @Test("QoS 2: PUBREC takes the message out of the queue, and only its release is left until PUBCOMP [MQTT-4.3.3-6]")
    func exactlyOnce() {
        var window = QueueWindow()
        _ = window.send(1, .exactlyOnce)
        _ = window.send(2, .atLeastOnce)
        #expect(window.acknowledge(1) == .wrongQoS)
        #expect(window.release(2, as: { StoreNumber(9) }).0 == .wrongQoS)
        let (step, exchange) = window.release(1, as: { StoreNumber(7) })
        #expect(step == .done && exchange == ReleasedExchange(sequence: 1, number: StoreNumber(7)))
        #expect(window.release(1, as: { StoreNumber(8) }) == (.done, nil), "a repeated PUBREC begins nothing")
        #expect(window.settledThrough == 1 && window.openCount == 2)
        window.reconnect()
        #expect(window.next == 2 && window.openCount == 1, "the release still counts")
        #expect(!window.hasRoom(1, for: 2))
        var back = QueueWindow(window.cursor, released: Array(window.released))
        back.reconnect()
        #expect(back.openCount == 1 && back.released.map(\.packetID) == [1])
        #expect(back.complete(1)?.number == StoreNumber(7))
        #expect(back.complete(1) == nil && back.openCount == 0)
    }

    @Test("A crash between the record of a PUBREC and the cursor does not bring the message back")
    func releasedBeyondCursor() {
        let window = QueueWindow(QueueCursor(), released: [ReleasedExchange(sequence: 2, number: StoreNumber(1))])
        #expect(window.isSettled(2) && !window.isSettled(1) && window.next == 1)
    }

    @Test("A client that withholds PUBCOMP never gets its identifier for another message")
    func withheldCompletion() {
        var window = QueueWindow()
        _ = window.send(1, .exactlyOnce)
        _ = window.release(1, as: { StoreNumber(1) })
        var sequence: UInt64 = 2
        while window.hasRoom(10, for: sequence) {
            let step = window.acknowledge(window.send(sequence).packetID)
            #expect(step == .done)
            sequence += 1
        }
        #expect(sequence == 65)
    }

    @Test("Also where its PUBRECs came out of order")
    func withheldOutOfOrder() {
        var window = QueueWindow()
        for sequence in 1...2 as ClosedRange<UInt64> { _ = window.send(sequence, .exactlyOnce) }
        for id in [2, 1] as [UInt16] { _ = window.release(id, as: { StoreNumber(UInt64(id)) }) }
        #expect(window.hasRoom(20, for: 80) && !window.hasRoom(20, for: 81))
        _ = window.complete(1)
        #expect(window.hasRoom(20, for: 81) && !window.hasRoom(20, for: 82))
    }
}
