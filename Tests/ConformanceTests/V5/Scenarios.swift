import MartletTesting
import Testing

@testable import MartletBroker

/// Publishes at `qos` in as many ways as have different answers; each answer is of this type, with one of these codes.
func expectAnswers(
    qos: UInt8, _ type: PacketType, allowed: Set<UInt8>, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    var limits = BrokerLimits()
    limits.topicBytes = 10
    limits.retainedMessages = 0
    let connectOnly = FixedAuthority(policies: [try .allowing("iot:Connect")])
    var codes: Set<UInt8> = []
    for world in [try World(), try World(limits: limits), try World(authority: connectOnly)] {
        let client = world.v5()
        client.send(.publish("other", "", qos: 2, id: 1))
        _ = client.takeAll()
        for (index, topic) in ["a", "a/+", "$aws/unknown", "$aws/rules/r", "0123456789A"].enumerated() {
            client.send(.publish(topic, "x", qos: qos, id: UInt16(index + 2), retain: index == 0))
        }
        client.send(.publish("a", "x", qos: qos, id: 1))
        let answers = client.takeAll()
        #expect(answers.count == 6, sourceLocation: sourceLocation)
        for answer in answers {
            #expect(answer.type == type, "\(answer)", sourceLocation: sourceLocation)
            #expect(allowed.contains(answer.code), "\(answer)", sourceLocation: sourceLocation)
            codes.insert(answer.code)
        }
    }
    #expect(codes.isSuperset(of: [0x00, 0x87, 0x90]), sourceLocation: sourceLocation)
}

/// The packet's answer says why, and to a client that has no room for that it is exactly these bytes.
func expectReasonStringLeftOut(
    _ packet: Wire, _ narrowAnswer: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let world = try World()
    let wide = world.v5("wide")
    wide.send(packet)
    #expect(try wide.next().property(Property.reasonStringID) != nil, sourceLocation: sourceLocation)
    let narrow = world.v5("narrow", properties: [.maximumPacketSize(20)])
    narrow.send(packet)
    narrow.expect(.hex(narrowAnswer), sourceLocation: sourceLocation)
    narrow.expectStanding(sourceLocation: sourceLocation)
}

/// The packet's answer has no Reason String, where there is room for one and where there is none.
func expectNoReasonString(
    _ packet: Wire, _ type: PacketType, sourceLocation: SourceLocation = #_sourceLocation
) throws { try expectAbsent(Property.reasonStringID, packet, type, sourceLocation) }

/// The packet's answer has no User Property, where there is room for one and where there is none.
func expectNoUserProperties(
    _ packet: Wire, _ type: PacketType, sourceLocation: SourceLocation = #_sourceLocation
) throws { try expectAbsent(Property.userID, packet, type, sourceLocation) }

private func expectAbsent(_ id: UInt8, _ packet: Wire, _ type: PacketType, _ sourceLocation: SourceLocation) throws {
    let world = try World()
    for properties in [[], [Property.maximumPacketSize(20)]] {
        let client = world.v5(properties: properties)
        client.send(packet)
        let answer = try client.next(type, sourceLocation: sourceLocation)
        #expect(answer.property(id) == nil, "\(answer)", sourceLocation: sourceLocation)
        #expect(properties.isEmpty || answer.bytes.count <= 20, "\(answer)", sourceLocation: sourceLocation)
        client.expectStanding(sourceLocation: sourceLocation)
    }
}

/// The server's DISCONNECT packets of as many causes as a client can bring about. Each is the last that its client hears,
/// and each connection is closed.
func disconnects(
    expiry: UInt32 = 0, maximumPacketSize: UInt32 = 1000, sourceLocation: SourceLocation = #_sourceLocation
) throws -> [Frame] {
    let properties = [Property.sessionExpiry(expiry), .maximumPacketSize(maximumPacketSize)]
    let causes: [Wire] = [
        .connect("client"), .auth(0x18), .pubRel(0), Wire.pingReq.flags(1), .publish("a", "", properties: [.topicAlias(999)]),
        .publish("", ""), .publish("#", ""), .publish("$aws/unknown", ""), .subscribe(1), .subAck(1, 0), .pingResp,
        Wire.publish("a", "").remainingLength(hex("FF FF FF FF 7F")), .disconnect(0x7F),
    ]
    var frames: [Frame] = []
    func take(_ client: Client) throws {
        #expect(client.isClosed, sourceLocation: sourceLocation)
        frames.append(try client.next(.disconnect, sourceLocation: sourceLocation))
        #expect(client.frames == [], sourceLocation: sourceLocation)
    }
    let world = try World()
    for cause in causes {
        let client = world.v5("client", properties: properties)
        client.send(cause, .pingReq)
        try take(client)
        world.expectAcceptedConnect(.connect("client"))
    }
    let takenOver = world.v5("client", properties: properties)
    let silent = world.client(.v5)
    silent.send(.connect("silent", keepAlive: 5, properties: properties))
    silent.expectConnAck()
    world.expectAcceptedConnect(.connect("client"))
    try take(takenOver)
    world.advance(seconds: 10)
    try take(silent)
    return frames
}

/// Publishes where the message has to be stored and where not, in turns: the answers come in the order of the messages,
/// and none before the first is stored.
/// - Returns: the types of the answers.
func expectAnswersInOrder(
    _ world: World, qos: UInt8, sourceLocation: SourceLocation = #_sourceLocation
) throws -> [PacketType?] {
    let keeper = world.client(.v5)
    keeper.send(.connect("keeper", properties: [.sessionExpiry(600)]))
    world.sync()
    keeper.expectConnAck(sourceLocation: sourceLocation)
    keeper.send(.subscribe(1, ("kept", 2)))
    world.sync()
    keeper.expect(.subAck(1, 2), sourceLocation: sourceLocation)
    let publisher = world.v5()
    for (index, topic) in ["kept", "free", "kept", "free"].enumerated() {
        publisher.send(.publish(topic, "x", qos: qos, id: UInt16(index + 1)))
    }
    publisher.expectNothing(sourceLocation: sourceLocation)
    world.sync()
    let answers = publisher.takeAll()
    #expect(answers.map(\.packetID) == [1, 2, 3, 4], sourceLocation: sourceLocation)
    return answers.map(\.type)
}
