import MartletServer
import Testing

@Suite struct ConfigurationRefusalTests {
    struct Refused: Sendable, CustomTestStringConvertible {
        var flags = ""
        var environment: [String: String] = [:]
        var file: String?
        let sentence: String
        var testDescription: String { sentence }
    }

    static let refused: [Refused] = [
        Refused(flags: "--mqtt-prot 1", sentence: "unknown flag --mqtt-prot; did you mean --mqtt-port?"),
        Refused(flags: "--utterly-unheard-of 1", sentence: "unknown flag --utterly-unheard-of"),
        Refused(
            environment: ["MARTLET_REGIO": "x"],
            sentence: "unknown variable MARTLET_REGIO; did you mean MARTLET_REGION?"),
        Refused(
            file: "mqtt:\n  prot: 1\n",
            sentence: "unknown key mqtt.prot in the file martlet.yaml; did you mean mqtt.port?"),
        Refused(
            file: "config: other.yaml",
            sentence: "config names the file, so it cannot stand in it (file martlet.yaml)"),
        Refused(
            flags: "--mqtt-port abc",
            sentence: "mqtt.port is \"abc\", but must be a whole number from 0 to 65535 (flag --mqtt-port)"),
        Refused(
            environment: ["MARTLET_MQTT_PORT": "65536"],
            sentence: "mqtt.port is \"65536\", but must be a whole number from 0 to 65535 "
                + "(variable MARTLET_MQTT_PORT)"),
        Refused(
            file: "profile: prod", sentence: "profile is \"prod\", but must be dev, production (file martlet.yaml)"),
        Refused(
            file: "allowRemoteDev: yes",
            sentence: "allowRemoteDev is \"yes\", but must be true or false (file martlet.yaml)"),
        Refused(file: "profile: [dev]", sentence: "profile takes one value, not a list (file martlet.yaml)"),
        Refused(file: "mqtt.port: 1\nmqtt: { port: 2 }", sentence: "mqtt.port stands twice in the file martlet.yaml"),
        Refused(flags: "--account 12", sentence: "account is \"12\", but must be 12 digits (flag --account)"),
        Refused(
            flags: "--bind localhost",
            sentence: "bind is \"localhost\", but must be an IPv4 or IPv6 address (flag --bind)"),
        Refused(
            flags: "--mqtt-keep-alive-max 0",
            sentence: "mqtt.keepAlive.max is \"0\", but must be a whole number from 1 to 65535, or none "
                + "(flag --mqtt-keep-alive-max)"),
        Refused(flags: "--mqtt-port", sentence: "--mqtt-port needs a value (a whole number from 0 to 65535)"),
        Refused(
            flags: "--mqtt-port --api-port 1", sentence: "--mqtt-port needs a value (a whole number from 0 to 65535)"),
        Refused(flags: "--api-port 1 --api-port 2", sentence: "--api-port is given twice"),
        Refused(flags: "--api-port 1 stray", sentence: "\"stray\" belongs to no flag"),
        Refused(flags: "--", sentence: "unknown flag --"),
        Refused(
            flags: "--share-queue 4",
            sentence: "share.queue is known but not built yet, so it is refused and not ignored "
                + "(flag --share-queue)"),
        Refused(
            environment: ["MARTLET_SHARE_WHATEVER": "1"],
            sentence: "share.* is known but not built yet, so it is refused and not ignored "
                + "(variable MARTLET_SHARE_WHATEVER)"),
        Refused(
            file: "mqtt: { retryLimit: 5 }",
            sentence: "mqtt.retryLimit is known but not built yet, so it is refused and not ignored "
                + "(file martlet.yaml)"),
        Refused(
            flags: "--store-max-bytes 1000",
            sentence: "store.maxBytes is \"1000\", but must be a whole number from 67108864 to 1125899906842624, or none (flag --store-max-bytes)"),
        Refused(
            flags: "--profile production --authorization-anonymous allow",
            sentence: "authorization.anonymous: allow is refused in profile production (flag --authorization-anonymous)"
        ),
        Refused(
            flags: "--mqtt-keep-alive-min 60 --mqtt-keep-alive-max 30",
            sentence: "mqtt.keepAlive.min 60 (flag --mqtt-keep-alive-min) is greater than mqtt.keepAlive.max 30 "
                + "(flag --mqtt-keep-alive-max)"),
        Refused(flags: "--api-port 8883", sentence: "api.port and mqtts.port are both 8883 (default)"),
        Refused(
            flags: "--region us/east",
            sentence: "region must be letters, digits and hyphens, such as us-east-1 (flag --region)"),
        Refused(
            flags: "--endpoint-host https://x",
            sentence: "endpoint.host must be a bare host name without scheme or port (flag --endpoint-host)"),
    ]

    @Test("each refusal is one sentence that names the key and the source, with exit code 2", arguments: refused)
    func refuses(_ refused: Refused) {
        let failure = refusal(refused.flags, refused.environment, file: refused.file)
        #expect(failure == ServerFailure(exitCode: 2, sentence: refused.sentence))
    }

    @Test(
        "a file that is no YAML mapping is refused on one line",
        arguments: ["a: [", "- 1\n- 2\n", "just text", "a: 1\na: 2"])
    func badYAML(_ text: String) {
        let failure = refusal(file: text)
        #expect(failure?.exitCode == 2)
        #expect(failure?.sentence.hasPrefix("the configuration file martlet.yaml cannot be read as YAML: ") == true)
        #expect(failure?.sentence.contains("\n") == false)
    }

    @Test("a file that cannot be read is refused with the system's reason")
    func missingFile() {
        #expect(
            throws: ServerFailure.usage(
                "the configuration file /nonexistent/m.yaml cannot be read: No such file or directory")
        ) {
            try ResolvedConfiguration(.process(arguments: ["--config", "/nonexistent/m.yaml"]))
        }
    }

    @Test("every unbuilt key is refused by name from the file")
    func unbuiltKeys() {
        for name in UnbuiltKeys.names {
            #expect(
                refusal(file: "\(name): 1")?.sentence.hasPrefix("\(name) is known but not built yet") == true, "\(name)"
            )
        }
    }

    @Test("variables of other programs, of the build and of the tests are none of our business")
    func otherVariables() {
        #expect(refusal("", ["PATH": "/bin", "AWS_REGION": "x", "MARTLET_WARNINGS_AS_ERRORS": "1"]) == nil)
    }
}
