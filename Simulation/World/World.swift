import MQTTCodec
import MartletBase
import MartletStore
import MartletTesting

/// A broker with its disk and its clients, and chance that decides what happens next. Everything runs on one thread, and
/// one seed is one story.
final class World {
    let options: SimulationOptions
    let chance: Chance
    let ledger = Ledger()
    let disk: SimulatedDisk
    let clients: [SimulatedClient]
    private let clock = VirtualClock()
    private let loopCount: Int
    private let limits: LogLimits
    private let inflightOut: Int
    private(set) var server: SimulatedServer?
    private(set) var starts = 0
    private var stepCount = 0
    /// The machine does not stop any more.
    var isEnding = false
    /// The files before the last group was written: damage to them can be told from an end that was torn.
    var contentsBeforeLastGroup: [String: [UInt8]]?
    /// Why the server does not start any more, on files that were damaged.
    private(set) var refusal: String?

    init(seed: UInt64, options: SimulationOptions) {
        self.options = options
        let chance = Chance(seed: seed)
        self.chance = chance
        loopCount = 1 + chance.below(3)
        var limits = LogLimits()
        limits.segmentBytes = chance.pick([2048, 4096, 8192])
        limits.cleaningSlackBytes = limits.segmentBytes * chance.pick([2, 4, 256])
        limits.cleaningSliceBytes = chance.pick([256, 2048])
        self.limits = limits
        inflightOut = 2 + chance.below(6)
        disk = SimulatedDisk(random: chance.source, pageBytes: chance.pick([512, 1024, 4096]))
        disk.faults.pretendsToSync = options.pretendsToSync
        clients = Self.makeCast(chance, ledger)
        ledger.clients = clients
    }

    /// Plays it to its end.
    func play() -> String? {
        if options.tracesDisk { disk.onOperation = { [unowned self] in ledger.note("disk: \($0)") } }
        disk.duringSync = { [unowned self] in meanwhile() }
        start()
        let steps = options.steps ?? 60 + chance.below(90)
        while stepCount < steps, ledger.violations.isEmpty {
            stepCount += 1
            step()
        }
        let refusal = ledger.violations.isEmpty ? end() : nil
        server?.takeDown()
        return refusal
    }

    static func run(seed: UInt64, options: SimulationOptions) -> SimulationReport {
        let world = World(seed: seed, options: options)
        let refusal = world.play()
        return SimulationReport(
            seed: seed, mode: options.mode, violations: world.ledger.violations, trace: world.ledger.trace, steps: world.stepCount,
            starts: world.starts, acknowledged: world.ledger.acknowledgedCount, refusal: refusal)
    }

    // MARK: The server's lives

    /// Starts the server on what the disk has. A start may itself be cut off; then there is another.
    func start() {
        while server == nil {
            starts += 1
            if starts > 1, !isEnding, chance.oneIn(4) { disk.stop(after: chance.below(4)) }
            do throws(StoreFailure) {
                server = try SimulatedServer(
                    disk: disk, loopCount: loopCount, clock: clock, limits: limits, inflightOut: inflightOut)
                ledger.note("the server starts with \(loopCount) loops")
            } catch {
                guard recoverFromRefusal(error) else { return }
            }
        }
    }

    /// Whether another start may be tried.
    private func recoverFromRefusal(_ failure: StoreFailure) -> Bool {
        ledger.note("the server does not start: \(failure)")
        if contentsBeforeLastGroup != nil {
            refusal = "\(failure)"
            return false
        } else if disk.hasStopped {
            stopMachine()
        } else if disk.faults != .none, !options.pretendsToSync {
            disk.faults = .none
            ledger.note("the disk is well")
        } else {
            ledger.violation("the server does not start: \(failure)")
            return false
        }
        return true
    }

    func stopMachine() {
        if options.powerLosses, !options.kills || chance.oneIn(2) {
            ledger.note("the power is lost")
            disk.losePower()
        } else {
            ledger.note("the process is killed")
            disk.restartProcess()
        }
    }

    /// The process is gone, and the next one starts.
    func crash() {
        takeDown()
        stopMachine()
        start()
    }

    func takeDown() {
        for client in clients { client.disconnected() }
        server?.takeDown()
        server = nil
    }

    // MARK: Steps

    private func step() {
        switch chance.below(100) {
        case 0..<60: act(clients[chance.below(clients.count)])
        case 60..<75: commit()
        case 75..<80: server?.runReader()
        case 80..<85: server?.runLoops(rounds: 1)
        case 85..<90: advance()
        case 90..<93: disk.stop(after: chance.below(6))
        case 93..<95: if options.kills || options.powerLosses { crash() }
        default: changeFaults()
        }
        look()
    }

    /// One client does something.
    private func act(_ client: SimulatedClient) {
        guard let server else { return }
        guard client.connection != nil else {
            client.connect(server, loop: chance.below(loopCount), wantsClean: chance.oneIn(20))
            return server.runLoops(rounds: 2)
        }
        switch chance.below(40) {
        case 0: client.cut()
        case 1: client.connect(server, loop: chance.below(loopCount), wantsClean: chance.oneIn(20))
        case 2 where client.isConnected: client.disconnect(endsSession: chance.oneIn(4))
        case 3 where client.isConnected && chance.oneIn(3):
            if let wish = client.filters.first, !wish.filter.hasPrefix("$share/") { client.unsubscribe(wish.filter) }
        default: if client.isConnected { talk(client) }
        }
        if chance.oneIn(2) { server.runLoops(rounds: 1) }
    }

    private func talk(_ client: SimulatedClient) {
        if let wish = client.filters.first(where: { client.session?.subscriptions[$0.filter] == nil }), client.asking.isEmpty, client.givingUp.isEmpty {
            return client.subscribe(wish)
        }
        if !client.answers.isEmpty, client.topics.isEmpty || chance.oneIn(2) {
            for _ in 0..<1 + chance.below(4) { client.answerNext() }
        } else if !client.topics.isEmpty {
            for _ in 0..<1 + chance.below(3) { publish(client) }
        }
    }

    private func publish(_ client: SimulatedClient) {
        let topic = chance.pick(client.topics)
        let retain = topic.hasPrefix("r/") && !chance.oneIn(3)
        let qos = UInt8(retain ? 1 + chance.below(2) : chance.pick([0, 1, 1, 1, 2, 2, 2]))
        client.publish(
            topic, qos: qos, retain: retain, clears: retain && chance.oneIn(6), padding: chance.pick([0, 10, 100, 300]))
    }

    /// What was submitted is written, and what follows from that happens.
    func commit() {
        guard let server else { return }
        server.runLoops(rounds: 2)
        runWriter()
        guard !disk.hasStopped || !ledger.violations.isEmpty else {
            ledger.note("the machine stops in the middle of an operation of the disk")
            return crash()
        }
        server.runLoops(rounds: 1)
        if chance.oneIn(2) { server.runReader() }
        server.runLoops(rounds: 1)
    }

    /// The store's thread works until it has nothing to do, which must come.
    func runWriter() {
        disk.operationLimit = disk.operationCount + 5000
        server?.runWriter()
        if disk.isWornOut { ledger.violation("the store does not come to rest") }
    }

    /// While the disk is busy with a sync the clients and the loops go on.
    private func meanwhile() {
        guard stepCount > 0, chance.oneIn(3), let server else { return }
        ledger.note("meanwhile")
        for _ in 0..<1 + chance.below(3) { act(clients[chance.below(clients.count)]) }
        server.runLoops(rounds: 1)
        look()
    }

    private func advance() {
        server?.advance()
        commit()
    }

    private func look() { for client in clients { client.look() } }

    private func changeFaults() {
        guard options.faults else { return }
        if disk.faults != .none {
            ledger.note("the disk is well")
            disk.faults = .none
        } else {
            disk.faults = makeFaults()
            ledger.note("the disk is ill: \(disk.faults)")
        }
    }

    private func makeFaults() -> DiskFaults {
        var faults = DiskFaults.none
        switch chance.below(6) {
        case 0: faults.failsWrites = true
        case 1: faults.cutsWrites = true
        case 2: faults.failsSyncs = true
        case 3: faults.failsReads = true
        case 4: faults.isReadOnly = true
        default: faults.capacityBytes = disk.byteCount + chance.below(4096)
        }
        faults.oneIn = chance.pick([1, 1, 2, 4])
        return faults
    }
}
