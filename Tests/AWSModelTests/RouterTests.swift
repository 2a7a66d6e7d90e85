import AWSModel
import MartletBase
import Testing

@Suite struct RouterTests {
    private static let awkward = "a:b/c d+e%25$é"
    private static let restServices: [Service] = [.iot, .iotData, .iotJobsData]
    private static let twins: [[String]] = [
        ["ListJobExecutionsForThing", "GetPendingJobExecutions"],
        ["DescribeJobExecution", "DescribeJobExecution"],
        ["ListCommandExecutions", "StartCommandExecution"],
    ]

    private func path(_ operation: OperationDescriptor) -> String {
        operation.uriTemplate.split(separator: "/", omittingEmptySubsequences: false).map { segment in
            guard segment.first == "{" else { return String(segment) }
            return segment.hasSuffix("+}") ? "x%3Ay/z%20w" : PercentEncoding.encode(Self.awkward)
        }.joined(separator: "/")
    }

    @Test("Every route leads to its own operation, with its labels decoded, with and without a trailing slash")
    func ownRoute() throws {
        for operation in Self.restServices.flatMap({ ShapeTable.of($0).operations }) {
            let path = path(operation)
            let route = try #require(
                Router.route(operation.service, method: operation.method, rawPath: path), "\(operation.name)")
            #expect(route.operation === operation)
            let isGreedy = operation.uriTemplate.contains("+}")
            #expect(route.labels.values.allSatisfy { $0 == (isGreedy ? "x:y/z w" : Self.awkward) })
            #expect(route.labels.count == operation.uriTemplate.count { $0 == "{" })
            if isGreedy || ["Publish", "GetRetainedMessage"].contains(operation.name) { continue }
            let other = path.hasSuffix("/") ? String(path.dropLast()) : path + "/"
            #expect(
                Router.route(operation.service, method: operation.method, rawPath: other)?.operation === operation)
        }
    }

    @Test("Only the three known pairs of routes are the same in two services")
    func noCrossTalk() {
        for operation in Self.restServices.flatMap({ ShapeTable.of($0).operations }) {
            let names = Router.candidates(method: operation.method, rawPath: path(operation)).map(\.operation.name)
            let twins = Self.twins.first { $0.contains(operation.name) }
            #expect(names == twins ?? [operation.name])
        }
    }

    @Test(
        "The service decides between the pairs",
        arguments: [
            ("GET", "/things/t/jobs", "ListJobExecutionsForThing", "GetPendingJobExecutions"),
            ("GET", "/things/t/jobs/j", "DescribeJobExecution", "DescribeJobExecution"),
            ("POST", "/command-executions", "ListCommandExecutions", "StartCommandExecution"),
        ])
    func pairs(method: String, path: String, control: String, data: String) {
        let iot = Router.route(.iot, method: method, rawPath: path)?.operation
        let jobs = Router.route(.iotJobsData, method: method, rawPath: path)?.operation
        #expect(iot?.name == control && iot?.service == .iot)
        #expect(jobs?.name == data && jobs?.service == .iotJobsData)
    }

    @Test(
        "Topics may come with plain slashes",
        arguments: [
            ("POST", "/topics/a/b", "Publish", "a/b"), ("POST", "/topics/a%2Fb%20c", "Publish", "a/b c"),
            ("POST", "/topics//a//b/", "Publish", "/a//b/"),
            ("GET", "/retainedMessage/a/b", "GetRetainedMessage", "a/b"),
        ])
    func plainSlashes(method: String, path: String, name: String, topic: String) throws {
        let route = try #require(Router.route(.iotData, method: method, rawPath: path))
        #expect(route.operation.name == name)
        #expect(route.labels == ["topic": topic])
    }

    @Test("An empty topic is the list of retained messages, not a message")
    func emptyTopic() {
        #expect(
            Router.route(.iotData, method: "GET", rawPath: "/retainedMessage/")?.operation.name
                == "ListRetainedMessages")
    }

    @Test("$next is the same escaped and plain", arguments: ["$next", "%24next"])
    func next(segment: String) {
        let path = "/things/t/jobs/\(segment)"
        #expect(
            Router.route(.iotJobsData, method: "PUT", rawPath: path)?.operation.name
                == "StartNextPendingJobExecution")
        #expect(Router.route(.iotJobsData, method: "GET", rawPath: path)?.labels["jobId"] == "$next")
    }

    @Test("A greedy label keeps plain slashes")
    func greedy() {
        let path = "/destinations/arn%3Aaws%3Aiot%3Aus-east-1%3A1%3Aruledestination/http/u-1"
        #expect(
            Router.route(.iot, method: "GET", rawPath: path)?.labels
                == ["arn": "arn:aws:iot:us-east-1:1:ruledestination/http/u-1"])
    }

    @Test(
        "What no service has leads nowhere",
        arguments: [
            ("GET", "/"), ("GET", ""), ("GET", "things"), ("PUT", "/things"), ("GET", "/things//jobs"),
            ("GET", "/things/%zz"), ("GET", "/things/%FF"), ("BREW", "/things/t"), ("GET", "/things/t/unknown"),
        ])
    func unknown(method: String, path: String) {
        #expect(Router.candidates(method: method, rawPath: path).isEmpty)
    }

    @Test("Secure tunneling routes by target alone")
    func targets() {
        for operation in ShapeTable.of(.secureTunneling).operations {
            let route = Router.route(
                .secureTunneling, method: "POST", rawPath: "/", target: "IoTSecuredTunneling.\(operation.name)")
            #expect(route?.operation === operation)
        }
        for target in [nil, "", "OpenTunnel", "Other.OpenTunnel", "IoTSecuredTunneling.", "IoTSecuredTunneling.X"] {
            #expect(Router.route(.secureTunneling, method: "POST", rawPath: "/", target: target) == nil)
        }
        #expect(
            Router.route(.secureTunneling, method: "GET", rawPath: "/", target: "IoTSecuredTunneling.OpenTunnel") == nil
        )
    }

    @Test("The credential scope names the service in its exact case")
    func signingNames() {
        for service in Service.allCases { #expect(Service(signingName: service.signingName) == service) }
        #expect(Service(signingName: "iotdevicegateway") == .iotData)
        #expect(Service(signingName: "execute-api") == .iot)
        #expect(Service(signingName: "iotsecuredtunneling") == nil)
    }
}
