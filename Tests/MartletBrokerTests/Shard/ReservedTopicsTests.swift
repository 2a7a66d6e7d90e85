import Testing

@testable import MartletBroker

@Suite("Reserved topics")
struct ReservedTopicsTests {
    enum Answer { case allowed, notBuilt, notPermitted }

    private func answer(_ refusal: ReservedTopicRefusal?) -> Answer {
        switch refusal?.kind {
        case nil: .allowed
        case .notBuilt: .notBuilt
        case .notPermitted: .notPermitted
        }
    }

    @Test(
        "Each row says who may publish and who may subscribe",
        arguments: [
            ("$aws/things/t/shadow/update", .allowed, .allowed),
            ("$aws/things/t/shadow/name/s/get", .allowed, .allowed),
            ("$aws/things/t/shadow/update/accepted", .notPermitted, .allowed),
            ("$aws/things/t/shadow/update/delta", .notPermitted, .allowed),
            ("$aws/things/t/jobs/get", .notBuilt, .notBuilt),
            ("$aws/things/t/jobs/notify-next", .notPermitted, .notBuilt),
            ("$aws/things/t/jobs/j/update", .notBuilt, .notBuilt),
            ("$aws/things/t/streams/s/get/cbor", .notBuilt, .notBuilt),
            ("$aws/things/t/defender/metrics/json", .notBuilt, .notBuilt),
            ("$aws/things/t/tunnels/notify", .notPermitted, .notBuilt),
            ("$aws/certificates/create/json", .notBuilt, .notBuilt),
            ("$aws/certificates/create/json/accepted", .notPermitted, .notBuilt),
            ("$aws/provisioning-templates/t/provision/cbor", .notBuilt, .notBuilt),
            ("$aws/commands/things/t/executions/e/response/json", .notBuilt, .notBuilt),
            ("$aws/rules/r/a/b", .notBuilt, .notPermitted),
            ("$aws/events/presence/connected/c", .notPermitted, .allowed),
            ("$aws/events/thing/t/created", .notPermitted, .notBuilt),
            ("$aws/sitewise/x", .notPermitted, .notBuilt), ("$aws/nothing", .notPermitted, .notPermitted),
            ("$SYS/broker/uptime", .notPermitted, .allowed), ("$other/x", .allowed, .allowed),
        ] as [(String, Answer, Answer)])
    func rows(topic: String, publish: Answer, subscribe: Answer) {
        topic.withBytes { bytes in
            #expect(answer(ReservedTopics.refusePublish(bytes)) == publish)
            #expect(answer(ReservedTopics.refuseSubscribe(bytes)) == subscribe)
        }
    }

    @Test(
        "A wildcard fits the rows below it; one that is built is enough",
        arguments: [
            ("$aws/events/#", .allowed), ("$aws/things/+/shadow/#", .allowed), ("$aws/things/+/jobs/#", .notBuilt),
            ("$aws/rules/#", .notPermitted),
        ] as [(String, Answer)])
    func wildcards(filter: String, expected: Answer) {
        filter.withBytes { #expect(answer(ReservedTopics.refuseSubscribe($0)) == expected) }
    }

    @Test("Requests to services are told from what may only be subscribed to")
    func services() {
        for (topic, isRequest) in [
            ("$aws/things/t/shadow/update", true), ("$aws/things/t/shadow/name/s/delete", true),
            ("$aws/things/t/shadow/update/accepted", false), ("$other/x", false),
        ] {
            topic.withBytes { #expect(ReservedTopics.isServiceRequest($0) == isRequest) }
        }
    }
}
