import Simulation
import Testing

@Suite("The simulation")
struct SimulationTests {
    @Test("A world without crashes keeps what it promises")
    func calm() {
        let report = Simulation.run(seed: 1)
        #expect(report.isGood)
    }
}
