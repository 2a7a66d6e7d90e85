import MartletBroker
import NIOCore

/// What the connections of one event loop share in the gateway.
struct GatewayLoop {
    let shard: BrokerShard
    let readBuffer = LoopReadBuffer()
}

/// Finds the shard that belongs to the loop one stands on.
struct GatewayLoops: Sendable {
    private let byLoop: [ObjectIdentifier: NIOLoopBound<GatewayLoop>]

    init(_ loops: [any EventLoop], _ bound: [NIOLoopBound<GatewayLoop>]) {
        byLoop = Dictionary(
            uniqueKeysWithValues: zip(loops, bound).map { (ObjectIdentifier($0), $1) })
    }

    /// Traps off the group's loops: every accepted connection lives on one of them.
    func here(_ loop: any EventLoop) -> GatewayLoop { byLoop[ObjectIdentifier(loop)]!.value }
}
