/// Keys that have a meaning and are not honoured yet. Setting one is refused by its name: a limit that is written
/// down and not enforced would be worse than none.
package enum UnbuiltKeys {
    package static let names: [String] = [
        "abuse.banSeconds", "abuse.connects", "abuse.countLoopback", "abuse.failedAuthentications",
        "abuse.malformedPackets",
        "api.conn.ratePerAccount", "api.conn.ratePerClientId", "api.direct", "api.tls",
        "connect.ratePerAccount", "connect.ratePerClientId",
        "endpoint.suffix", "memory.maxBytes",
        "mqtt.minClientPacket", "mqtt.retryLimit",
        "mqtt5.contentTypeBytes", "mqtt5.correlationDataBytes", "mqtt5.messageExpiryMax", "mqtt5.userPropertyBytes",
        "publish.bytesPerSecond", "publish.inRate", "publish.outRate", "publish.ratePerConnection",
        "registry.thingTypeDeleteWaitSeconds",
        "retain.ratePerAccount", "retain.ratePerTopic",
        "session.queueRate", "session.replayRate",
        "shadow.depth", "shadow.docBytes", "shadow.ratePerThing",
        "share.drainRate", "share.groups", "share.members", "share.opsRate", "share.queue",
        "sub.perAccount", "sub.ratePerAccount",
        "wss.ttl",
    ]

    /// Everything under these belongs to a part of the server that is not built, whatever the rest of the name.
    static let families = ["abuse", "share", "shadow", "api.conn"]
}
