/// Keep-alive timers of one event loop: a wheel of 256 one-second slots.
///
/// Each timer is a number with 12 bytes in flat arrays: its neighbours in the doubly linked list of its slot, and its
/// deadline. Arming and disarming relink two neighbours and allocate nothing. Activity does not touch the wheel: a
/// packet stores its second elsewhere, and `expire` looks at it when the timer fires and answers with the new deadline.
///
/// Seconds count from any fixed start on a clock that never goes back. A deadline further away than the wheel is long
/// is passed by once per round until it is due. Not thread-safe; it belongs to its loop.
public final class TimerWheel {
    private static let slotCount: UInt32 = 256
    private static let firstTimer = slotCount + 1
    /// The list that `advance` is working off.
    private static let dueList = slotCount
    private static let unlinked = UInt32.max

    /// The last second that `advance` has worked off.
    public private(set) var currentSecond: UInt32
    /// Timers that are armed now.
    public private(set) var armedCount = 0

    /// Link arrays: 256 list heads, the due list's head, then the timers.
    private var next: [UInt32]
    private var previous: [UInt32]
    private var deadlines: [UInt32] = []

    public init(currentSecond: UInt32) {
        self.currentSecond = currentSecond
        next = Array(0..<Self.firstTimer)
        previous = Array(0..<Self.firstTimer)
    }

    /// Sets the timer's deadline, whether or not it was armed. A deadline that has passed fires with the next second.
    /// Ids are small numbers, such as connection slots: memory follows the greatest.
    public func arm(id: UInt32, deadlineSecond: UInt32) {
        makeRoom(for: id)
        disarm(id: id)
        // Not before the next second, also when `advance` is on its way there past this deadline's slot.
        let deadline = max(deadlineSecond, currentSecond &+ 1)
        deadlines[Int(id)] = deadline
        link(id + Self.firstTimer, into: deadline % Self.slotCount)
        armedCount += 1
    }

    /// Forgets the timer. Nothing happens if it is not armed.
    public func disarm(id: UInt32) {
        guard isArmed(id: id) else { return }
        unlink(id + Self.firstTimer)
        armedCount -= 1
    }

    public func isArmed(id: UInt32) -> Bool {
        Int(id) < deadlines.count && next[Int(id + Self.firstTimer)] != Self.unlinked
    }

    /// Moves to this second and calls `expire` once for each timer whose deadline is not later. A second that is not
    /// after the current one does nothing. However far the jump, each slot is looked at once.
    ///
    /// `expire` answers the new deadline, or nil when the timer is done. It may arm and disarm any timer; what it arms
    /// fires with a later second.
    public func advance(toSecond second: UInt32, expire: (_ id: UInt32) -> UInt32?) {
        guard second > currentSecond else { return }
        let passed = min(second - currentSecond, Self.slotCount)
        let firstSlot = (currentSecond % Self.slotCount + 1) % Self.slotCount
        currentSecond = second
        for offset in 0..<passed { work((firstSlot + offset) % Self.slotCount, expire) }
    }

    /// The list is taken out whole first, so that timers that go back into the same slot are not met again, and is
    /// worked off from its head, so that `expire` may disarm any timer of it.
    private func work(_ slot: UInt32, _ expire: (UInt32) -> UInt32?) {
        moveList(slot, to: Self.dueList)
        while next[Int(Self.dueList)] != Self.dueList {
            let timer = next[Int(Self.dueList)]
            let id = timer - Self.firstTimer
            unlink(timer)
            if deadlines[Int(id)] > currentSecond {
                link(timer, into: slot)
                continue
            }
            armedCount -= 1
            if let deadline = expire(id) { arm(id: id, deadlineSecond: deadline) }
        }
    }

    private func makeRoom(for id: UInt32) {
        while deadlines.count <= Int(id) {
            deadlines.append(0)
            next.append(Self.unlinked)
            previous.append(Self.unlinked)
        }
    }

    private func link(_ timer: UInt32, into head: UInt32) {
        let last = previous[Int(head)]
        next[Int(last)] = timer
        previous[Int(timer)] = last
        next[Int(timer)] = head
        previous[Int(head)] = timer
    }

    private func unlink(_ timer: UInt32) {
        next[Int(previous[Int(timer)])] = next[Int(timer)]
        previous[Int(next[Int(timer)])] = previous[Int(timer)]
        next[Int(timer)] = Self.unlinked
    }

    private func moveList(_ head: UInt32, to other: UInt32) {
        let first = next[Int(head)]
        let last = previous[Int(head)]
        guard first != head else { return }
        next[Int(other)] = first
        previous[Int(first)] = other
        previous[Int(other)] = last
        next[Int(last)] = other
        next[Int(head)] = head
        previous[Int(head)] = head
    }
}
