import Glibc
import MartletServer
import MartletTesting
import Testing

@Suite struct ServerLocationTests {
    @Test("the server on a data directory is found by its run.json")
    func byDataDirectory() throws {
        try withTemporaryDirectory { directory in
            try RunFile.write(ReadyReportTests.report(pid: Int(getpid()), directory: directory), in: directory)
            for named in [sources("--data-dir \(directory)"), sources("", ["MARTLET_DATA_DIR": directory])] {
                let location = try ServerLocation.find(named)
                #expect(location.api == "http://127.0.0.1:8800")
                #expect(location.mqttsPort == 8883)
                #expect(location.caFile == directory + "/ca.pem")
                #expect(location.foundBy == directory + "/run.json")
            }
        }
    }

    @Test("a run.json whose process is gone is said to be so, with exit code 1")
    func deadServer() throws {
        try withTemporaryDirectory { directory in
            try RunFile.write(ReadyReportTests.report(pid: Int(Int32.max), directory: directory), in: directory)
            #expect(
                throws: ServerFailure.runtime(
                    "the server that wrote \(directory)/run.json (pid 2147483647) is gone; start it with "
                        + "martlet serve --data-dir \(directory)")
            ) { try ServerLocation.find(sources("--data-dir \(directory)")) }
        }
    }

    @Test("a data directory without a server is said to be so, with exit code 1")
    func noServer() {
        #expect(
            throws: ServerFailure.runtime("no server runs on /nonexistent: there is no /nonexistent/run.json")
        ) { try ServerLocation.find(sources("--data-dir /nonexistent")) }
    }

    @Test("without a data directory the variables say where, then the defaults")
    func byVariables() throws {
        let set = ["MARTLET_API_PORT": "9000", "MARTLET_REGION": "eu-west-1", "MARTLET_ACCOUNT": "111122223333"]
        let location = try ServerLocation.find(sources("", set))
        #expect(location.api == "http://127.0.0.1:9000")
        #expect(location.region == "eu-west-1" && location.account == "111122223333" && location.caFile == nil)
        #expect(try ServerLocation.find(sources()).api == "http://127.0.0.1:8800")
        #expect(throws: ServerFailure.self) { try ServerLocation.find(sources("", ["MARTLET_API_PORT": "0"])) }
    }

    @Test("the environment lines point every AWS tool at the server and away from real credentials")
    func environmentLines() throws {
        #expect(
            ClientEnvironment.lines(try ServerLocation.find(sources())) == """
                unset AWS_SESSION_TOKEN AWS_PROFILE
                export AWS_ENDPOINT_URL=http://127.0.0.1:8800
                export AWS_REGION=us-east-1
                export AWS_DEFAULT_REGION=us-east-1
                export AWS_ACCESS_KEY_ID=000000000000
                export AWS_SECRET_ACCESS_KEY=martlet-accepts-any-secret

                """)
    }

    @Test("text is quoted for the shell only where it must be")
    func shellText() {
        #expect(ShellText.quoted("http://[::1]:8800") == "'http://[::1]:8800'")
        #expect(ShellText.quoted("a/b-c_1.2") == "a/b-c_1.2")
        #expect(ShellText.quoted("it's $HOME") == "'it'\\''s $HOME'")
        #expect(ShellText.quoted("") == "''")
    }
}
