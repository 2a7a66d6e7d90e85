import Logging
import MartletBase
import MartletObserve
import MartletTesting
import Testing

@Suite struct TerminalLogHandlerTests {
    @Test("a line has level, message and name=value; text with spaces is quoted")
    func lineReadsWell() {
        let text = LogCapture.terminal { $0.info("denied", metadata: ["client": "p1", "why": "no statement"]) }
        #expect(text.hasSuffix(#" info     denied client=p1 why="no statement""# + "\n"))
    }

    @Test("the time is the wall clock's at the given offset")
    func timeIsLocal() {
        let instant = WallInstant(millisecondsSinceEpoch: 1_767_225_600_123)
        #expect(TerminalLogHandler.time(instant, utcOffsetSeconds: 0) == "00:00:00.123")
        #expect(TerminalLogHandler.time(instant, utcOffsetSeconds: -3_600) == "23:00:00.123")
    }

    @Test("what a client chose cannot steer the terminal or forge a line")
    func controlCharactersAreShown() {
        let text = LogCapture.terminal { log in
            log.info("client \u{1B}[2J", metadata: ["id": "a\n12:00:00 error forged", "rtl": "\u{202E}x"])
        }
        #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"))
        #expect(text.filter { $0 == "\n" }.count == 1)
        #expect(text.contains("client \\u{1B}[2J"))
    }

    @Test("a secret is masked here too")
    func secretsAreMasked() {
        #expect(!LogCapture.terminal { $0.info("x", metadata: ["password": "hunter2"]) }.contains("hunter2"))
    }
}
