import MartletObserve
import Testing

@Suite struct CounterSetTests {
    private func requests() -> CounterSet {
        CounterSet(MetricName.httpRequests, help: "Requests.", labels: ["service", "status"])
    }

    @Test("counts are kept by label values and come out in their order")
    func countsByLabels() {
        let counters = requests()
        counters.increment("iot", "200")
        counters.increment("iot", "404", by: 2)
        counters.increment("iot", "200")
        counters.increment("data", "200")
        let family = counters.family()
        #expect(family.kind == .counter)
        #expect(
            family.samples == [
                MetricSample([.init("service", "data"), .init("status", "200")], 1),
                MetricSample([.init("service", "iot"), .init("status", "200")], 2),
                MetricSample([.init("service", "iot"), .init("status", "404")], 2),
            ])
    }

    @Test("beyond the limit of series, new label values are counted together as other")
    func seriesAreBounded() {
        let counters = requests()
        for number in 0..<CounterSet.seriesMax + 50 { counters.increment("s\(number)", "200") }
        counters.increment("s0", "200")
        let samples = counters.family().samples
        #expect(samples.count == CounterSet.seriesMax + 1)
        #expect(samples.contains(MetricSample([.init("service", "other"), .init("status", "other")], 50)))
        #expect(samples.contains(MetricSample([.init("service", "s0"), .init("status", "200")], 2)))
    }

    @Test("nothing is lost when several tasks count at once")
    func concurrentCounts() async {
        let counters = requests()
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<1_000 { counters.increment("iot", "200") } }
            }
        }
        #expect(counters.family().samples.map(\.value) == [.integer(4_000)])
    }
}
