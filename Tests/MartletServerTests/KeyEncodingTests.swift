import MartletServer
import Testing

@Suite struct KeyEncodingTests {
    private let names = ConfigurationKeys.all.map(\.name) + UnbuiltKeys.names

    @Test("a key is a flag and a variable by the library's own encoding")
    func encoding() {
        #expect(KeyEncoding.flag("mqtt.keepAlive.max") == "--mqtt-keep-alive-max")
        #expect(KeyEncoding.variable("mqtt.keepAlive.max") == "MARTLET_MQTT_KEEP_ALIVE_MAX")
        #expect(KeyEncoding.flag("mqtt5.topicAliasMax") == "--mqtt5-topic-alias-max")
    }

    @Test("the flags that scripts may rely on exist")
    func stableFlags() {
        let stable = [
            "data-dir", "profile", "account", "region", "bind", "api-port", "mqtt-port", "mqtts-port", "https-port",
            "config", "allow-remote-dev",
        ]
        #expect(
            Set(stable.map { "--" + $0 }).subtracting(ConfigurationKeys.all.map { KeyEncoding.flag($0.name) }) == [])
    }

    @Test("no two keys are spelt alike, as names, as flags or as variables")
    func spellingsAreUnique() {
        #expect(Set(names).count == names.count)
        #expect(Set(names.map(KeyEncoding.flag)).count == names.count)
        #expect(Set(names.map(KeyEncoding.variable)).count == names.count)
    }

    @Test("no key is also the parent of another, which YAML could not hold")
    func noKeyIsAParent() {
        for name in names {
            #expect(!names.contains { $0.hasPrefix(name + ".") }, "\(name)")
        }
    }
}
