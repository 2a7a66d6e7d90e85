import MartletBase
import Testing

@testable import MartletBroker

@Suite("Who holds which client id")
struct ClientDirectoryTests {
    private let key = ClientKey(account: .zero, clientID: "pump7")
    private func ref(_ slot: UInt32) -> ConnectionRef { ConnectionRef(loop: 0, slot: slot, generation: 1) }

    @Test("The first claim is granted, and released for good")
    func grant() {
        var directory = ClientDirectory()
        guard case .granted(let granted)? = directory.claim(key, by: ref(1), address: "a") else {
            Issue.record("not granted")
            return
        }
        #expect(granted == ref(1))
        let released1 = directory.release(key, by: ref(1))
        #expect(released1.isEmpty)
        #expect(directory.count == 0)
    }

    @Test("A second claim makes the owner leave first, and a third waits for the second [MQTT-3.1.4-2]")
    func takeOver() {
        var directory = ClientDirectory()
        _ = directory.claim(key, by: ref(1), address: "a")
        guard case .takeOver(let leaving, _)? = directory.claim(key, by: ref(2), address: "b") else {
            Issue.record("no take-over")
            return
        }
        #expect(leaving == ref(1))
        let third = directory.claim(key, by: ref(3), address: "c")
        if third != nil { Issue.record("the third asked the owner to leave again") }
        let messages = directory.release(key, by: ref(1))
        #expect(messages.count == 2)
        guard case .granted(let second)? = messages.first, case .takeOver(let next, let address)? = messages.last else {
            Issue.record("the second was not granted and taken over")
            return
        }
        #expect(second == ref(2))
        #expect(next == ref(2))
        #expect(address == "c")
    }

    @Test("One that gives up while it waits is not granted")
    func waitingReleased() {
        var directory = ClientDirectory()
        _ = directory.claim(key, by: ref(1), address: "a")
        _ = directory.claim(key, by: ref(2), address: "b")
        let released2 = directory.release(key, by: ref(2))
        #expect(released2.isEmpty)
        let released1 = directory.release(key, by: ref(1))
        #expect(released1.isEmpty)
        #expect(directory.count == 0)
    }

    @Test("A release by somebody else changes nothing")
    func foreignRelease() {
        var directory = ClientDirectory()
        _ = directory.claim(key, by: ref(1), address: "a")
        let released9 = directory.release(key, by: ref(9))
        #expect(released9.isEmpty)
        #expect(directory.count == 1)
    }
}
