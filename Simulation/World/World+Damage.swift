import MQTTCodec
import MartletBase
import MartletTesting

/// Files that are not what was written. A damaged end of the last group looks like one that a power loss has torn, so what
/// is damaged is older than that group.
extension World {
    /// All that has happened is on disk, and then one more group.
    func makeLastGroup() {
        for _ in 0..<2 {
            server?.advance()
            commit()
        }
        contentsBeforeLastGroup = disk.contents
        let late = SimulatedClient(
            "late", version: .v5, isKept: true, filters: [], topics: [], receiveMaximum: 10, ledger: ledger)
        if let server { late.connect(server, loop: 0, wantsClean: true) }
        for _ in 0..<2 {
            server?.advance()
            commit()
        }
    }

    func damage() {
        disk.restartProcess()
        let old = (contentsBeforeLastGroup ?? [:]).filter { disk.contents[$0.key] != nil && !$0.value.isEmpty }
        guard let name = old.keys.sorted().randomElement(chance), let bytes = old[name] else { return }
        switch chance.below(8) {
        case 0:
            ledger.note("\(name) is lost")
            disk.lose(name)
        case 1:
            let count = chance.below(bytes.count)
            ledger.note("\(name) is cut off at \(count)")
            disk.damage(name) { $0.removeLast($0.count - count) }
        case 2: wipe(name, bytes)
        default: flip(name, bytes)
        }
    }

    private func wipe(_ name: String, _ bytes: [UInt8]) {
        let start = chance.below(bytes.count) / disk.sectorBytes * disk.sectorBytes
        ledger.note("the sector at \(start) of \(name) is zeros")
        // What the last group has written behind what was there is left to it.
        let end = min(start + disk.sectorBytes, (bytes.lastIndex { $0 != 0 } ?? 0) + 1)
        disk.damage(name) { now in for place in start..<max(start, end) { now[place] = 0 } }
    }

    private func flip(_ name: String, _ bytes: [UInt8]) {
        // What was written is more interesting than what was not.
        let written = bytes.indices.filter { bytes[$0] != 0 }
        let place = written.isEmpty || chance.oneIn(4) ? chance.below(bytes.count) : chance.pick(written)
        let bit = UInt8(1) << UInt8(chance.below(8))
        ledger.note("the byte at \(place) of \(name) has a flipped bit")
        disk.damage(name) { $0[place] ^= bit }
    }
}

extension Array {
    fileprivate func randomElement(_ chance: Chance) -> Element? { isEmpty ? nil : chance.pick(self) }
}
