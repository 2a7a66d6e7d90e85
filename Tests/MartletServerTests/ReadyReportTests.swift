import Glibc
import MartletBase
import MartletServer
import MartletTesting
import Testing

@Suite struct ReadyReportTests {
    static func report(
        bind: String = "127.0.0.1", mqtt: Int? = 1883, console: Bool = false, pid: Int = 42, directory: String = "/data"
    ) -> ReadyReport {
        ReadyReport(
            version: "0.1.0", profile: "dev", account: "000000000000", region: "us-east-1", pid: pid,
            endpoints: .init(bindAddress: bind, api: 8800, mqtt: mqtt, mqtts: 8883, https: 8443, console: console),
            caFile: directory + "/ca.pem", dataDirectory: directory)
    }

    @Test("the line is the one that scripts rely on, byte for byte")
    func exactLine() {
        #expect(
            Self.report(console: true).line
                == #"{"event":"ready","version":"0.1.0","profile":"dev","account":"000000000000","region":"us-east-1","#
                + #""pid":42,"endpoints":{"api":"http://127.0.0.1:8800","mqtt":"mqtt://127.0.0.1:1883","#
                + #""mqtts":"mqtts://127.0.0.1:8883","https":"https://127.0.0.1:8443","#
                + #""wss":"wss://127.0.0.1:8443/mqtt","#
                + #""ws":"ws://127.0.0.1:8800/mqtt","console":"http://127.0.0.1:8800/"},"caFile":"/data/ca.pem","#
                + #""dataDirectory":"/data"}"# + "\n")
    }

    @Test("an endpoint that is off or not built is absent, and nil switches one off")
    func absentEndpoints() {
        var endpoints = Self.report(mqtt: nil).endpoints
        endpoints.wss = nil
        let report = ReadyReport(
            profile: "dev", account: "1", region: "r", pid: 1, endpoints: endpoints, caFile: "c", dataDirectory: "d")
        #expect(report.json["endpoints"]?.objectValue?.names == ["api", "mqtts", "https", "ws"])
    }

    @Test(
        "the addresses can be dialled",
        arguments: [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("10.1.2.3", "10.1.2.3")])
    func dialable(_ bind: String, _ host: String) {
        #expect(Self.report(bind: bind).endpoints.api == "http://\(host):8800")
        #expect(Self.report(bind: bind).endpoints.wss == "wss://\(host):8443/mqtt")
    }

    @Test("run.json holds the same object, is replaced whole, is read back, and goes at stop")
    func runFile() throws {
        try withTemporaryDirectory { directory in
            #expect(try RunFile.read(in: directory) == nil)
            try RunFile.write(Self.report(pid: 1), in: directory)
            let report = Self.report(mqtt: nil, pid: Int(getpid()))
            try RunFile.write(report, in: directory)
            #expect(try SmallFile.read(directory + "/run.json", bytesMax: 65_536) == Array(report.line.utf8))
            #expect(try RunFile.read(in: directory) == report)
            #expect(RunFile.isAlive(report))
            RunFile.remove(in: directory)
            #expect(try RunFile.read(in: directory) == nil)
        }
    }

    @Test("a run.json that something else wrote is refused by name")
    func foreignRunFile() throws {
        try withTemporaryDirectory { directory in
            try SmallFile.create(directory + "/run.json", Array("{}".utf8))
            #expect(
                throws: ServerFailure.runtime(
                    "\(directory)/run.json is not what a server writes; remove it if no server runs")
            ) { try RunFile.read(in: directory) }
        }
    }

    @Test("a data directory that cannot be written is exit code 3")
    func unwritable() {
        #expect(
            throws: ServerFailure.dataDirectory("/nonexistent/run.json cannot be written: No such file or directory")
        ) { try RunFile.write(Self.report(), in: "/nonexistent") }
    }

    @Test("a path is made absolute through links, and one that does not exist stays as it is")
    func absolutePath() throws {
        try withTemporaryDirectory { directory in
            #expect(symlink(directory, directory + "/link") == 0)
            #expect(AbsolutePath.of(directory + "/link/.") == AbsolutePath.of(directory))
            #expect(AbsolutePath.of(directory).hasPrefix("/"))
            #expect(AbsolutePath.of("./nonexistent") == "./nonexistent")
        }
    }
}
