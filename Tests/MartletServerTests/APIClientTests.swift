import MartletBase
import MartletServer
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@Suite struct APIClientTests {
    @Test("a request arrives as it was made, and the answer comes back whole")
    func roundTrip() async throws {
        let answer = try await withEchoServer { port in
            try await APIClient(url: "http://127.0.0.1:\(port)").send(
                APIRequest("PUT", "/things/a%3Ab?x=1", headers: [("x-amzn-principal", "arn:x")], body: #"{"a":1}"#))
        }
        #expect(answer.status == 404)
        #expect(answer.errorType == "ResourceNotFoundException")
        #expect(answer.json?["message"] == #"PUT /things/a%3Ab?x=1 arn:x {"a":1}"#.asMessage)
        #expect(answer.failureText == #"ResourceNotFoundException (404): PUT /things/a%3Ab?x=1 arn:x {'a':1}"#)
    }

    @Test("where no server listens the failure says so")
    func noServer() async throws {
        let port = try await withEchoServer { $0 }
        await #expect(
            throws: ServerFailure.runtime("no server answers on 127.0.0.1:\(port); is martlet serve running?")
        ) { try await APIClient(url: "http://127.0.0.1:\(port)").send(APIRequest("GET", "/")) }
    }

    @Test("an address that is none is refused", arguments: ["", "https://x:1", "http://x", "http://x:y"])
    func badAddress(_ url: String) {
        #expect(throws: ServerFailure.self) { try APIClient(url: url) }
    }
}
