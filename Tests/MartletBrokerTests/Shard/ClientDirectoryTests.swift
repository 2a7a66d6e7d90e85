import MQTTCodec
import MartletBase
import MartletStore
import Testing

@testable import MartletBroker

@Suite("Who holds which client id")
struct ClientDirectoryTests {
    private let key = ClientKey(account: .zero, clientID: "pump7")
    private let account = AccountContext(
        realm: Realm(region: "r", account: .zero), subscriptions: SubscriptionIndex(loopCount: 1, seed: 1),
        retained: RetainedMessages(seed: 1, countLimit: 1, byteLimit: 1))

    private func ref(_ slot: UInt32) -> ConnectionRef { ConnectionRef(loop: 0, slot: slot, generation: 1) }

    private func claim(_ slot: UInt32) -> ConnectClaim {
        ConnectClaim(
            key: key, ref: ref(slot), account: account, cleanStart: true, expirySeconds: 0, version: .v5,
            network: NetworkSession(
                sessionIdentifier: SessionIdentifier(high: 0, low: 0),
                peer: PeerIdentity(
                    principal: .anonymous, address: "a", port: Int(slot), serverName: nil, isEncrypted: false),
                thingName: nil, will: nil))
    }

    private func claim(_ slot: UInt32, in directory: inout ClientDirectory) -> ClientDirectory.Step? {
        directory.claim(claim(slot)) { ClientEntry(key: key, account: account, number: StoreNumber(1)) }
    }

    private func names(_ steps: [ClientDirectory.Step]) -> [String] {
        steps.map { step in
            switch step {
            case .admit(_, let claim): "admit \(claim.ref.slot)"
            case .takeOver(let ref, let address): "\(ref.slot) leaves for \(address)"
            }
        }
    }

    @Test("The first claim is admitted at once, and its release leaves the id free")
    func admit() throws {
        var directory = ClientDirectory()
        #expect(names([claim(1, in: &directory)].compactMap(\.self)) == ["admit 1"])
        let entry = try #require(directory[key])
        #expect(entry.owner == ref(1))
        #expect(names(directory.release(entry)) == [])
        #expect(entry.owner == nil)
        directory.forget(entry)
        #expect(directory.count == 0)
    }

    @Test("A second claim makes the owner leave first, and a third waits for the second [MQTT-3.1.4-2]")
    func takeOver() throws {
        var directory = ClientDirectory()
        _ = claim(1, in: &directory)
        #expect(names([claim(2, in: &directory)].compactMap(\.self)) == ["1 leaves for a:2"])
        #expect(names([claim(3, in: &directory)].compactMap(\.self)) == [], "the owner is asked to leave once")
        let entry = try #require(directory[key])
        #expect(names(directory.release(entry)) == ["admit 2", "2 leaves for a:3"])
        #expect(names(directory.release(entry)) == ["admit 3"])
        #expect(names(directory.release(entry)) == [])
    }

    @Test("One that gives up while it waits is not admitted")
    func withdraw() throws {
        var directory = ClientDirectory()
        _ = claim(1, in: &directory)
        _ = claim(2, in: &directory)
        directory.withdraw(key, ref(2))
        directory.withdraw(key, ref(1))
        let entry = try #require(directory[key])
        #expect(entry.owner == ref(1), "an owner does not withdraw: its grant comes back as a release")
        #expect(names(directory.release(entry)) == [])
    }
}
