import Glibc
import MartletBase
import MartletObserve
import MartletTesting
import Testing

@Suite struct ClockAndChanceTests {
    @Test("the system clock tells the machine's time")
    func systemClock() {
        let before = time(nil)
        let now = SystemClock().now().millisecondsSinceEpoch / 1_000
        #expect(now >= Int64(before) && now <= Int64(time(nil)))
    }

    @Test("monotonic time never goes back")
    func monotonicClock() {
        let clock = MonotonicClock()
        let instants = (0..<1_000).map { _ in clock.nowNanoseconds() }
        #expect(instants == instants.sorted())
        #expect(instants[0] > 0)
    }

    @Test("the virtual clock moves only when it is moved")
    func virtualClock() {
        let clock = VirtualClock()
        #expect(clock.now().iso8601 == "2026-01-01T00:00:00.000Z")
        clock.advance(seconds: 61)
        clock.advance(milliseconds: 5)
        #expect(clock.now().iso8601 == "2026-01-01T00:01:01.005Z")
        clock.set(WallInstant(millisecondsSinceEpoch: 0))
        #expect(clock.now().iso8601 == "1970-01-01T00:00:00.000Z")
    }

    @Test("the seeded source is SplitMix64, so one seed repeats one sequence")
    func seededSource() {
        let source = SeededRandomSource(seed: 0)
        #expect(source.nextUInt64() == 0xE220_A839_7B1D_CDAF)
        #expect(source.nextUInt64() == 0x6E78_9E6A_A1B9_65F4)
        var generator = source.generator()
        #expect(generator.next() == 0x06C4_5D18_8009_454F)
    }

    @Test("a temporary directory and what is in it are gone afterwards, also after a throw, and links are not followed")
    func temporaryDirectory() throws {
        struct Boom: Error {}
        try withTemporaryDirectory { outside in
            #expect(creat(outside + "/kept", 0o600) >= 0)
            var path = ""
            #expect(throws: Boom.self) {
                try withTemporaryDirectory { directory in
                    path = directory
                    #expect(mkdir(directory + "/inner", 0o755) == 0)
                    #expect(creat(directory + "/inner/file", 0o600) >= 0)
                    #expect(symlink(outside, directory + "/link") == 0)
                    throw Boom()
                }
            }
            #expect(access(path, F_OK) != 0)
            #expect(access(outside + "/kept", F_OK) == 0)
        }
    }
}
