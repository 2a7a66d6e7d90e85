import MQTTCodec

/// Who lives in a world: publishers, kept and clean subscribers, members of a shared group.
extension World {
    static func makeCast(_ chance: Chance, _ ledger: Ledger) -> [SimulatedClient] {
        var cast: [SimulatedClient] = []
        for index in 1...1 + chance.below(2) { cast.append(publisher(index, chance, ledger)) }
        for index in 1...1 + chance.below(2) { cast.append(subscriber("kept\(index)", isKept: true, chance, ledger)) }
        if chance.oneIn(2) { cast.append(subscriber("clean", isKept: false, chance, ledger)) }
        if chance.oneIn(2) { for index in 1...2 { cast.append(member(index, chance, ledger)) } }
        return cast
    }

    private static func publisher(_ index: Int, _ chance: Chance, _ ledger: Ledger) -> SimulatedClient {
        SimulatedClient(
            "pub\(index)", version: version(chance), isKept: !chance.oneIn(3), filters: [], topics: ["t/1", "t/2", "r/1", "r/2", "s/1"],
            receiveMaximum: 10, ledger: ledger)
    }

    private static func subscriber(_ id: String, isKept: Bool, _ chance: Chance, _ ledger: Ledger) -> SimulatedClient {
        var filters = [SimulatedClient.Wish(filter: chance.pick(["t/#", "t/1", "+/2", "#"]), qos: qos(chance))]
        if chance.oneIn(2) { filters.append(.init(filter: chance.pick(["t/2", "r/#", "r/1"]), qos: qos(chance))) }
        return SimulatedClient(
            id, version: version(chance), isKept: isKept, filters: filters, topics: chance.oneIn(3) ? ["t/1", "r/1"] : [],
            receiveMaximum: UInt16(1 + chance.below(5)), ledger: ledger)
    }

    private static func member(_ index: Int, _ chance: Chance, _ ledger: Ledger) -> SimulatedClient {
        SimulatedClient(
            "member\(index)", version: version(chance), isKept: true, filters: [.init(filter: "$share/g/s/#", qos: 1 + UInt8(chance.below(2)))],
            topics: [], receiveMaximum: UInt16(1 + chance.below(3)), ledger: ledger)
    }

    private static func version(_ chance: Chance) -> ProtocolVersion { chance.oneIn(2) ? .v3_1_1 : .v5 }

    /// Most of what is asked for is QoS 1 or 2.
    private static func qos(_ chance: Chance) -> UInt8 { chance.pick([0, 1, 1, 1, 2, 2, 2]) }
}
