import MartletObserve
import Testing

@Suite struct HealthTests {
    @Test("readiness lists every check and says why one fails")
    func readinessSaysWhy() {
        let health = Health()
        health.set("store", failure: nil)
        health.set("listeners", failure: "starting")
        let report = health.report(.readiness)
        #expect(report.httpStatus == 503)
        #expect(report.body == "not ok\nok: store\nnot ok: listeners: starting\n")
        health.set("listeners", failure: nil)
        #expect(health.report(.readiness).httpStatus == 200)
        #expect(health.report(.readiness).body == "ok\nok: store\nok: listeners\n")
    }

    @Test("a server that is not ready is still alive")
    func readinessDoesNotKill() {
        let health = Health()
        health.set("drain", failure: "stopping")
        #expect(health.report(.liveness).passes)
        #expect(health.report(.liveness).body == "ok\n")
    }

    @Test("a server that is not alive is not ready either")
    func livenessIsPartOfReadiness() {
        let health = Health()
        health.set("event loops", .liveness, failure: "loop 1 stands still")
        #expect(!health.report(.liveness).passes)
        #expect(!health.report(.readiness).passes)
    }
}
