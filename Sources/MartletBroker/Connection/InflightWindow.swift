import MQTTCodec

/// The packet identifiers of QoS 1 and 2 messages whose exchange with the client is open, in the order in which they were
/// sent. Acknowledgements mostly come in that order, so both ends are constant time. A client that withholds some costs
/// a search of at most twice its window.
struct InflightWindow {
    private enum State: UInt8 {
        /// Over, out of turn.
        case closed
        case awaitsPubAck
        case awaitsPubRec
        case awaitsPubComp
    }

    private struct Exchange {
        var packetID: UInt16
        var state: State
    }

    private var ring: [Exchange] = []
    private var head = 0
    private var used = 0
    private(set) var count = 0
    private var nextID: UInt16 = 1
    /// One bit per identifier, made when all have been given out once: until then each next one is new.
    private var inUse: [UInt64] = []

    /// Takes an identifier that is not in use `[MQTT-2.3.1-4]`. The caller keeps `count` below 65,535.
    mutating func open(_ qos: QoS = .atLeastOnce) -> UInt16 {
        if used == ring.count { makeRoom() }
        let id = freeID()
        ring[(head + used) & (ring.count - 1)] = Exchange(
            packetID: id, state: qos == .exactlyOnce ? .awaitsPubRec : .awaitsPubAck)
        used += 1
        count += 1
        return id
    }

    /// PUBACK ends an exchange of QoS 1.
    mutating func acknowledge(_ id: UInt16) -> ExchangeStep {
        guard let index = find(id) else { return .unknown }
        guard ring[index].state == .awaitsPubAck else { return .wrongQoS }
        close(index)
        return .done
    }

    /// PUBREC: from here the client owns the message, and only PUBREL is repeated `[MQTT-4.3.3-6]`.
    mutating func receive(_ id: UInt16) -> ExchangeStep {
        guard let index = find(id) else { return .unknown }
        guard ring[index].state != .awaitsPubAck else { return .wrongQoS }
        ring[index].state = .awaitsPubComp
        return .done
    }

    /// PUBREC with a failure code ends the exchange `[MQTT-4.4.0-2]`.
    mutating func reject(_ id: UInt16) -> ExchangeStep {
        guard let index = find(id) else { return .unknown }
        guard ring[index].state == .awaitsPubRec else { return .wrongQoS }
        close(index)
        return .done
    }

    /// PUBCOMP ends an exchange of QoS 2.
    mutating func complete(_ id: UInt16) -> ExchangeStep {
        guard let index = find(id) else { return .unknown }
        guard ring[index].state == .awaitsPubComp else { return .wrongQoS }
        close(index)
        return .done
    }

    private func find(_ id: UInt16) -> Int? {
        guard id != 0, used > 0 else { return nil }
        // Identifiers follow each other, so the place follows from the first one; but for where they begin again.
        let guess = Int(id &- ring[head].packetID)
        if guess < used, let index = open(at: guess, id) { return index }
        for offset in 0..<used {
            if let index = open(at: offset, id) { return index }
        }
        return nil
    }

    @inline(__always)
    private func open(at offset: Int, _ id: UInt16) -> Int? {
        let index = (head + offset) & (ring.count - 1)
        return ring[index].packetID == id && ring[index].state != .closed ? index : nil
    }

    private mutating func close(_ index: Int) {
        let id = ring[index].packetID
        ring[index].state = .closed
        count -= 1
        if !inUse.isEmpty { inUse[Int(id >> 6)] &= ~(1 << UInt64(id & 63)) }
        while used > 0, ring[head].state == .closed {
            head = (head + 1) & (ring.count - 1)
            used -= 1
        }
    }

    private mutating func freeID() -> UInt16 {
        while !inUse.isEmpty, inUse[Int(nextID >> 6)] & (1 << UInt64(nextID & 63)) != 0 {
            nextID = nextID == .max ? 1 : nextID + 1
        }
        let id = nextID
        if !inUse.isEmpty { inUse[Int(id >> 6)] |= 1 << UInt64(id & 63) }
        if id == .max {
            nextID = 1
            if inUse.isEmpty { noteIdentifiersInUse(including: id) }
        } else {
            nextID = id + 1
        }
        return id
    }

    private mutating func noteIdentifiersInUse(including last: UInt16) {
        inUse = [UInt64](repeating: 0, count: 1024)
        for id in [last] + openExchanges.map(\.packetID) { inUse[Int(id >> 6)] |= 1 << UInt64(id & 63) }
    }

    private var openExchanges: [Exchange] {
        (0..<used).map { ring[(head + $0) & (ring.count - 1)] }.filter { $0.state != .closed }
    }

    /// Closes the gaps that acknowledgements out of turn have left; grows only when there are few.
    private mutating func makeRoom() {
        let open = openExchanges
        let isCrowded = count * 2 > ring.count
        let capacity = ring.isEmpty ? 16 : isCrowded ? ring.count * 2 : ring.count
        ring = open + [Exchange](repeating: Exchange(packetID: 0, state: .closed), count: capacity - open.count)
        head = 0
        used = open.count
    }
}

/// What an acknowledgement did to the exchange that it names.
enum ExchangeStep {
    case done
    /// Nothing of that identifier is open: a client may repeat itself.
    case unknown
    /// The exchange is of another QoS, or not that far.
    case wrongQoS
}
