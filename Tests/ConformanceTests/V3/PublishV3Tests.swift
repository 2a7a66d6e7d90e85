import IoTPolicy
import MartletTesting
import Testing

@Suite("MQTT 3.1.1, section 3.3 PUBLISH")
struct PublishV3Tests {
    // MARK: DUP

    @Test("[MQTT-3.3.1-1] DUP is set on every re-delivery")
    func mqtt_3_3_1_1() throws {
        let world = try World()
        var client = world.subscriber("a", 2, as: "c", clean: false)
        world.connect("p").send(.publish("a", "x", qos: 1, id: 1), .publish("a", "y", qos: 2, id: 2), .pubRel(2))
        let x = client.expectPublish("a", "x", qos: 1)
        let y = client.expectPublish("a", "y", qos: 2)
        for loop in [1, 0] {
            client.cut()
            client = world.connect("c", on: loop, clean: false, sessionPresent: true)
            client.expect(.publish("a", "x", qos: 1, id: x, dup: true), .publish("a", "y", qos: 2, id: y, dup: true))
            client.expectNothing()
        }
    }

    @Test("[MQTT-3.3.1-2] DUP is 0 at QoS 0")
    func mqtt_3_3_1_2() throws {
        let world = try World()
        let subscriber = world.subscriber("a", 0)
        let publisher = world.connect("p")
        publisher.send(.publish("a", "x"), .publish("a", "y", qos: 1, id: 1, dup: true))
        subscriber.expect(.publish("a", "x"), .publish("a", "y"))
    }

    @Test("[MQTT-3.3.1-3] DUP of a delivery says whether it is a re-delivery, and is not copied from the publisher")
    func mqtt_3_3_1_3() throws {
        let world = try World()
        let subscriber = world.subscriber("a", 2)
        let publisher = world.connect("p")
        publisher.send(.publish("a", "x", qos: 1, id: 1, dup: true), .publish("a", "y", qos: 2, id: 2, dup: true))
        subscriber.expectPublish("a", "x", qos: 1, dup: false)
        subscriber.expectPublish("a", "y", qos: 2, dup: false)
    }

    @Test("[MQTT-3.3.1-4] Both QoS bits set closes the connection")
    func mqtt_3_3_1_4() throws {
        let world = try World()
        let subscriber = world.subscriber("a")
        for flags in [0x06, 0x07, 0x0E, 0x0F] as [UInt8] {
            let client = world.connect("c")
            client.send(.publish("a", "x", qos: 1, id: 1).flags(flags))
            client.expectClosed()
        }
        subscriber.expectNothing()
    }

    // MARK: Names and answers

    @Test("[MQTT-3.3.2-1] The topic name is the first field and has to be UTF-8")
    func mqtt_3_3_2_1() throws {
        let world = try World()
        for text in BadText.illFormed {
            let client = world.connect("c")
            client.send(BadText.publish(topic: text))
            client.expectClosed()
        }
        for packet in [Wire.hex("30 00"), .hex("30 01 00"), .hex("30 03 00 02 61")] {
            let client = world.connect("c")
            client.send(packet)
            client.expectClosed()
        }
    }

    @Test("[MQTT-3.3.2-2] A topic name with a wildcard is refused", arguments: ["a/#", "a/+", "#", "+", "a+", "a#b"])
    func mqtt_3_3_2_2(topic: String) throws {
        let world = try World()
        let subscriber = world.subscriber("#")
        let client = world.connect("c")
        client.send(.publish(topic, "x"))
        client.expectClosed()
        subscriber.expectNothing()
    }

    @Test("[MQTT-3.3.2-3] The topic of a delivery is the publisher's and matches the filter")
    func mqtt_3_3_2_3() throws {
        let world = try World()
        let subscriber = world.subscriber("a/+/c/#")
        world.connect("p").send(
            .publish("a/b/c/d", "1"), .publish("a/b/x/d", "2"), .publish("a/b/c", "3"), .publish("a/b/b/c", "4"))
        subscriber.expect(.publish("a/b/c/d", "1"), .publish("a/b/c", "3"))
        subscriber.expectNothing()
    }

    @Test("[MQTT-3.3.4-1] PUBLISH is answered by nothing, PUBACK or PUBREC, as its QoS says")
    func mqtt_3_3_4_1() throws {
        let client = try World().connect("c")
        client.send(.publish("a", "x"))
        client.expectNothing()
        client.send(.publish("a", "x", qos: 1, id: 7))
        client.expect(.hex("40 02 00 07"))
        client.send(.publish("a", "x", qos: 2, id: 7))
        client.expect(.hex("50 02 00 07"))
        client.expectNothing()
    }

    @Test("[MQTT-3.3.5-1] Overlapping filters: one copy, at the highest QoS that was granted")
    func mqtt_3_3_5_1() throws {
        let world = try World()
        let subscriber = world.subscriber("a/+", 0)
        subscriber.subscribe("a/b", 2)
        subscriber.subscribe("a/#", 1)
        let publisher = world.connect("p")
        publisher.send(.publish("a/b", "x", qos: 2, id: 1), .publish("a/c", "y", qos: 2, id: 2))
        subscriber.expectPublish("a/b", "x", qos: 2)
        subscriber.expectPublish("a/c", "y", qos: 1)
        subscriber.expectNothing()
    }

    @Test("[MQTT-3.3.5-2] A publish that is not authorised closes the connection", arguments: [0 as UInt8, 1, 2])
    func mqtt_3_3_5_2(qos: UInt8) throws {
        let world = try World(authority: FixedAuthority(policies: [try listenersOnly()]))
        let subscriber = world.subscriber("a", 2)
        let client = world.connect("c")
        client.send(.publish("a", "x", qos: qos, id: qos == 0 ? nil : 1))
        client.expectClosed()
        subscriber.expectNothing()
    }

    /// Everything but publishing.
    private func listenersOnly() throws -> CompiledPolicy {
        let document = try PolicyDocument(
            parsing: """
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                 "Action": ["iot:Connect", "iot:Subscribe", "iot:Receive"], "Resource": "*"}]}
                """)
        return CompiledPolicy(name: "listenersOnly", versionID: "1", document: document)
    }
}
