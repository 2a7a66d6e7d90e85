import MQTTCodec
import MartletBase
import MartletTesting
import NIOCore

/// The end of a story: all faults are over, everybody comes, takes what there is, and the world is compared with its model.
extension World {
    /// - Returns: why the server has refused what is damaged, if it has.
    func end() -> String? {
        disk.duringSync = nil
        isEnding = true
        disk.keepRunning()
        if disk.faults != .none, !options.pretendsToSync {
            ledger.note("the disk is well")
            disk.faults = .none
        }
        if options.damages { makeLastGroup() }
        takeDown()
        if options.damages { damage() } else { stopMachine() }
        start()
        guard refusal == nil else { return refusal }
        ledger.note("the end: everybody comes")
        guard drain() else { return nil }
        ledger.compare(retainedNow: readRetained())
        if chance.oneIn(3) { comeAgain() }
        return nil
    }

    /// What was settled does not come a second time.
    private func comeAgain() {
        server?.advance()
        commit()
        takeDown()
        stopMachine()
        start()
        for client in clients { client.isSettled = true }
        ledger.note("everybody comes again")
        _ = drain()
    }

    /// Runs until nothing happens any more.
    private func drain() -> Bool {
        var quietRounds = 0
        for round in 0..<400 where quietRounds < 3 && ledger.violations.isEmpty {
            quietRounds = goOn(round) ? 0 : quietRounds + 1
        }
        if quietRounds < 3, ledger.violations.isEmpty { ledger.violation("it does not come to an end") }
        for client in clients where !client.open.isEmpty && ledger.violations.isEmpty {
            ledger.violation("\(client.id) has got no answer to \(client.open[0].message.name)")
        }
        return ledger.violations.isEmpty
    }

    /// Whether anything has happened.
    private func goOn(_ round: Int) -> Bool {
        guard let server else { return false }
        var hasHappened = false
        for client in clients {
            if client.isConnected, client.isKept, !client.keeps { client.disconnect(endsSession: false) }
            if client.connection == nil {
                client.connect(server, loop: round % server.loopCount, wantsClean: false)
                hasHappened = true
            }
            while !client.answers.isEmpty { client.answerNext() }
        }
        server.runLoops(rounds: 2)
        runWriter()
        server.runLoops(rounds: 2)
        server.runReader()
        server.runLoops(rounds: 2)
        if !hasHappened { server.advance() }
        for client in clients where client.look() { hasHappened = true }
        return hasHappened
    }

    /// What a new subscriber is told.
    private func readRetained() -> [String: String] {
        let listener = SimulatedClient(
            "listener", version: .v5, isKept: false, filters: [.init(filter: "r/#", qos: 0)], topics: [], receiveMaximum: 10,
            ledger: ledger)
        guard let server else { return [:] }
        listener.connect(server, loop: 0, wantsClean: true)
        server.runLoops(rounds: 3)
        listener.look()
        guard listener.isConnected else { return [:] }
        listener.subscribe(listener.filters[0])
        server.runLoops(rounds: 3)
        var retained: [String: String] = [:]
        for case .publish(let publish) in listener.connection?.takeReceived() ?? [] {
            retained[publish.topic.string] = String(buffer: publish.payload)
        }
        listener.cut()
        return retained
    }
}
