/// The packet identifiers of QoS 1 messages that a client has not acknowledged, in the order in which they were sent.
/// Acknowledgements mostly come in that order, so both ends are constant time. A client that withholds some costs a
/// search of at most twice its window.
struct InflightWindow {
    /// A ring; 0 marks an identifier that was acknowledged out of turn.
    private var ring: [UInt16] = []
    private var head = 0
    private var used = 0
    private(set) var count = 0
    private var nextID: UInt16 = 1
    /// One bit per identifier, made when all have been given out once: until then each next one is new.
    private var inUse: [UInt64] = []

    /// Takes an identifier that is not in use `[MQTT-2.3.1-4]`. The caller keeps `count` below 65,535.
    mutating func open() -> UInt16 {
        if used == ring.count { makeRoom() }
        let id = freeID()
        ring[(head + used) & (ring.count - 1)] = id
        used += 1
        count += 1
        return id
    }

    /// Ends an exchange; false when the identifier is not in use.
    mutating func close(_ id: UInt16) -> Bool {
        guard id != 0 else { return false }
        for offset in 0..<used {
            let index = (head + offset) & (ring.count - 1)
            guard ring[index] == id else { continue }
            ring[index] = 0
            count -= 1
            if !inUse.isEmpty { inUse[Int(id >> 6)] &= ~(1 << UInt64(id & 63)) }
            dropAcknowledgedHead()
            return true
        }
        return false
    }

    private mutating func dropAcknowledgedHead() {
        while used > 0, ring[head] == 0 {
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
        for id in [last] + (0..<used).map({ ring[(head + $0) & (ring.count - 1)] }) where id != 0 {
            inUse[Int(id >> 6)] |= 1 << UInt64(id & 63)
        }
    }

    /// Closes the gaps that acknowledgements out of turn have left; grows only when there are few.
    private mutating func makeRoom() {
        let open = (0..<used).map { ring[(head + $0) & (ring.count - 1)] }.filter { $0 != 0 }
        let isCrowded = count * 2 > ring.count
        let capacity = ring.isEmpty ? 16 : isCrowded ? ring.count * 2 : ring.count
        ring = open + [UInt16](repeating: 0, count: capacity - open.count)
        head = 0
        used = open.count
    }
}
