package import MartletBroker
package import NIOCore

/// The gateway's way from bytes to the broker, for who brings channels of its own: fuzz targets feed it without a socket.
package enum MQTTEndpoint {
    /// The one handler of a connection whose peer is known.
    package static func handler(
        shard: BrokerShard, account: AccountContext, peer: PeerIdentity
    ) -> any ChannelHandler {
        MQTTConnectionHandler(shard: shard, account: account, peer: peer, readBuffer: nil)
    }
}
