import MQTTCodec
import MartletBase
import MartletStore
import NIOCore
import Testing

@testable import MartletBroker

@Suite("What the broker writes into the message store")
struct StoredBodiesTests {
    private let key = ClientKey(account: .zero, clientID: "pumpe/7 ü")
    private let time = WallInstant(millisecondsSinceEpoch: 1_767_225_600_123)

    private func network(will: Bool) -> NetworkSession {
        var properties = Properties()
        properties.willDelayIntervalSeconds = 9
        properties.contentType = "text/plain"
        let message = Will(
            topic: "a/b", payload: ByteBuffer(string: "gone"), qos: .atLeastOnce, retain: true, properties: properties)
        return NetworkSession(
            sessionIdentifier: SessionIdentifier(high: 1, low: 2),
            peer: PeerIdentity(
                principal: .certificate(CertificateID(sha256: [UInt8](repeating: 7, count: 32))), address: "::1",
                port: 4711, serverName: "host", isEncrypted: true),
            thingName: "pump7", will: will ? LastWill(message) : nil)
    }

    @Test(
        "Whoever it was is known again: a certificate, a user of the password file, nobody",
        arguments: [
            .anonymous, .certificate(CertificateID(sha256: [UInt8](repeating: 7, count: 32))),
            .user(AuthenticatedUser(name: "ann:4:b", passwordStamp: .max)),
        ] as [PeerIdentity.Principal])
    func principal(_ principal: PeerIdentity.Principal) throws {
        var bytes = ByteBuffer()
        let session = network(will: false)
        NetworkSession(
            sessionIdentifier: session.sessionIdentifier, peer: session.peer.identified(as: principal), thingName: nil,
            will: nil
        ).write(into: &bytes)
        #expect(try NetworkSession(&bytes).peer.principal == principal)
    }

    @Test("A client's record comes back as it was", arguments: [true, false])
    func client(isOpen: Bool) throws {
        var presence = Presence()
        presence.connect(at: time)
        presence.connect(at: time)
        if !isOpen { presence.disconnect(at: time.advanced(bySeconds: 5), .keepAliveTimeout) }
        let record = StoredClient(
            key: key, presence: presence,
            session: .init(queue: StoreNumber(12), expirySeconds: 3600, version: .v5),
            open: isOpen ? network(will: true) : nil,
            waitingWill: isOpen ? nil : WaitingWill(origin: network(will: true), dueAt: time))
        var bytes = ByteBuffer()
        record.write(into: &bytes)
        let back = try StoredClient(bytes)
        #expect(back.key == key)
        #expect(back.presence == presence)
        #expect(back.presence.versionNumber == 1)
        #expect(back.session?.queue == StoreNumber(12) && back.session?.version == .v5)
        let origin = try #require(back.open ?? back.waitingWill?.origin)
        #expect(origin.sessionIdentifier == SessionIdentifier(high: 1, low: 2))
        #expect(origin.peer.principalIdentifier == network(will: false).peer.principalIdentifier)
        #expect(origin.peer.serverName == "host" && origin.peer.isEncrypted && origin.peer.address == "::1")
        let will = try #require(origin.will)
        #expect(String(buffer: will.topic) == "a/b" && String(buffer: will.payload) == "gone")
        #expect(will.qos == 1 && will.retain && will.delaySeconds == 9)
        var published = Properties()
        published.contentType = "text/plain"
        #expect(will.properties == (try published.encoded()))
    }

    @Test("Every shortened or foreign body is refused")
    func damaged() throws {
        var bytes = ByteBuffer()
        let record = StoredClient(
            key: key, presence: Presence(), session: nil, open: network(will: true), waitingWill: nil)
        record.write(into: &bytes)
        for length in 0..<bytes.readableBytes {
            let cut = try #require(bytes.getSlice(at: 0, length: length))
            #expect(throws: StoredFormatError.self) { try StoredClient(cut) }
        }
        bytes.setInteger(99 as UInt8, at: 0)
        #expect(throws: StoredFormatError.self) { try StoredClient(bytes) }
    }

    @Test("A message is read where it lies, and a cut head is noticed")
    func message() throws {
        var bytes = ByteBuffer()
        "t/1".withBytes { topic in
            ([2, 0, 0, 0, 9] as [UInt8]).withUnsafeBytes { properties in
                "hello".withBytes { payload in
                    StoredMessage.write(
                        OutgoingMessage(
                            topic: topic, properties: properties, payload: payload, qos: 1, retain: false, topicHash: 0),
                        at: time, into: &bytes)
                }
            }
        }
        let message = try #require(StoredMessage(bytes))
        #expect(message.publishedAt == time)
        message.withParts { topic, properties, payload in
            #expect(String(decoding: topic, as: UTF8.self) == "t/1")
            #expect(Array(properties) == [2, 0, 0, 0, 9])
            #expect(String(decoding: payload, as: UTF8.self) == "hello")
        }
        for length in 0..<(bytes.readableBytes - 5) {
            #expect(StoredMessage(try #require(bytes.getSlice(at: 0, length: length))) == nil)
        }
    }

    @Test("Subscriptions and retained messages come back as they were")
    func others() throws {
        var bytes = ByteBuffer()
        StoredSubscription(
            queue: StoreNumber(3), filter: ByteBuffer(string: "a/+/#"),
            options: SubscriptionOptions(qos: 1, noLocal: true, retainAsPublished: true, version: .v5)
        ).write(into: &bytes)
        let subscription = try StoredSubscription(bytes)
        #expect(subscription.queue == StoreNumber(3))
        #expect(String(buffer: subscription.filter) == "a/+/#")
        #expect(subscription.options.qos == 1 && subscription.options.contains(.noLocal))

        let message = RetainedMessage(
            topic: ByteBuffer(string: "a"), payload: ByteBuffer(string: "p"), properties: ByteBuffer(bytes: [1, 2]), qos: 1,
            storedAt: time, expirySeconds: 60)
        bytes.clear()
        StoredRetained.write(message, of: .zero, into: &bytes)
        let (account, back) = try StoredRetained.read(bytes)
        #expect(account == .zero)
        #expect(back.topic == message.topic && back.payload == message.payload && back.properties == message.properties)
        #expect(back.expirySeconds == 60 && back.storedAt == time && back.qos == 1)
    }
}
