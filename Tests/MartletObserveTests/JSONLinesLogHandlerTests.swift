import Logging
import MartletBase
import MartletObserve
import MartletTesting
import Testing

@Suite struct JSONLinesLogHandlerTests {
    @Test("a line is one JSON object: time, level, label, message, then the metadata by name")
    func lineIsOneObject() {
        let text = LogCapture.jsonLines { log in
            log.warning("closed", metadata: ["reason": "keepAlive", "clientId": "p \"1\"", "afterSeconds": "\(90)"])
        }
        #expect(
            text == #"{"time":"2026-01-01T00:00:00.000Z","level":"warning","label":"martlet.test","message":"closed","#
                + #""afterSeconds":"90","clientId":"p \"1\"","reason":"keepAlive"}"# + "\n")
    }

    @Test("numbers and flags stay numbers and flags, nested metadata is flattened with dots, lists stay lists")
    func valuesKeepTheirKind() throws {
        let text = LogCapture.jsonLines { log in
            log.info(
                "x",
                metadata: [
                    "port": .stringConvertible(8883), "tls": .stringConvertible(true),
                    "peer": ["address": "10.0.0.9", "asn": ["number": .stringConvertible(UInt16(7))]],
                    "filters": .array(["a/#", "b"]),
                ])
        }
        let line = try JSONParser.parse(text)
        #expect(line["port"] == 8883)
        #expect(line["tls"] == true)
        #expect(line["peer.address"] == "10.0.0.9")
        #expect(line["peer.asn.number"] == 7)
        #expect(line["filters"] == ["a/#", "b"])
    }

    @Test("metadata cannot overwrite the line's own members")
    func ownMembersAreSafe() throws {
        let line = try JSONParser.parse(
            LogCapture.jsonLines { $0.info("true message", metadata: ["message": "forged"]) })
        #expect(line["message"] == "true message")
        #expect(line["metadata.message"] == "forged")
    }

    @Test(
        "what a secret's name names is masked at every depth",
        arguments: [
            "password", "Authorization", "privateKey", "private_key", "keyPair.PrivateKey", "mqttPassword", "secret",
            "AWS_SECRET_ACCESS_KEY", "sessionToken", "x-amz-security-token", "Cookie",
        ])
    func secretsAreMasked(_ name: String) {
        let text = LogCapture.jsonLines { log in
            log.info("x", metadata: [name: "hunter2", "outer": [name: "hunter2"], "list": .array([[name: "hunter2"]])])
        }
        #expect(!text.contains("hunter2"))
        #expect(text.contains(LogFields.mask))
    }

    @Test(
        "names that only look like secrets are shown", arguments: ["clientToken", "keyFile", "certificateId", "reason"])
    func innocentNamesAreShown(_ name: String) {
        #expect(LogCapture.jsonLines { $0.info("x", metadata: [name: "shown"]) }.contains("shown"))
    }

    @Test("a level below the handler's is not written")
    func levelsAreFiltered() {
        #expect(LogCapture.jsonLines(level: .warning) { $0.info("quiet") } == "")
    }

    @Test("the event's metadata wins over the logger's")
    func eventMetadataWins() throws {
        let text = LogCapture.jsonLines { log in
            var log = log
            log[metadataKey: "who"] = "logger"
            log[metadataKey: "kept"] = "logger"
            log.info("x", metadata: ["who": "event"])
        }
        let line = try JSONParser.parse(text)
        #expect(line["who"] == "event")
        #expect(line["kept"] == "logger")
    }

    @Test("lines of concurrent writers stay whole")
    func concurrentLinesStayWhole() async throws {
        let capture = LogCapture()
        let filler = String(repeating: "x", count: 200)
        let log = Logger(label: "martlet.test") {
            JSONLinesLogHandler(label: $0, level: .info, output: capture.output, clock: VirtualClock())
        }
        await withTaskGroup { group in
            for writer in 0..<4 {
                group.addTask {
                    for number in 0..<25 { log.info("\(writer)-\(number)", metadata: ["filler": "\(filler)"]) }
                }
            }
        }
        let messages = try capture.text().split(separator: "\n").map { try JSONParser.parse(String($0))["message"] }
        #expect(messages.count == 100)
        #expect(Set(messages).count == 100)
    }
}
