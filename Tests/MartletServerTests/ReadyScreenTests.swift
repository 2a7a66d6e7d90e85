import MartletServer
import Testing

@Suite struct ReadyScreenTests {
    private func screen(_ flags: String = "", mqtt: Int? = 1883) throws -> String {
        ReadyScreen.render(
            ReadyReportTests.report(mqtt: mqtt, directory: "./martlet-data"), try configured(flags), program: "martlet")
    }

    @Test("the dev screen says what runs, where, what is open, what is kept, and what to paste")
    func devScreen() throws {
        #expect(
            try screen() == """

                  martlet 0.1.0 is ready: profile dev, account 000000000000, us-east-1

                  AWS API, /metrics   http://127.0.0.1:8800
                  MQTT, no TLS        mqtt://127.0.0.1:1883
                  MQTT, mutual TLS    mqtts://127.0.0.1:8883
                  AWS's port 443      https://127.0.0.1:8443
                  WebSocket, TLS      wss://127.0.0.1:8443/mqtt
                  WebSocket, no TLS   ws://127.0.0.1:8800/mqtt
                  CA file             ./martlet-data/ca.pem
                  Data                ./martlet-data
                  Durability          full: what is acknowledged is on disk

                  Profile dev leaves open, to anyone on this machine:
                    - the AWS API, with any credentials
                    - MQTT without TLS and without identity
                    - MQTT on AWS's port, without identity

                  From another terminal:
                    eval "$(martlet env)"
                    aws iot list-things
                    martlet quickstart my-device


                """)
    }

    @Test("when anonymous clients are denied the screen does not call them allowed")
    func anonymousDenied() throws {
        let text = try screen("--authorization-anonymous deny")
        #expect(!text.contains("without identity"))
        #expect(text.contains("- the AWS API, with any credentials"))
    }

    @Test("what relaxed durability may cost is said")
    func relaxed() throws {
        let text = try screen("--durability relaxed --store-sync-milliseconds 250")
        #expect(text.contains("Durability          relaxed: a loss of power may cost the last 250 ms\n"))
    }

    @Test("an open address is called in reach")
    func remote() throws {
        #expect(try screen("--bind 0.0.0.0 --allow-remote-dev").contains("leaves open, to anyone in reach:"))
    }

    @Test("production says that the API refuses every call, and names the plain port when it is open")
    func production() throws {
        let text = try screen("--profile production", mqtt: nil)
        #expect(text.contains("the AWS API refuses every call") && !text.contains("MQTT without TLS"))
        #expect(!text.contains("mqtt://"))
        #expect(try screen("--profile production --mqtt-plain-enabled").contains("MQTT without TLS is open"))
    }

    @Test("the lines to paste name another data directory, quoted for the shell")
    func pasteNamesDirectory() throws {
        let configuration = try ServerConfiguration.load(
            ConfigurationSources(arguments: ["--data-dir", "/my data"], environment: [:]) { _ throws(ServerFailure) in
                []
            })
        let text = ReadyScreen.render(ReadyReportTests.report(), configuration, program: ".build/release/martlet")
        #expect(text.contains("eval \"$(.build/release/martlet env --data-dir '/my data')\""))
        #expect(text.contains(".build/release/martlet quickstart my-device --data-dir '/my data'"))
    }

    @Test("no line is wider than 80 columns", arguments: ["", "--profile production --mqtt-plain-enabled"])
    func narrow(_ flags: String) throws {
        #expect(try screen(flags).split(separator: "\n").map(String.init).filter { $0.count > 80 } == [])
    }
}
