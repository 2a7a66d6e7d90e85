/// What a source address may do in a minute before it is shut out for a while. Off in profile dev.
enum AbuseKeys {
    static let all: [ConfigurationKey] = [
        key("abuse.malformedPackets", "60", "packets against MQTT from one address in a minute; beyond, it is shut out"),
        key("abuse.failedAuthentications", "60", "certificates and passwords refused to one address in a minute; beyond, it is shut out"),
        key("abuse.connects", "60000", "MQTT connections from one address in a minute; beyond, it is shut out"),
        ConfigurationKey(
            "abuse.banSeconds", .integer(1...86_400), unit: "s", .value("60"),
            "how long an address is shut out: its connections are closed as they come"),
        ConfigurationKey(
            "abuse.addresses", .integer(1...10_000_000), .value("100000"),
            "addresses that are counted; beyond, the one noticed first is forgotten"),
        ConfigurationKey(
            "abuse.countLoopback", .flag, .value("false"), "loopback addresses are counted and shut out too"),
    ]

    private static func key(_ name: String, _ production: String, _ meaning: String) -> ConfigurationKey {
        ConfigurationKey(
            name, .integer(1...100_000_000, orNone: true), .byProfile(dev: "none", production: production), meaning)
    }
}
