import MartletBase
import MartletStore
import NIOCore

/// What the store had at the start, sorted.
struct StoredContents {
    private(set) var clients: [(StoreNumber, StoredClient)] = []
    private(set) var retained: [(StoreNumber, AccountID, RetainedMessage)] = []
    private var subscriptions: [StoreNumber: [ByteBuffer: HeldSubscription]] = [:]

    mutating func add(_ number: StoreNumber, _ kind: RecordKind, _ body: ByteBuffer) throws(StoredFormatError) {
        switch kind {
        case .client: clients.append((number, try StoredClient(body)))
        case .retained:
            let (account, message) = try StoredRetained.read(body)
            retained.append((number, account, message))
        case .subscription:
            let subscription = try StoredSubscription(body)
            subscriptions[subscription.queue, default: [:]][subscription.filter] = HeldSubscription(
                options: subscription.options, subscriptionID: subscription.subscriptionID, number: number)
        case .shareQueue: shareQueues.append((number, try StoredShareQueue(body)))
        case .exchange: exchanges[try StoredExchange(body).queue, default: []].append((number, try StoredExchange(body).step))
        }
    }

    private(set) var shareQueues: [(StoreNumber, StoredShareQueue)] = []
    private var exchanges: [StoreNumber: [(StoreNumber, StoredExchange.Step)]] = [:]

    mutating func takeExchanges(of queue: StoreNumber) -> (inbound: [UInt16: StoreNumber], released: [ReleasedExchange]) {
        var inbound: [UInt16: StoreNumber] = [:]
        var released: [ReleasedExchange] = []
        for (number, step) in exchanges.removeValue(forKey: queue) ?? [] {
            switch step {
            case .awaitsPubRel(let packetID): inbound[packetID] = number
            case .awaitsPubComp(let sequence): released.append(ReleasedExchange(sequence: sequence, number: number))
            }
        }
        return (inbound, released)
    }

    mutating func takeSubscriptions(of queue: StoreNumber) -> [ByteBuffer: HeldSubscription] {
        subscriptions.removeValue(forKey: queue) ?? [:]
    }

    private var otherOrphans: [StoreNumber] = []

    mutating func addOrphan(_ number: StoreNumber) { otherOrphans.append(number) }

    /// Subscriptions and exchanges whose sessions are not there: their ends were cut in two by a crash. And what else
    /// nobody needs.
    var orphans: [StoreNumber] {
        subscriptions.values.flatMap { $0.values.map(\.number) } + exchanges.values.flatMap { $0.map(\.0) } + otherOrphans
    }
}

/// What stands in the store and belongs to no session: a loss of power has cut a commit in two.
struct Orphans {
    var records: [StoreNumber] = []
    var queues: [StoreNumber] = []

    var isEmpty: Bool { records.isEmpty && queues.isEmpty }
}

/// A client id as the store knows it, on its way to its home loop.
struct RestoredClient: Sendable {
    let record: StoredClient
    let number: StoreNumber
    let account: AccountContext
    let session: PersistentSession?
}
