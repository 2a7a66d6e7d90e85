/// The packet identifiers of QoS 1 messages that a client has not acknowledged, in the order in which they were sent.
/// Acknowledgements mostly come in that order, so both ends are constant time.
struct InflightWindow {
    /// A ring; 0 marks an identifier that was acknowledged out of turn.
    private var ring: [UInt16] = []
    private var head = 0
    private var used = 0
    private(set) var count = 0
    private var nextID: UInt16 = 1

    /// Takes an identifier that is not in use `[MQTT-2.3.1-4]`. The caller keeps `count` below 65,535.
    mutating func open() -> UInt16 {
        if used == ring.count { grow() }
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

    /// Identifiers are given out in turn, so one that is still in use can only be met at the old end of the ring, and
    /// the first one there that differs ends the search.
    private mutating func freeID() -> UInt16 {
        var candidate = nextID
        for offset in 0..<used {
            let oldest = ring[(head + offset) & (ring.count - 1)]
            if oldest == 0 { continue }
            guard oldest == candidate else { break }
            candidate = candidate == .max ? 1 : candidate + 1
        }
        nextID = candidate == .max ? 1 : candidate + 1
        return candidate
    }

    private mutating func grow() {
        var larger = [UInt16](repeating: 0, count: max(16, ring.count * 2))
        for offset in 0..<used { larger[offset] = ring[(head + offset) & (ring.count - 1)] }
        ring = larger
        head = 0
    }
}
