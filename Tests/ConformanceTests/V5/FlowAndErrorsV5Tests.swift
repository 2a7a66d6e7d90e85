import IoTPolicy
import MartletTesting
import Testing

@Suite("MQTT 5.0, sections 4.9 to 4.13 Flow control, authentication and errors")
struct FlowAndErrorsV5Tests {
    @Test("[MQTT-4.9.0-1] Initial send quota 1..Receive Maximum")
    func mqtt_4_9_0_1() throws {
        let world = try World()
        let publisher = world.v5()
        for maximum: UInt16 in [1, 2, 10] {
            for client in [
                world.v5("listener", on: 1, properties: [.receiveMaximum(maximum)]),
                world.kept("keeper \(maximum)", properties: [.receiveMaximum(maximum)]),
            ] {
                client.subscribe("a", 1)
                for number in 1...20 { publisher.send(.publish("a", "\(number)", qos: 1, id: 1)) }
                #expect(client.takeAll().count == maximum)
                client.send(.disconnect())
            }
        }
        let free = world.listener("a", 1, as: "free")
        for number in 1...20 { publisher.send(.publish("a", "\(number)", qos: 1, id: 1)) }
        #expect(free.takeAll().count == 20)
        world.expectRefusedConnect(0x82, .connect("none", properties: [.receiveMaximum(0)]))
    }

    @Test("[MQTT-4.9.0-2] Quota 0: no further QoS>0 PUBLISH")
    func mqtt_4_9_0_2() throws {
        let world = try World()
        for client in [
            world.v5("listener", on: 1, properties: [.receiveMaximum(2)]), world.kept(properties: [.receiveMaximum(2)]),
        ] {
            client.subscribe("a", 2)
            let publisher = world.v5()
            for id: UInt16 in 1...3 { publisher.send(.publish("a", "\(id)", qos: id == 2 ? 2 : 1, id: id)) }
            let one = client.expectPublish("a", "1", qos: 1)
            let two = client.expectPublish("a", "2", qos: 2)
            client.send(.pubRec(two))
            client.expect(.pubRel(two))
            world.advance(seconds: 60)
            client.expectNothing()
            client.send(.pubAck(one))
            client.expectPublish("a", "3", qos: 1)
        }
    }

    @Test("[MQTT-4.9.0-3] Quota 0: keep handling all other packets")
    func mqtt_4_9_0_3() throws {
        let world = try World()
        let client = world.v5("listener", on: 1, properties: [.receiveMaximum(1)])
        client.subscribe("a", 2)
        let publisher = world.v5()
        publisher.send(.publish("a", "1", qos: 2, id: 1), .publish("a", "2", qos: 2, id: 2))
        let id = client.expectPublish("a", "1", qos: 2)
        client.send(
            .subscribe(2, ("b", 0)), .publish("b", "own"), .pingReq, .publish("c", "", qos: 2, id: 7), .pubRel(7), .pubRec(id))
        client.expect(.subAck(2, 0), .publish("b", "own"), .pingResp, .pubRec(7), .pubComp(7), .pubRel(id))
        publisher.send(.publish("a", "0"))
        client.expect(.publish("a", "0"))
        client.send(.pubComp(id))
        client.expectPublish("a", "2", qos: 2)
    }

    @Test("[MQTT-4.12.0-1] Unsupported auth method: optional CONNACK 0x8C/0x87, close")
    func mqtt_4_12_0_1() throws {
        let world = try World()
        for method in ["SCRAM-SHA-1", "GS2-KRB5", ""] {
            world.expectRefusedConnect(0x8C, .connect("a", properties: [.authenticationMethod(method)]))
            world.expectRefusedConnect(
                0x8C, .connect("a", properties: [.authenticationMethod(method), .authenticationData([1])]))
        }
        world.expectAcceptedConnect(.connect("a"))
    }

    @Test("[MQTT-4.12.0-4] Rejecting auth: optional CONNACK >= 0x80, close")
    func mqtt_4_12_0_4() throws {
        let world = try World(authority: FixedAuthority(policies: []))
        world.expectRefusedConnect(0x87, .connect("a", userName: "u", password: "p"))
        world.expectRefusedConnect(0x8C, .connect("a", properties: [.authenticationMethod("x")]), .auth(0x18))
    }

    @Test("[MQTT-4.12.0-6] No method in CONNECT: send neither AUTH nor a method")
    func mqtt_4_12_0_6() throws {
        let world = try World()
        let client = world.client(.v5)
        client.send(.connect("a", userName: "u", password: "p"))
        #expect(!client.expectConnAck().contains { $0.id == 0x15 || $0.id == 0x16 })
        world.advance(seconds: 60)
        client.expectNothing()
        let refused = try World(authority: FixedAuthority(policies: [])).client(.v5)
        refused.send(.connect("a"))
        #expect(!refused.expectConnAck(0x87).contains { $0.id == 0x15 || $0.id == 0x16 })
    }

    @Test("[MQTT-4.12.1-2] Failed re-auth: close (DISCONNECT first if possible)")
    func mqtt_4_12_1_2() throws {
        let world = try World()
        // There was no authentication that could be repeated, so each attempt fails.
        for properties in [
            nil, [], [Property.authenticationMethod("x")], [.authenticationMethod("x"), .authenticationData([1])],
        ] {
            world.expectRefusal(0x82, of: .auth(0x19, properties: properties))
        }
    }

    @Test("[MQTT-4.13.1-1] Malformed/Protocol Error with a code: close")
    func mqtt_4_13_1_1() throws {
        let world = try World()
        let malformed: [Wire] = [
            .hex("00 00"), .publish("a", "", properties: [Property(0x7E, [])]), Wire.pubAck(1).appending([0, 5]),
            Wire.pingReq.appending([0]), .hex("82 01 00"), .publish("a", "", properties: [.sessionExpiry(1)]),
        ]
        for packet in malformed { world.expectRefusal(0x81, of: packet) }
        let errors: [Wire] = [
            .connAck(), .subAck(1, 0), .unsubAck(1, 0), .pingResp, .subscribe(0, ("a", 0)), .publish("a", "", qos: 1, id: 0),
            .publish("a", "", properties: [.contentType("a"), .contentType("b")]),
        ]
        for packet in errors { world.expectRefusal(0x82, of: packet) }
    }

    @Test("[MQTT-4.13.2-1] CONNACK/DISCONNECT >= 0x80: close in any case")
    func mqtt_4_13_2_1() throws {
        let world = try World()
        world.expectRefusedConnect(0x85, .connect("$a"), .pingReq)
        world.expectRefusal(0x82, of: .auth(), .pingReq)
        // In any case: also where the client does not read.
        let client = world.v5()
        client.setWritable(false)
        client.send(.auth())
        #expect(client.isClosed)
        world.expectAcceptedConnect(.connect("client"))
    }
}
