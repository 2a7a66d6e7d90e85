/// Rates: so many a second, with a second's worth at once. AWS's numbers are those of its large regions
/// (mqtt-broker.md section 16).
enum RateKeys {
    static let all: [ConfigurationKey] = [
        key("connect.ratePerAccount", aws: 3000, "CONNECT packets of an account; beyond: 0x97 or 0x03"),
        key("connect.ratePerClientId", aws: 1, "CONNECT packets of one client id; beyond: 0x97 or 0x03"),
        key(
            "publish.ratePerConnection", aws: 100,
            "messages from and to one client; beyond: 0x97 or dropped, and QoS 1 to it waits"),
        key("publish.bytesPerSecond", unit: "bytes/s", aws: 524_288, "bytes from one client; beyond, it is read later"),
        key("publish.inRate", aws: 20_000, "messages from all clients of an account; beyond: 0x97 or dropped"),
        key("publish.outRate", aws: 20_000, "messages to all clients of an account; beyond, QoS 0 is dropped"),
        key("retain.ratePerAccount", aws: 500, "retained messages of an account; beyond: 0x97 or dropped"),
        key("retain.ratePerTopic", aws: 1, "retained messages of one topic; beyond: 0x97 or dropped"),
        key("sub.ratePerAccount", aws: 3000, "filters subscribed by an account; beyond: 0x97 or 0x80"),
        key("session.queueRate", aws: 500, "messages stored for an account's absent clients; beyond, dropped"),
        key("session.replayRate", aws: 10, "stored messages that a client gets when it is back; the rest waits"),
        key("share.opsRate", aws: 100, "filters of one shared group subscribed or given up; beyond: 0x97 or 0x80"),
        key("share.drainRate", aws: 20, "messages of a shared group's queue per connected member; the rest waits"),
        key("shadow.ratePerThing", aws: 20, "shadow requests of one thing; beyond: 429"),
        key("api.conn.ratePerClientId", aws: 1, "calls that look at or end one client's connection; beyond: 429"),
        key("api.conn.ratePerAccount", aws: 100, "calls that look at or end connections of an account; beyond: 429"),
    ]

    private static func key(_ name: String, unit: String = "1/s", aws: Int, _ meaning: String) -> ConfigurationKey {
        ConfigurationKey(
            name, .integer(1...100_000_000, orNone: true), unit: unit, .byLimits(generous: "none", aws: "\(aws)"), meaning)
    }
}
