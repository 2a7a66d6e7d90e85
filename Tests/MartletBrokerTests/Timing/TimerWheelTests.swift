import MartletBroker
import Testing

@Suite("Timer wheel")
struct TimerWheelTests {
    /// The seconds at which timers fire when the clock goes from 100 in steps.
    private func fired(_ wheel: TimerWheel, to end: UInt32, step: UInt32 = 1) -> [[UInt32]] {
        var fired: [[UInt32]] = []
        while wheel.currentSecond < end {
            let second = min(end, wheel.currentSecond + step)
            wheel.advance(toSecond: second) { id in
                fired.append([id, second])
                return nil
            }
        }
        return fired
    }

    /// Deadline and the second at which it fires, the wheel being at 100.
    static let deadlines: [(UInt32, UInt32)] = [
        (101, 101), (102, 102), (355, 355), (356, 356), (357, 357), (612, 612), (613, 613), (5_000, 5_000),
        (100, 101), (99, 101), (0, 101),
    ]

    @Test("A timer fires at its deadline, once, however many rounds away", arguments: deadlines)
    func deadline(deadline: UInt32, firesAt: UInt32) {
        let wheel = TimerWheel(currentSecond: 100)
        wheel.arm(id: 3, deadlineSecond: deadline)
        #expect(wheel.armedCount == 1)
        #expect(fired(wheel, to: 6_000) == [[3, firesAt]])
        #expect(wheel.armedCount == 0)
        #expect(!wheel.isArmed(id: 3))
    }

    @Test("A jump forward fires all that is due and nothing else", arguments: [1, 7, 255, 256, 257, 1_000, 5_900] as [UInt32])
    func jump(step: UInt32) {
        let wheel = TimerWheel(currentSecond: 100)
        let deadlines = (0..<2_000 as Range<UInt32>).map { 101 + $0 * 3 % 5_800 }
        for (id, deadline) in deadlines.enumerated() { wheel.arm(id: UInt32(id), deadlineSecond: deadline) }
        let all = fired(wheel, to: 6_000, step: step)
        #expect(all.count == 2_000)
        for pair in all {
            let deadline = deadlines[Int(pair[0])]
            #expect(pair[1] >= deadline && pair[1] - deadline < step)
        }
    }

    @Test("A timer with activity goes on from its new deadline")
    func rearmed() {
        let wheel = TimerWheel(currentSecond: 100)
        var lastActivity: UInt32 = 100
        var asked: [UInt32] = []
        wheel.arm(id: 0, deadlineSecond: 130)
        for second in 101...400 as ClosedRange<UInt32> {
            if second == 120 || second == 140 { lastActivity = second }
            wheel.advance(toSecond: second) { _ in
                asked.append(second)
                return lastActivity + 30 > second ? lastActivity + 30 : nil
            }
        }
        #expect(asked == [130, 150, 170])
    }

    @Test("A callback that answers a passed deadline is asked again one second later, not at once")
    func passedDeadline() {
        let wheel = TimerWheel(currentSecond: 100)
        var asked: [UInt32] = []
        wheel.arm(id: 0, deadlineSecond: 110)
        for second in [600, 601, 602] as [UInt32] {
            wheel.advance(toSecond: second) { _ in
                asked.append(second)
                return asked.count < 3 ? 50 : nil
            }
        }
        #expect(asked == [600, 601, 602])
    }

    @Test("A disarmed timer does not fire, and arming again moves it")
    func disarmed() {
        let wheel = TimerWheel(currentSecond: 100)
        for id in 0..<4 as Range<UInt32> { wheel.arm(id: id, deadlineSecond: 110) }
        wheel.disarm(id: 1)
        wheel.disarm(id: 1)
        wheel.disarm(id: 77)
        wheel.arm(id: 2, deadlineSecond: 120)
        #expect(wheel.armedCount == 3)
        #expect(fired(wheel, to: 130) == [[0, 110], [3, 110], [2, 120]])
    }

    @Test("A callback may disarm others that are due in the same second, and arm new ones")
    func changesWhileExpiring() {
        let wheel = TimerWheel(currentSecond: 100)
        for id in 0..<4 as Range<UInt32> { wheel.arm(id: id, deadlineSecond: 110) }
        var seen: [UInt32] = []
        wheel.advance(toSecond: 400) { id in
            seen.append(id)
            if id == 0 {
                wheel.disarm(id: 1)
                wheel.disarm(id: 3)
                // This deadline's slot is still ahead of the jump.
                wheel.arm(id: 9, deadlineSecond: 200)
            }
            return nil
        }
        #expect(seen == [0, 2])
        #expect(fired(wheel, to: 410) == [[9, 401]])
    }

    @Test("Time that stands still or goes back does nothing")
    func noTime() {
        let wheel = TimerWheel(currentSecond: 100)
        wheel.arm(id: 0, deadlineSecond: 101)
        for second in [100, 99, 0] as [UInt32] {
            wheel.advance(toSecond: second) { _ in Issue.record("fired"); return nil }
        }
        #expect(wheel.currentSecond == 100)
    }

    @Test("Random arms, disarms and jumps fire exactly what a plain list fires", arguments: [1, 2, 3] as [UInt64])
    func random(seed: UInt64) {
        var choices = SeededChoices(seed: seed)
        let wheel = TimerWheel(currentSecond: 1_000)
        var model: [UInt32: UInt32] = [:]
        var now: UInt32 = 1_000
        for _ in 0..<1_000 {
            for _ in 0..<3 {
                let id = UInt32(choices.number(below: 200))
                if choices.number(below: 4) == 0 {
                    wheel.disarm(id: id)
                    model[id] = nil
                } else {
                    let deadline = now + 1 + UInt32(choices.number(below: 700))
                    wheel.arm(id: id, deadlineSecond: deadline)
                    model[id] = deadline
                }
            }
            now += UInt32(choices.number(below: 10) == 0 ? choices.number(below: 600) : choices.number(below: 3))
            var due: Set<UInt32> = []
            wheel.advance(toSecond: now) { id in
                #expect(due.insert(id).inserted)
                return nil
            }
            #expect(due == Set(model.filter { $0.value <= now }.keys))
            model = model.filter { $0.value > now }
            #expect(wheel.armedCount == model.count)
        }
    }
}
