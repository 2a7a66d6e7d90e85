import MartletServer
import Testing

@Suite struct ConfigurationManualTests {
    @Test("the manual names every key with its flag, variable, default, unit and reloading")
    func manualIsWhole() {
        let manual = ConfigurationManual.defaults()
        for key in ConfigurationKeys.all {
            #expect(manual.contains("\n\(key.name)\n"), "\(key.name)")
            #expect(manual.contains(" \(KeyEncoding.flag(key.name))\n"), "\(key.name)")
            #expect(manual.contains(" \(KeyEncoding.variable(key.name))\n"), "\(key.name)")
        }
        #expect(
            manual.contains(
                """

                mqtt.keepAlive.max
                    a longer keep-alive, or none, is lowered to this
                    default:  none (limits.profile aws: 1200 s)
                    value:    a whole number from 1 to 65535, or none
                    flag:     --mqtt-keep-alive-max
                    variable: MARTLET_MQTT_KEEP_ALIVE_MAX
                    reloads:  no, restart the server

                """))
    }

    @Test("no line of the manual is wider than a terminal")
    func manualIsNarrow() {
        let wide = ConfigurationManual.defaults().split(separator: "\n").map(String.init).filter { $0.count > 80 }
        #expect(wide == [])
    }

    @Test("what is in force says where each value came from")
    func effective() throws {
        let text = ConfigurationManual.effective(
            try ResolvedConfiguration(sources("--api-port 1", ["MARTLET_REGION": "eu-west-1"], file: "mqtt.port: 3")))
        let lines = Set(text.split(separator: "\n").map(String.init))
        #expect(lines.contains("api.port: 1  # flag --api-port"))
        #expect(lines.contains("region: eu-west-1  # variable MARTLET_REGION"))
        #expect(lines.contains("mqtt.port: 3  # file martlet.yaml"))
        #expect(lines.contains("limits.profile: generous  # default"))
        #expect(lines.contains("connect.max: (file-descriptor limit less 256)  # default"))
    }
}
